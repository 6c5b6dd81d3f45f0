"""What only the application can read: ID tokens, logout tokens and userinfo, signed first, then encrypted (RFC 7516).

    signed ─▶ a key of the client that fits the algorithm (client_keys) ─▶ JWE, `cty: JWT`
                 └─ none, or its jwks_uri does not answer ─▶ NoKey: the answer is refused, never sent in the clear

The key may have to be fetched, so `prepare` is called before anything is locked; `encrypted` then finds it at hand.
"""

from __future__ import annotations

from typing import Final

from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import RSAKey

from idp.oidc.clients import client_keys
from idp.oidc.clients.metadata import Encryption, Registration
from idp.oidc.clients.public_keys import PublicKey

_CURVES: Final = frozenset({"P-256", "P-384", "P-521", "X25519", "X448"})


class NoKey(OAuth2Error):
    """The client is registered for encrypted answers and has no key to encrypt for."""

    error = "invalid_client_metadata"
    description = "The client has no public key that fits its registered encryption algorithm"


def prepare(registration: Registration) -> None:
    """Have the keys at hand of a client that wants encrypted ID tokens."""
    if registration.id_token_encryption is not None:
        client_keys.of(registration)


def encrypted(text: str, registration: Registration, wanted: Encryption | None, cty: str = "JWT", **said: str) -> str:
    """A signed token, or another text, inside a JWE where the client wants that. Raises `NoKey`.

    `cty`: what the text is; a JWT in a JWT must say so (RFC 7519 section 5.2). `said`: what else the header says.
    """
    if wanted is None:
        return text
    key = next((key for key in client_keys.of(registration) if fits(key, wanted.alg)), None)
    if key is None:
        raise NoKey
    header = {"alg": wanted.alg, "enc": wanted.enc, "cty": cty, "kid": key.kid, **said}
    # Not strict: a claim such as `iss` may be said in the header too (RFC 7519 section 5.3).
    registry = JWERegistry(algorithms=[wanted.alg, wanted.enc], strict_check_header=False)
    return jwe.encrypt_compact(header, text, key, registry=registry)


def fits(key: PublicKey, algorithm: str) -> bool:
    """Whether a key can be encrypted for by that algorithm (RFC 7518 section 4.1) and is for no other use."""
    said = key.as_dict(private=False)
    if said.get("use", "enc") != "enc" or said.get("alg", algorithm) != algorithm:
        return False
    if isinstance(key, RSAKey):
        return algorithm == "RSA-OAEP-256"
    return algorithm.startswith("ECDH-ES") and said["crv"] in _CURVES
