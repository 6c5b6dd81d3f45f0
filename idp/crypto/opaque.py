"""Opaque values: 256 random bits that mean nothing until the store is asked.

A handle, cookie, authorization code, refresh token or mailed link is made by `new`, given away once, and kept only as
`digest`. Because the value has 256 bits of randomness a plain SHA-256 cannot be searched (RFC 6749 section 10.10), and
checking stays cheap.
"""

import hashlib
import hmac
import secrets

RANDOM_BYTES = 32


def new() -> str:
    """Make a fresh value: 256 random bits as 43 characters of unpadded base64url."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def digest(value: str) -> str:
    """Return what is stored of a value: its SHA-256 as 64 hexadecimal digits. Total: any string has a digest."""
    return hashlib.sha256(_bytes(value)).hexdigest()


def same(a: str, b: str) -> bool:
    """Tell whether two strings are equal, in a time that does not say where they differ."""
    return hmac.compare_digest(_bytes(a), _bytes(b))


def _bytes(value: str) -> bytes:
    # A request may carry lone surrogates, which plain UTF-8 refuses; they are a wrong answer, not an accident.
    return value.encode("utf-8", "surrogatepass")
