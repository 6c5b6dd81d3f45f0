"""Time-based one-time passwords (RFC 6238 on RFC 4226): SHA-1, six digits, steps of 30 seconds.

    answer ──▶ six ASCII digits? ──no──▶ None
                     │ yes
                     ▼
    step-1, step, step+1: compare all three in constant time ──▶ the newest match after the last used step, or None

RFC 6238 section 5.2: a code is accepted once, so the caller keeps the last used step of a secret and passes it as
`after`; the caller also compares and sets that step in one SQL statement, because two requests may hold the same one.
"""

import base64
import binascii
import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp

PERIOD: Final = 30
DIGITS: Final = 6
_SECRET_BYTES: Final = 20  # RFC 4226 section 4, R6 recommends 160 bits
_SHORTEST_SECRET_BYTES: Final = 10  # what is imported from elsewhere may be as short as authenticators' usual 80 bits
_LONGEST_SECRET: Final = 256
_LONGEST_ANSWER: Final = 32  # six digits and whatever spaces a person puts between them
_WINDOW: Final = (-1, 0, 1)  # RFC 6238 section 5.2: at most one step of delay; one ahead for a fast clock


def new_secret() -> str:
    """Make a shared secret: 160 random bits as 32 characters of base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def read_secret(text: str) -> str | None:
    """Read a secret as people write it (any case, spaces, hyphens, padding); None: no base32, or under 80 bits."""
    if len(text) > _LONGEST_SECRET:
        return None
    secret = text.replace(" ", "").replace("-", "").rstrip("=").upper()
    try:
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    except (binascii.Error, ValueError):
        return None
    return secret if len(key) >= _SHORTEST_SECRET_BYTES else None


def step_at(now: datetime) -> int:
    """Return the number of the 30-second step that `now` (aware) lies in; step 0 began at the Unix epoch."""
    return int(now.timestamp()) // PERIOD


def code_at(secret: str, now: datetime) -> str:
    """Return the code that an authenticator shows at this moment."""
    return _code(secret, step_at(now))


def matching_step(secret: str, code: object, now: datetime, after: int | None) -> int | None:
    """Return the newest step of the window that has this code and is later than `after`; None for any other answer."""
    answer = _six_digits(code)
    if answer is None:
        return None
    current = step_at(now)
    window = [current + offset for offset in _WINDOW if current + offset >= 0]
    matches = [step for step in window if hmac.compare_digest(_code(secret, step), answer)]
    unused = [step for step in matches if after is None or step > after]
    return max(unused, default=None)


def provisioning_uri(secret: str, username: str, issuer: str) -> str:
    """Return the `otpauth://totp/…` address that the QR picture shows."""
    shown = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD)
    uri: str = shown.provisioning_uri(name=username, issuer_name=issuer.replace(":", " "))
    return uri


class _Hotp(pyotp.HOTP):
    """pyotp's codes, also of the 80-bit secrets that older authenticators and other products have handed out."""

    def byte_secret(self) -> bytes:
        """The key. pyotp would refuse fewer than 112 bits; `read_secret` has judged the length."""
        return base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))


def _code(secret: str, step: int) -> str:
    code: str = _Hotp(secret, digits=DIGITS).at(step)
    return code


def _six_digits(code: object) -> str | None:
    if not isinstance(code, str) or len(code) > _LONGEST_ANSWER:
        return None
    digits = code.replace(" ", "").replace("-", "")
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else None
