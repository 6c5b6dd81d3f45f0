"""Passwords: what verifies, what never does, equal work for nobody, and a bound on how many hashes run at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher, Type

from idp.crypto import passwords
from idp.crypto.passwords import Busy, Hasher, Parameters, cost_of

CHEAP = Parameters(memory_kib=64, passes=1)


@pytest.fixture
def hasher() -> Hasher:
    return Hasher(CHEAP, at_most=4)


def test_the_default_is_argon2id_at_19_mib() -> None:
    """The module's functions make Argon2id hashes of 19 MiB, two passes, one lane, and verify them."""
    made = passwords.hash_password("correct horse battery")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify_password(made, "correct horse battery")
    assert not passwords.verify_password(made, "correct horse batterz")
    assert not passwords.needs_rehash(made)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse",
        " spaces at both ends ",
        "pässwörd ünïcode",
        "パスワード長い言葉です",
        "nul\0inside",
        "🔑" * 128,
        "",
    ],
    ids=["plain", "spaces", "latin", "japanese", "nul", "128 astral", "empty"],
)
def test_the_whole_string_counts(hasher: Hasher, password: str) -> None:
    """Any Unicode, nothing trimmed, cut or normalised: exactly that string verifies."""
    made = hasher.hash(password)
    assert hasher.verify(made, password)
    assert not hasher.verify(made, password + " ")
    assert not hasher.verify(made, " " + password)


def test_nothing_is_normalised(hasher: Hasher) -> None:
    """Composed and decomposed accents are different passwords."""
    assert not hasher.verify(hasher.hash("caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301")


def test_nul_does_not_end_a_password(hasher: Hasher) -> None:
    """What comes after a NUL counts."""
    assert not hasher.verify(hasher.hash("secret\0one"), "secret\0two")


def test_salted(hasher: Hasher) -> None:
    """Two users with one password have different hashes."""
    assert hasher.hash("correct horse") != hasher.hash("correct horse")


@pytest.mark.parametrize(
    "unusable", ["x" * 129, "x" * 1_000_000, "lone \ud800 surrogate"], ids=["129", "megabyte", "surrogate"]
)
def test_unusable_answers_are_wrong_and_cannot_be_set(hasher: Hasher, unusable: str) -> None:
    """More than 128 characters, or no Unicode text: False when answered, ValueError when set."""
    assert not hasher.verify(hasher.hash("x" * 128), unusable)
    with pytest.raises(ValueError, match="128"):
        hasher.hash(unusable)


def test_nobody_has_no_password(hasher: Hasher) -> None:
    """For a user who does not exist every password is wrong, the empty one too."""
    assert not hasher.verify(None, "correct horse")
    assert not hasher.verify(None, "")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "!",
        "$argon2id$",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$",
        "$2b$12$" + "a" * 53,
        "plain",
        "é",
        "\ud800",
        "$argon2id$v=19$m=x,t=1,p=1$a$b",
    ],
    ids=["empty", "disabled", "cut", "no hash", "bcrypt", "plain", "accent", "surrogate", "no number"],
)
def test_a_broken_hash_verifies_nothing(hasher: Hasher, stored: str) -> None:
    """Whatever stands in the column, a password does not match it, nothing raises, and it wants to be renewed."""
    assert not hasher.verify(stored, "plain")
    assert not hasher.verify(stored, "")
    assert hasher.needs_rehash(stored)


@pytest.mark.parametrize(
    ("made", "usable"),
    [
        (PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("x"), True),
        (PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=Type.I).hash("x"), False),
        ("$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$" + "A" * 43, False),
        ("$argon2id$v=19$m=64,t=1000000,p=1$c29tZXNhbHQ$" + "A" * 43, False),
        ("$argon2id$v=19$m=4096,t=1,p=512$c29tZXNhbHQ$" + "A" * 43, False),
    ],
    ids=["argon2id", "argon2i", "4 GiB", "a million passes", "512 lanes"],
)
def test_only_affordable_argon2id_is_taken(made: str, usable: bool) -> None:
    """An imported hash must be Argon2id, and may not ask for a gigabyte or an hour at each login."""
    assert passwords.is_password_hash(made) is usable


