"""A public key that somebody else says is theirs (RFC 7517): read, and fit to be used. Pure."""

from __future__ import annotations

from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

PublicKey = RSAKey | ECKey | OKPKey

MOST_KEYS: Final = 20
"""Of one client: some at a time for signing and for encryption, and as many again while they change."""
FEWEST_RSA_BITS: Final = 2048
MOST_RSA_BITS: Final = 8192
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def read(jwk: Any) -> PublicKey:
    """The key that a JSON object says, or ValueError with what is wrong; a private or a shared one is never taken."""
    if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
        raise ValueError("must hold public keys only")
    try:
        key = import_key(jwk)
        key.ensure_kid()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("holds a key that cannot be read") from None
    match key:
        case ECKey() | OKPKey():
            return key
        case RSAKey() if FEWEST_RSA_BITS <= key.public_key.key_size <= MOST_RSA_BITS:
            return key
        case _:
            raise ValueError(f"must hold EC, OKP or RSA keys, RSA with {FEWEST_RSA_BITS} to {MOST_RSA_BITS} bits")
