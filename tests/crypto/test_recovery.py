"""Recovery codes: what they look like, how people may type them, and that only the code itself verifies."""

import re

import pytest

from idp.crypto import recovery
from idp.crypto.passwords import Hasher, Parameters

HASHER = Hasher(Parameters(memory_kib=64, passes=1), at_most=4)


def test_ten_codes_without_ambiguous_letters() -> None:
    """Ten codes `xxxx-xxxx-xxxx`, of digits and letters that cannot be taken for each other (no i, l, o, u)."""
    codes = recovery.new_codes()
    assert len(codes) == 10
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}", code) for code in codes)


def test_no_two_codes_share_a_hint() -> None:
    """An answer is checked against one hash, so a guess costs one slow hash."""
    for _ in range(200):
        assert len({recovery.hint(code) for code in recovery.new_codes()}) == 10


def test_codes_are_never_the_same_twice() -> None:
    """60 random bits each."""
    assert len({code for _ in range(100) for code in recovery.new_codes()}) == 1000


@pytest.mark.parametrize(
    "typed",
    [
        "k01m-9xqd-4hrt",
        "K01M-9XQD-4HRT",
        "k01m9xqd4hrt",
        " k01m 9xqd 4hrt ",
        "kOlm-9xqd-4hrt",
        "koIm-9xqd-4hrt",
        "k0-1m9x-qd4hr-t",
    ],
    ids=["shown", "upper", "bare", "spaced", "O and l", "o and I", "odd hyphens"],
)
def test_people_may_type_it_their_way(typed: str) -> None:
    """Case, hyphens and spaces do not matter; o is read as 0, i and l as 1."""
    assert recovery.normalise(typed) == "k01m9xqd4hrt"


@pytest.mark.parametrize(
    "typed",
    [
        None,
        "",
        ["k01m-9xqd-4hrt"],
        12,
        b"k01m9xqd4hrt",
        "k01m-9xqd-4hr",
        "k01m-9xqd-4hrtt",
        "u01m-9xqd-4hrt",
        "k01m-9xqd-4hr\u0665",
        "k01m9xqd4hrt\0",
        "k" * 1_000_000,
        "\ud800" * 12,
    ],
    ids=[
        "none",
        "empty",
        "list",
        "int",
        "bytes",
        "short",
        "long",
        "u",
        "arabic digit",
        "nul",
        "megabyte",
        "surrogates",
    ],
)
def test_everything_else_is_no_code(typed: object) -> None:
    """Another type, length or letter is no code, and never an accident."""
    assert recovery.normalise(typed) is None
    assert not recovery.verify_code(recovery.hash_code("k01m-9xqd-4hrt", HASHER), typed, HASHER)


def test_a_code_verifies_against_its_own_hash_only() -> None:
    """As shown and as typed; another code does not; a hash that is not there verifies nothing."""
    first, second = recovery.new_codes(2)
    stored = recovery.hash_code(first, HASHER)
    assert stored.startswith("$argon2id$")
    assert recovery.verify_code(stored, first, HASHER)
    assert recovery.verify_code(stored, first.upper().replace("-", " "), HASHER)
    assert not recovery.verify_code(stored, second, HASHER)
    assert not recovery.verify_code(None, first, HASHER)


def test_a_hint_is_of_the_normalised_code() -> None:
    """Stored beside the hash, and found again from whatever was typed."""
    (code,) = recovery.new_codes(1)
    meant = recovery.normalise(code.upper())
    assert meant is not None
    assert recovery.hint(meant) == recovery.hint(code) == code[:2]


def test_what_is_no_code_cannot_be_hashed() -> None:
    """Only real codes are ever stored."""
    with pytest.raises(ValueError, match="recovery code"):
        recovery.hash_code("password", HASHER)
