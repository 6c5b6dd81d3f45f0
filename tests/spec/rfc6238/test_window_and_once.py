"""RFC 6238 section 5.2: how far a code may be off, that it counts once, and what is no code at all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto import totp

NOW = datetime(2026, 11, 24, 9, 0, 10, tzinfo=UTC)
STEP = totp.step_at(NOW)


@pytest.fixture(scope="module")
def secret() -> str:
    return "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def at(steps: int) -> datetime:
    return NOW + timedelta(seconds=30 * steps)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_own_step_and_one_on_each_side(secret: str, offset: int) -> None:
    """A code is accepted in its own step, one late and one early, and its own step is what is returned."""
    assert totp.matching_step(secret, totp.code_at(secret, at(offset)), NOW, after=None) == STEP + offset


@pytest.mark.parametrize("offset", [-20, -3, -2, 2, 3, 20])
def test_further_off_is_refused(secret: str, offset: int) -> None:
    """Two steps away is too far in either direction."""
    assert totp.matching_step(secret, totp.code_at(secret, at(offset)), NOW, after=None) is None


@pytest.mark.parametrize(("moment", "accepted"), [(0, True), (29.999, True), (30, True), (59.999, True), (60, False)])
def test_edges_of_the_window(secret: str, moment: float, accepted: bool) -> None:
    """A code ends with the step after its own, to the millisecond."""
    start = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)
    code = totp.code_at(secret, start)
    assert (totp.matching_step(secret, code, start + timedelta(seconds=moment), after=None) is not None) is accepted


def test_the_moment_is_a_moment_in_any_time_zone(secret: str) -> None:
    """The same instant written in another time zone has the same code."""
    from_amsterdam = datetime.fromisoformat("2026-11-24T10:00:10+01:00")
    assert totp.matching_step(secret, totp.code_at(secret, NOW), from_amsterdam, after=None) == STEP


@pytest.mark.parametrize("after", [STEP, STEP + 1, STEP + 1000])
def test_a_used_step_is_refused(secret: str, after: int) -> None:
    """The verifier must not accept the second attempt of a code: nothing at or before the last used step counts."""
    assert totp.matching_step(secret, totp.code_at(secret, NOW), NOW, after=after) is None


def test_the_next_step_counts_after_a_used_one(secret: str) -> None:
    """After the current step was used, the code of the next step is accepted, and the one of the step before is not."""
    assert totp.matching_step(secret, totp.code_at(secret, at(1)), NOW, after=STEP) == STEP + 1
    assert totp.matching_step(secret, totp.code_at(secret, at(-1)), NOW, after=STEP) is None


def test_a_clock_set_back_does_not_revive_a_code(secret: str) -> None:
    """With the clock an hour back, the codes of that hour are old: none is later than the last used step."""
    hour_ago = NOW - timedelta(hours=1)
    assert totp.matching_step(secret, totp.code_at(secret, hour_ago), hour_ago, after=STEP) is None


def test_two_steps_with_one_code_give_the_newest() -> None:
    """Where two steps share a code the newest is taken, so that it cannot be answered a second time."""
    secret, step = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 910737  # found by search: about one pair in a million
    now = datetime.fromtimestamp(step * 30, UTC)
    code = totp.code_at(secret, now)
    assert code == totp.code_at(secret, now + timedelta(seconds=30)) == "911617"
    assert totp.matching_step(secret, code, now, after=None) == step + 1
    assert totp.matching_step(secret, code, now, after=step) == step + 1
    assert totp.matching_step(secret, code, now, after=step + 1) is None


@pytest.mark.parametrize(
    "write",
    [lambda c: f"{c[:3]} {c[3:]}", lambda c: f" {c} ", " ".join, lambda c: f"{c[:3]}-{c[3:]}"],
    ids=["grouped", "around", "each", "hyphen"],
)
def test_spaces_and_hyphens_are_removed(secret: str, write: Callable[[str], str]) -> None:
    """Authenticators show "123 456", and people type it so."""
    assert totp.matching_step(secret, write(totp.code_at(secret, NOW)), NOW, after=None) == STEP


HOSTILE: dict[str, Callable[[str], object]] = {
    "none": lambda _: None,
    "empty": lambda _: "",
    "spaces": lambda _: "      ",
    "list": lambda c: [c],
    "dict": lambda c: {"code": c},
    "int": int,
    "bytes": lambda c: c.encode(),
    "true": lambda _: True,
    "five digits": lambda c: c[:5],
    "seven digits": lambda c: "0" + c,
    "eight digits": lambda c: c + "00",
    "megabyte": lambda c: c + "0" * 1_000_000,
    "megabyte of spaces": lambda c: c + " " * 1_000_000,
    "arabic": lambda c: c.translate({ord("0") + n: 0x0660 + n for n in range(10)}),
    "fullwidth": lambda c: c.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    "superscript": lambda _: "²³²³²³",
    "letters": lambda _: "abcdef",
    "sign": lambda c: "+" + c[1:],
    "point": lambda c: c[:3] + "." + c[4:],
    "exponent": lambda _: "1e1000",
    "nul": lambda c: c + "\0",
    "newline": lambda c: c + "\n",
    "tab": lambda c: c[:3] + "\t" + c[3:],
    "surrogate": lambda c: c[:5] + "\ud800",
}


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
def test_everything_else_is_a_wrong_answer(secret: str, spoil: Callable[[str], object]) -> None:
    """Only six ASCII digits are a code: another type, length, alphabet or size is wrong, and never an accident."""
    assert totp.matching_step(secret, spoil(totp.code_at(secret, NOW)), NOW, after=None) is None


@given(st.one_of(st.text(), st.integers(), st.binary(), st.lists(st.text()), st.none()), st.integers(0, 4_000_000_000))
def test_total(answer: object, seconds: int) -> None:
    """For any value at any moment the answer is a step of the window or None."""
    now = datetime.fromtimestamp(seconds, UTC)
    step = totp.matching_step("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", answer, now, after=None)
    assert step is None or abs(step - totp.step_at(now)) <= 1


def test_before_the_first_step_nothing_is_negative(secret: str) -> None:
    """In step 0 the window has no step before it; a negative counter does not exist in RFC 4226."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert totp.matching_step(secret, totp.code_at(secret, epoch), epoch, after=None) == 0


