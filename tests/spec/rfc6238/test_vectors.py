"""RFC 4226 appendix D and RFC 6238 appendix B: the published values, to the letter."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.crypto import totp

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the ASCII bytes "12345678901234567890" of both appendices
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

RFC_4226_APPENDIX_D = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]

RFC_6238_APPENDIX_B_SHA1 = [
    (59, 0x1, "94287082"),
    (1111111109, 0x23523EC, "07081804"),
    (1111111111, 0x23523ED, "14050471"),
    (1234567890, 0x273EF07, "89005924"),
    (2000000000, 0x3F940AA, "69279037"),
    (20000000000, 0x27BC86AA, "65353130"),
]


@pytest.mark.parametrize(("counter", "expected"), list(enumerate(RFC_4226_APPENDIX_D)), ids=str)
def test_rfc_4226_appendix_d(counter: int, expected: str) -> None:
    """The code of step n is the HOTP value of counter n."""
    now = EPOCH + timedelta(seconds=counter * 30)
    assert totp.code_at(SECRET, now) == expected
    assert totp.matching_step(SECRET, expected, now, after=None) == counter


@pytest.mark.parametrize(("seconds", "step", "eight_digits"), RFC_6238_APPENDIX_B_SHA1, ids=str)
def test_rfc_6238_appendix_b(seconds: int, step: int, eight_digits: str) -> None:
    """The table's time lies in the table's step, and our six digits are the last six of its eight (a remainder)."""
    now = EPOCH + timedelta(seconds=seconds)
    assert totp.step_at(now) == step
    assert totp.code_at(SECRET, now) == eight_digits[-6:]
    assert totp.matching_step(SECRET, eight_digits[-6:], now, after=None) == step
