"""The offline list of common passwords is the one that its source gives."""

import pytest

from idp.accounts.passwords.common_passwords import FILE, is_common
from tests.accounts import build_common_passwords


def test_the_file_is_what_its_source_gives() -> None:
    """Nobody has to believe a binary file: building it again from the pinned package gives the same bytes."""
    assert FILE.read_bytes() == build_common_passwords.built()


@pytest.mark.parametrize("word", ["password", "welkom01", "wachtwoord", "qwertyuiop", "geheim", "123456789"])
def test_common_words_are_in_it(word: str) -> None:
    """English and Dutch favourites."""
    assert is_common(word)


def test_others_are_not() -> None:
    """Of a hundred thousand words that are in no list none is taken for one that is."""
    assert not [word for n in range(100_000) if is_common(word := f"no-such-word-{n}")]
