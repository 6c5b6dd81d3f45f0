"""Proofs that a program has a key (RFC 9449): read and judged. What is bound to the key is in `binding.py`.

    DPoP: <JWT> ─▶ one, in size ─▶ dpop+jwt, signed by the public key that it brings, by an algorithm of ours
                ─▶ for this method and address, made just now, never seen before (section 4.3)
                ─▶ at a resource: for this access token (`ath`)
                ─▶ a nonce, if it has one or must have one, of ours and not old (sections 8 and 9)  ─▶ the thumbprint

A nonce is an HMAC of the slot of time in which it was given away: nothing is stored, every worker knows it, and it is good
for one slot after its own. One is offered with every answer to a proof; a client that is registered with
`dpop_require_nonce` must use it, for the others it is an offer.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error

from idp import shortlived
from idp.crypto import opaque
from idp.oidc.clients import public_keys
from idp.oidc.clients.public_keys import PublicKey
from idp.oidc.signing_keys import jwts
from idp.platform import clock
from idp.platform.extensions import db
from idp.platform.foreign_json import Unusable
from idp.platform.secrets import sealer

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "RS256")
LIFETIME: Final = timedelta(minutes=1)
SKEW: Final = timedelta(seconds=30)
SLOT: Final = timedelta(minutes=3)
_TYPE: Final = "dpop+jwt"
_LONGEST_JTI: Final = 256
_KIND: Final = "dpop_proof"
_PURPOSE: Final = "dpop nonce"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Use:
    """What a proof must be for, and by which algorithms it may be signed.

    `token`: the access token that it comes with; at the token endpoint there is none.
    """

    method: str
    uri: str
    token: str | None
    needs_nonce: bool
    algorithms: Sequence[str]


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose signature is right."""

    jkt: str
    claims: Mapping[str, Any]


def thumbprint(text: str, use: Use) -> str:
    """The thumbprint (RFC 7638) of the key that the header proves. Raises what section 5 or 8 says; spends the `jti`."""
    proof = _read(text, use.algorithms)
    for rule in _RULES:
        rule(proof, use)
    return proof.jkt


def nonce() -> str:
    """The nonce of this moment."""
    return sealer().sign(_PURPOSE, _slot(0))


def invalid(because: str) -> OAuth2Error:
    """Section 5: the error of a token request whose proof is wrong."""
    return OAuth2Error(f"The DPoP proof {because}", error="invalid_dpop_proof", status_code=400)


def _slot(ago: int) -> bytes:
    return str(int(clock.now().timestamp() // SLOT.total_seconds()) - ago).encode("ascii")


def _read(text: str, algorithms: Sequence[str]) -> Proof:
    """The proof, if the key that it brings signed it (section 4.3, items 1 to 7)."""
    found = jwts.read(text)
    if isinstance(found, Unusable):
        raise invalid(found.because)
    if found.typ != _TYPE:
        raise invalid(f"is not of the type {_TYPE}")
    key = _key(found.header.get("jwk"))
    if not found.signed_by(key, algorithms):
        raise invalid("is not signed by its own key and an algorithm that is supported")
    return Proof(key.thumbprint(), found.claims)


def _key(jwk: object) -> PublicKey:
    try:
        return public_keys.read(jwk)
    except ValueError as error:
        raise invalid(f"has a jwk that cannot be used: it {error}") from None


# Section 4.3, items 3 and 8 to 12


def _is_for_this_method(proof: Proof, use: Use) -> None:
    if proof.claims.get("htm") != use.method:
        raise invalid("is for another method: htm")


def _is_for_this_address(proof: Proof, use: Use) -> None:
    htu = proof.claims.get("htu")
    if not isinstance(htu, str) or _normal(htu) != _normal(use.uri):
        raise invalid("is for another address: htu")


def _normal(uri: str) -> tuple[str, str | None, int | None, str] | None:
    """An address without query and fragment, normalised (RFC 3986 sections 6.2.2 and 6.2.3)."""
    try:
        parts = urlsplit(uri)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if "@" in parts.netloc else (parts.scheme, parts.hostname, port, unquote(parts.path))


def _is_for_this_token(proof: Proof, use: Use) -> None:
    if use.token is not None and not opaque.same(str(proof.claims.get("ath")), hashed(use.token)):
        raise invalid("is for another access token: ath")


def hashed(token: str) -> str:
    """Section 4.2: `ath`, the base64url of the SHA-256 of an access token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode("utf-8")).digest()).rstrip(b"=").decode("ascii")


def _has_a_right_nonce(proof: Proof, use: Use) -> None:
    """Sections 8 and 9: the answer brings one that is good (`routes.py`)."""
    given = proof.claims.get("nonce")
    if given is None and not use.needs_nonce:
        return
    if not isinstance(given, str) or not any(sealer().verify(_PURPOSE, _slot(ago), given) for ago in (0, 1)):
        raise OAuth2Error("The DPoP proof needs the nonce of this answer", error="use_dpop_nonce", status_code=400)


def _is_new(proof: Proof, _: Use) -> None:
    """Item 11: made just now, by a clock that is nearly ours."""
    made, now = proof.claims.get("iat"), clock.now().timestamp()
    if isinstance(made, bool) or not isinstance(made, int | float):
        raise invalid("has no iat")
    if not now - (LIFETIME + SKEW).total_seconds() <= made <= now + SKEW.total_seconds():
        raise invalid("is too old, or not valid yet: iat")


def _is_used_once(proof: Proof, _: Use) -> None:
    """Section 11.1. The last rule: it spends the `jti`, and commits that, so that a refused request spends it too."""
    jti = proof.claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise invalid("has no jti")
    first = shortlived.once(_KIND, json.dumps([proof.jkt, jti]), LIFETIME + 2 * SKEW)
    db.session.commit()
    if not first:
        raise invalid("was used before: jti")


_RULES: Final[tuple[Callable[[Proof, Use], None], ...]] = (
    _is_for_this_method,
    _is_for_this_address,
    _is_for_this_token,
    _has_a_right_nonce,
    _is_new,
    _is_used_once,
)
