"""Which passwords are taken. Pure: the password and what is known of the person, nothing else.

    long enough (12; 8 with a second factor), 128 at most ─▶ any character, no rules of composition, nothing is trimmed
      │
      ├─ without the words that everybody guesses, and without the person's own words, what is left?
      │     a common or breached password, a word with a year behind it ─▶ COMMON
      │     the username, the name, the company, also backwards or with 3 for e ─▶ LIKE_YOU
      └─ a row of the keyboard, a sequence, the same again and again ─▶ TOO_SIMPLE

NIST SP 800-63B-4 section 3.1.1.2: compare with common, expected and compromised values, tell why, demand nothing else.
"""

import enum
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator

from idp.accounts.passwords.common_passwords import is_common
from idp.crypto.passwords import MAX_CHARACTERS

SHORTEST = 12
SHORTEST_WITH_SECOND_FACTOR = 8
LONGEST = MAX_CHARACTERS
_ENOUGH_LEFT = 8
"""So many characters besides a word that can be guessed are a password by themselves."""
_ENOUGH_SURPRISES = 5
_SHORTEST_WORD = 4
_OURS = ("informer",)
_LOOKS_LIKE = (str.maketrans("013457@$!|", "oleastasll"), str.maketrans("013457@$!|", "oieastasii"))
_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = frozenset(pair for row in _KEYBOARD for way in (row, row[::-1]) for pair in itertools.pairwise(way))


class Problem(enum.StrEnum):
    """Why a password is not taken."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    LIKE_YOU = "like_you"
    TOO_SIMPLE = "too_simple"


def shortest(*, has_second_factor: bool) -> int:
    """How many characters a password must have at least."""
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST


def problems(
    password: str, *, has_second_factor: bool, username: str = "", name: str = "", tenant_name: str = ""
) -> list[Problem]:
    """Everything that is wrong with a password, the simplest first; nothing: it is taken."""
    if len(password) > LONGEST:
        return [Problem.TOO_LONG]
    found = []
    if len(password) < shortest(has_second_factor=has_second_factor):
        found.append(Problem.TOO_SHORT)
    if _is_common(password):
        found.append(Problem.COMMON)
    elif _is_simple(_folded(password)):
        found.append(Problem.TOO_SIMPLE)
    if _is_like(password, _words(username, name, tenant_name)):
        found.append(Problem.LIKE_YOU)
    return found


def _is_common(password: str) -> bool:
    """Whether a common password, or a word that everybody guesses, is all or nearly all of it."""
    unit = _unit(_folded(password))
    return any(
        len(core) >= _SHORTEST_WORD and len(unit) - len(core) < _ENOUGH_LEFT and is_common(core)
        for core in {*_cores(unit), *_cores(unit[::-1])}
    )


def _cores(form: str) -> Iterator[str]:
    """What guessers begin with: all of it, its letters without what stands around them, all without signs."""
    letters = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", form)
    for core in (form, letters):
        yield from (core, *_lookalikes(core))
    yield _without_signs(form)


def _lookalikes(text: str) -> tuple[str, ...]:
    """The letters that digits and signs stand for: 1 is an l or an i."""
    return tuple(text.translate(table) for table in _LOOKS_LIKE)


def _is_like(password: str, words: Iterable[str]) -> bool:
    """Whether little or nothing is left once the person's own words are taken out, however they are written."""
    folded = _folded(password)
    bare = _without_signs(folded)
    forms = {folded, bare, *_lookalikes(folded), *_lookalikes(bare)}
    backwards = {form[::-1] for form in forms}
    return any(_is_little(left) for form in forms | backwards if (left := _without(form, words)) != form)


def _without_signs(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _without(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def _is_little(left: str) -> bool:
    return len(left) < _ENOUGH_LEFT or is_common(left) or _is_simple(left)


def _words(*facts: str) -> set[str]:
    """The words of what is known, alone and run together, in the letters that a password is compared in."""
    found = set(_OURS)
    for fact in map(_folded, facts):
        parts = re.split(r"[\W_]+", fact)
        found |= {*parts, "".join(parts), fact}
    found |= {form for word in found for form in _lookalikes(word)}
    return {word for word in found if len(word) >= _SHORTEST_WORD}


def _is_simple(folded: str) -> bool:
    """Whether nearly every character follows from the one before it."""
    unit = _unit(folded)
    surprises = 1 + sum(1 for before, after in itertools.pairwise(unit) if not _follows(before, after))
    return min(surprises, len(set(unit))) < _ENOUGH_SURPRISES


def _follows(before: str, after: str) -> bool:
    return abs(ord(after) - ord(before)) <= 1 or (before, after) in _NEIGHBOURS


def _unit(text: str) -> str:
    """What is repeated, where the text is nothing but a repetition; else the text."""
    period = (text + text).find(text, 1)
    return text[:period] if 0 < period < len(text) else text


def _folded(text: str) -> str:
    """The letters without their case, accents and forms."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).strip()
