"""JWTs that somebody sends (RFC 7515, RFC 7519): one place reads them and looks at their signatures.

    text ─▶ short, ASCII, three parts ─▶ header and claims are objects (`platform/foreign_json.py`)
         ─▶ alg is there, alg, typ and kid are texts, no crit ──▶ Jwt: nothing that it says is believed yet
                                                                     ├─ signed_by(key, algorithms)
                                                                     └─ typ, as section 4.1.9 compares it
         anything else ─▶ Unusable

Everything that comes from outside as a JWT is read here: access tokens, hints, client assertions, request objects, proofs.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from idp.platform import foreign_json
from idp.platform.foreign_json import Unusable

LONGEST_TOKEN: Final = 8192
_APPLICATION: Final = "application/"
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_TEXTS: Final = ("alg", "typ", "kid")


class Registry(JWSRegistry):
    """Exactly the algorithms it is made with.

    joserfc warns of the name "EdDSA", which RFC 9864 replaces by Ed25519; it is the name that today's clients register.
    Its bound for a header is too narrow for one with an RSA key in it (RFC 9449 section 4.2). What is not understood in a
    header is ignored, unless `crit` names it (RFC 7515 section 4).
    """

    max_header_length = LONGEST_TOKEN

    def __init__(self, algorithms: Collection[str] | None = None) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """The algorithm of that name, if it is one of these."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JWT as it was sent."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def alg(self) -> str:
        """The algorithm that it says it is signed with."""
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        """The name of the key that it says it is signed with."""
        return self.header.get("kid")

    @property
    def typ(self) -> str | None:
        """What kind of JWT it says it is, as `media_type` writes it."""
        typ = self.header.get("typ")
        return None if typ is None else media_type(typ)

    def signed_by(self, key: RSAKey | ECKey | OKPKey, algorithms: Collection[str]) -> bool:
        """Whether this key signed it by one of these algorithms."""
        try:
            jws.deserialize_compact(self.text, key, registry=Registry(algorithms=algorithms))
        except (JoseError, ValueError, TypeError, AttributeError):
            return False
        return True


def read(text: str) -> Jwt | Unusable:
    """The JWT in this text."""
    if len(text) > LONGEST_TOKEN or not (parts := _COMPACT.fullmatch(text)):
        return Unusable("is not one JWT, in size")
    header, claims = map(_part, parts.groups())
    if isinstance(header, Unusable):
        return Unusable(f"has a header that {header.because}")
    if isinstance(claims, Unusable):
        return Unusable(f"has a payload that {claims.because}")
    wrong = _wrong_with(header)
    return Unusable(wrong) if wrong else Jwt(text, header, claims)


def claims_in(text: str) -> Mapping[str, Any] | Unusable:
    """What the payload says, whatever is wrong with the header: only to find whom to tell that something is."""
    parts = _COMPACT.fullmatch(text)
    return _part(parts[2]) if parts and len(text) <= LONGEST_TOKEN else Unusable("is not one JWT, in size")


def media_type(typ: str) -> str:
    """A `typ` as RFC 7515 section 4.1.9 compares it: without case, and without the prefix that may be left out."""
    name = typ.lower()
    bare = name.removeprefix(_APPLICATION)
    return name if "/" in bare else bare


def _part(encoded: str) -> dict[str, Any] | Unusable:
    """A part of a compact serialisation (RFC 7515 section 7.1): base64url without padding, of a JSON object."""
    try:
        return foreign_json.object_in(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except binascii.Error:
        return Unusable("is not base64url")


def _wrong_with(header: Mapping[str, Any]) -> str | None:
    """RFC 7515 section 4.1. `crit` (4.1.11) is never empty, and names what must be understood: of that there is nothing."""
    if "crit" in header:
        return "has a critical header that is empty or not understood: crit"
    if "alg" not in header:
        return "names no algorithm: alg"
    wrong = [name for name in _TEXTS if not isinstance(header.get(name, ""), str)]
    return f"has a header that is no text: {wrong[0]}" if wrong else None
