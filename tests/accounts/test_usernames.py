"""Usernames: what can be one on both databases."""

import pytest

from idp.accounts.users import usernames


@pytest.mark.parametrize(
    ("username", "problem"),
    [
        pytest.param("a" * 151, "must have at most 150 characters", id="too long"),
        pytest.param("\ufdfa" * 34, "is too long when its letters are written out", id="too long when it is compared"),
    ],
)
def test_a_name_fits_its_column(username: str, problem: str) -> None:
    """R85: one letter may become eighteen, and what is compared must fit as well; a problem, never the database's error."""
    assert usernames.problem(username) == problem
    assert usernames.problem(username[:33]) is None
