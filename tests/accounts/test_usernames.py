"""Usernames: what can be one on both databases."""

import pytest

from idp.accounts import usernames


@pytest.mark.parametrize("username", ["a" * 151, "\ufdfa" * 34], ids=["too long", "too long when it is compared"])
def test_a_name_fits_its_column(username: str) -> None:
    """R85: one letter may become eighteen, and what is compared must fit as well; a problem, never the database's error."""
    assert usernames.problem(username) == "is too long when its letters are written out"
    assert usernames.problem(username[:33]) is None