def test_weaker_hashes_still_verify_and_are_renewed() -> None:
    """A hash of weaker parameters verifies, and says that it wants to be made again; one of ours does not."""
    weak, strong = Hasher(CHEAP, at_most=1), Hasher(Parameters(memory_kib=128, passes=2), at_most=1)
    made = weak.hash("correct horse")
    assert strong.verify(made, "correct horse")
    assert strong.needs_rehash(made)
    assert not strong.needs_rehash(strong.hash("correct horse"))


class _Counting(Hasher):
    """A hasher that remembers what each look at a hash cost."""

    costs: list[Parameters | None]

    def _matches(self, password_hash: str, secret: bytes) -> bool:
        self.costs = [*getattr(self, "costs", []), cost_of(password_hash)]
        return super()._matches(password_hash, secret)


DEAR = Parameters(memory_kib=128, passes=3)


@pytest.mark.parametrize("password", ["wrong horse", "x" * 129, "\ud800", "x" * 1_000_000], ids=lambda text: text[:12])
@pytest.mark.parametrize(
    ("stored", "nobodys", "cost"),
    [(None, None, CHEAP), (None, DEAR, DEAR), (CHEAP, DEAR, CHEAP), (DEAR, None, DEAR), (DEAR, CHEAP, DEAR)],
    ids=["nobody", "nobody, as somebody", "ours", "imported", "imported, others not"],
)
def test_the_same_work_for_nobody(
    password: str, stored: Parameters | None, nobodys: Parameters | None, cost: Parameters
) -> None:
    """No user, or an answer that cannot be right, takes one look at the cost of the hash that is there, else at nobody's."""
    counting = _Counting(CHEAP, at_most=1)
    text = Hasher(stored, at_most=1).hash("correct horse") if stored else None
    assert not counting.verify(text, password, nobodys)
    assert counting.costs == [cost]


@pytest.mark.parametrize(
    "stored", ["!", "", "$2b$12$" + "a" * 53, "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$" + "A" * 43]
)
def test_the_same_work_for_who_has_no_hash_that_counts(stored: str) -> None:
    """What stands in the column and is no hash costs what no hash costs, and not what it asks for."""
    counting = _Counting(CHEAP, at_most=1)
    assert not counting.verify(stored, "correct horse", DEAR)
    assert counting.costs == [DEAR]


class _Slow(Hasher):
    """A hasher whose place can be held by a test."""

    def hold(self, taken: threading.Event, release: threading.Event) -> None:
        """Take one place until released."""
        with self._place():
            taken.set()
            release.wait(10)


def test_busy_when_full() -> None:
    """With every place taken longer than the patience `Busy` says when to come back; afterwards the place is free."""
    hasher = _Slow(CHEAP, at_most=1, patience=0.01)
    made = hasher.hash("correct horse")
    taken, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=hasher.hold, args=(taken, release))
    holder.start()
    try:
        assert taken.wait(10)
        with pytest.raises(Busy) as busy:
            hasher.verify(made, "correct horse")
        with pytest.raises(Busy):
            hasher.hash("correct horse")
        assert busy.value.retry_after >= 1
        assert busy.value.status == 503
    finally:
        release.set()
        holder.join()
    assert hasher.verify(made, "correct horse")


def test_a_flood_leaves_no_place_taken() -> None:
    """Forty guesses at once on two places: all answered, and both places are free again."""
    hasher = Hasher(CHEAP, at_most=2, patience=10)
    made = hasher.hash("correct horse")
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: hasher.verify(made, "correct horse" if n == 7 else "wrong"), range(40)))
    assert [n for n, right in enumerate(answers) if right] == [7]
    assert hasher._places._value == 2
