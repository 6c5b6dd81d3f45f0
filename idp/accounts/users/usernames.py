"""Usernames: unique over the whole installation, whatever the case or the form of their letters. Pure."""

import unicodedata

LONGEST = 150
LONGEST_KEY = 600
"""One letter may become eighteen (U+FDFA, Unicode Standard Annex 15 section 10)."""


def key(username: str) -> str:
    """What two spellings of one username have in common: NFKC, case folded, without outer spaces."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()


def problem(username: str) -> str | None:
    """Why this cannot be a username; None when it can."""
    if not key(username):
        return "must not be empty"
    if len(username) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if len(key(username)) > LONGEST_KEY:
        return "is too long when its letters are written out"
    if username != username.strip():
        return "must not begin or end with a space"
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in username):
        return "must not contain control characters"
    return None
