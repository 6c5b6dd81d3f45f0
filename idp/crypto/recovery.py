"""Recovery codes: ten words of last resort, each good for one TOTP.

    new_codes ──▶ "k7m2-9xqd-4hrt" shown once ──▶ hash_code ──▶ stored with its hint "k7"
    answer ──▶ normalise ──▶ hint ──▶ verify_code against the few hashes with that hint

A code is 12 characters of Crockford's base32 alphabet (no i, l, o, u), 60 random bits. The hint, its first two
characters, stands in the clear beside the Argon2id hash so that an answer costs one slow hash and not ten; 50 bits stay
secret.
"""

import secrets
from typing import Final

from idp.crypto.passwords import DEFAULT, Hasher

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 12
GROUP: Final = 4
HINT: Final = 2
HOW_MANY: Final = 10
_LONGEST_ANSWER: Final = 64
_READ_AS: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def new_codes(how_many: int = HOW_MANY) -> list[str]:
    """Make codes as a person sees them, `xxxx-xxxx-xxxx`; no two share a hint, so an answer meets one hash."""
    by_hint: dict[str, str] = {}
    while len(by_hint) < how_many:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        by_hint.setdefault(hint(code), code)
    return [_grouped(code) for code in by_hint.values()]


def normalise(code: object) -> str | None:
    """Return the 12 characters that were meant (any case, hyphens, spaces; o is 0, i and l are 1), or None: no code."""
    if not isinstance(code, str) or len(code) > _LONGEST_ANSWER:
        return None
    meant = code.lower().translate(_READ_AS)
    return meant if len(meant) == LENGTH and all(character in ALPHABET for character in meant) else None


def hint(code: str) -> str:
    """Return the first two characters of a normalised code."""
    return code[:HINT]


def hash_code(code: str, hasher: Hasher = DEFAULT) -> str:
    """Hash a code, as shown or as normalised. Raises ValueError for what is no code, `passwords.Busy` when full."""
    meant = normalise(code)
    if meant is None:
        raise ValueError("not a recovery code")
    return hasher.hash(meant)


def verify_code(code_hash: str | None, code: object, hasher: Hasher = DEFAULT) -> bool:
    """Tell whether the answer is the code behind the hash; the same work for no hash and for what is no code."""
    meant = normalise(code)
    return hasher.verify(None if meant is None else code_hash, meant or "")


def _grouped(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))