def test_new_secret_has_160_bits() -> None:
    """RFC 4226 section 4, R6: 160 bits are recommended; base32 without padding, and never the same twice."""
    made = {totp.new_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(len(secret) == 32 and totp.read_secret(secret) == secret for secret in made)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXP"),
        ("jbsw y3dp ehpk 3pxp", "JBSWY3DPEHPK3PXP"),
        ("JBSW-Y3DP-EHPK-3PXP", "JBSWY3DPEHPK3PXP"),
        ("GEZDGNBVGY3TQOJQGE======", "GEZDGNBVGY3TQOJQGE"),
        ("", None),
        ("=", None),
        ("JBSWY3D1", None),
        ("é" * 8, None),
        ("A", None),
        ("JBSWY3DPEHPK3PX", None),
        ("A" * 10_000, None),
    ],
    ids=[
        "plain",
        "lower and spaced",
        "hyphens",
        "padding",
        "empty",
        "only padding",
        "digit one",
        "not ASCII",
        "half a byte",
        "under 80 bits",
        "too long",
    ],
)
def test_read_secret(written: str, kept: str | None) -> None:
    """An import file's base32 is taken as people write it, and refused when it is none."""
    assert totp.read_secret(written) == kept


def test_an_unpadded_secret_of_any_length_works() -> None:
    """A secret whose base32 would need padding is stored without it and still makes codes."""
    assert totp.matching_step("GEZDGNBVGY3TQOJQGE", totp.code_at("GEZDGNBVGY3TQOJQGE", NOW), NOW, after=None) == STEP


@pytest.mark.parametrize("seconds", [0, 29, 30, 1234567890, 1764000000, 20000000000])
def test_an_authenticator_we_did_not_write_shows_the_same_code(secret: str, seconds: int) -> None:
    """Our codes are those of another implementation."""
    assert totp.code_at(secret, datetime.fromtimestamp(seconds, UTC)) == pyotp.TOTP(secret).at(seconds)


def test_an_authenticator_we_did_not_write_reads_the_address(secret: str) -> None:
    """Another implementation reads the address of the QR picture as the same secret, account and issuer."""
    read = pyotp.parse_uri(totp.provisioning_uri(secret, "anna&co@de zon", "Informer: IdP"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (secret, "anna&co@de zon", "Informer  IdP")


def test_provisioning_uri(secret: str) -> None:
    """The address names type, issuer, account and secret; the defaults (SHA1, 6, 30) need no parameter."""
    assert totp.provisioning_uri(secret, "anna@de zon", "Informer") == (
        f"otpauth://totp/Informer:anna%40de%20zon?secret={secret}&issuer=Informer"
    )
