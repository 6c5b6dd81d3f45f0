"""Which passwords are taken (D7; NIST SP 800-63B-4 section 3.1.1.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.passwords.strength import LONGEST, Problem, problems

ANNA = {"username": "anna.de.vries", "name": "Anna de Vries", "tenant_name": "Bakkerij De Zon"}


def found(password: str, *, has_second_factor: bool = False) -> list[Problem]:
    return problems(password, has_second_factor=has_second_factor, **ANNA)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("zeven gele fietsen", id="words"),
        pytest.param("correct horse battery staple", id="more words"),
        pytest.param("tv8#kQz!mLpw", id="signs"),
        pytest.param("kaasbrodölyßen", id="letters of other languages"),
        pytest.param("正しい馬電池ホッチキス用", id="another script"),
        pytest.param(" met spaties eromheen ", id="outer spaces"),
        pytest.param("🐈🚲🧀🌷🏠☂🎻🧭🪁🍋🚰🧱", id="pictures"),
        pytest.param("lowercaseonlyletters", id="one kind of letter"),
        pytest.param("831906427519", id="digits only"),
        pytest.param("x7" + "Ab9!kQ" * 21, id="as long as it may be"),
    ],
)
def test_taken(password: str) -> None:
    """Any Unicode, no rules of composition, up to 128 characters."""
    assert found(password) == []


@pytest.mark.parametrize(
    ("length", "second_factor", "short"), [(11, False, True), (12, False, False), (7, True, True), (8, True, False)]
)
def test_the_shortest(length: int, second_factor: bool, short: bool) -> None:
    """12 characters, 8 with a second factor: characters, not bytes."""
    password = "kŏ9#vX2!wPq7"[:length]
    assert (Problem.TOO_SHORT in found(password, has_second_factor=second_factor)) is short


def test_the_longest() -> None:
    """128 characters are taken, 129 are not, and no list is looked at for them."""
    assert Problem.TOO_LONG not in found("aZ3$" * 32)
    assert found("aZ3$" * 32 + "x") == [Problem.TOO_LONG]


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "Password1234", "P@ssw0rd2026", "drowssap2026", "passwordpassword", "qwertyuiop12"),
        *("welkom202611", "Welkom-2026!", "W3lk0m2026!!", "!!geheim2026", "hunter2hunter2", "characteristics"),
    ],
)
def test_common(password: str) -> None:
    """A common or breached password, also with a year behind it, with signs for letters, backwards, and twice."""
    assert Problem.COMMON in found(password)


@pytest.mark.parametrize(
    "password",
    [
        *("anna.de.vries", "annadevries!", "Anna-de-Vries1", "4nn4.d3.vr13s", "seirv ed anna", "bakkerijdezon1"),
        *("Bakkerij De Zon", "anna12345678", "ANNAANNAANNA", "informer2026!", "annaqwertyuiop", "vries-bakkerij"),
    ],
)
def test_like_the_person(password: str) -> None:
    """The username, the name, the company, ours: whatever the case, with signs for letters, backwards, run together."""
    assert Problem.LIKE_YOU in found(password)


def test_a_name_in_a_long_password_does_no_harm() -> None:
    """What counts is what is left without it."""
    assert found("anna zingt zeven gele fietsen") == []


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaa", "abababababab", "abcdefghijkl", "123456789012", "zyxwvutsrqpo", "asdfghjklkjh"]
)
def test_simple(password: str) -> None:
    """Sequences, rows of keys, repetitions."""
    assert {Problem.TOO_SIMPLE, Problem.COMMON} & set(found(password))


@given(st.text(max_size=LONGEST + 2), st.booleans(), st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_every_text_has_an_answer(password: str, second_factor: bool, username: str, name: str, tenant: str) -> None:
    """Total: whatever is typed, and whatever people are called."""
    answer = problems(password, has_second_factor=second_factor, username=username, name=name, tenant_name=tenant)
    assert len(answer) == len(set(answer))


@given(st.text(alphabet="bcdfghjkmnpqrstvwxz", min_size=12, max_size=30))
def test_a_second_factor_never_asks_more(password: str) -> None:
    """Whatever is taken without a second factor is taken with one."""
    assert set(found(password, has_second_factor=True)) <= set(found(password))
