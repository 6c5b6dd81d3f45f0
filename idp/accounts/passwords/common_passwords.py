"""Common and breached passwords, and the words and names that guessers try first: a set that can only say yes or no.

`common_passwords.bin` holds five bytes of a hash of each, sorted; nothing can be read back out of it. A password that is in
no list is taken for one of them about once in a million times. It is built by `python -m
tests.accounts.build_common_passwords` from the lists of the package zxcvbn (MIT licence; the version is in
requirements-test.lock), and a test compares the two.
"""

import hashlib
from bisect import bisect_left
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_suffix(".bin")
BYTES: Final = 5
_MARKS: Final = FILE.read_bytes()


def mark(word: str) -> bytes:
    """What stands for a word."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:BYTES]


def is_common(word: str) -> bool:
    """Whether the word, in lower case, is one of them."""
    wanted, places = mark(word), range(len(_MARKS) // BYTES)
    at = bisect_left(places, wanted, key=_at)
    return at < len(places) and _at(at) == wanted


def _at(place: int) -> bytes:
    return _MARKS[place * BYTES : (place + 1) * BYTES]
