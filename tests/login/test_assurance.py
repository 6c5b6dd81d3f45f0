"""What proofs are worth: acr, amr and auth_time of OpenID Connect Core section 2, by RFC 8176."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.login.core.assurance import NEVER, assure
from idp.login.core.types import Assurance, Evidence, Factor, Level, StepName

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

PASSWORD = Evidence(
    StepName.PASSWORD, NOON, frozenset({Factor.PASSWORD}), frozenset({"pwd"}), frozenset({StepName.PASSWORD})
)
CODE = Evidence(StepName.SECURITY_CODE, NOON, covers=frozenset({StepName.SECURITY_CODE}), tenant="de-zon")
TOTP = Evidence(StepName.TOTP, NOON, frozenset({Factor.TOTP}), frozenset({"otp"}), frozenset({StepName.TOTP}))
RECOVERY = Evidence(StepName.RECOVERY_CODE, NOON, frozenset({Factor.RECOVERY_CODE}), covers=frozenset({StepName.TOTP}))
PASSKEY = Evidence(
    StepName.TOTP,
    NOON,
    frozenset({Factor.PASSKEY}),
    frozenset({"hwk", "user"}),
    frozenset({StepName.PASSWORD, StepName.SECURITY_CODE, StepName.TOTP}),
    phishing_resistant=True,
)

WORTH = {
    "nothing": ((), Level.NOTHING, ()),
    "a security code alone": ((CODE,), Level.NOTHING, ()),
    "TOTP alone": ((TOTP,), Level.NOTHING, ("otp",)),
    "two of a kind": ((TOTP, RECOVERY), Level.NOTHING, ("otp",)),
    "password": ((PASSWORD,), Level.PASSWORD, ("pwd",)),
    "password and security code": ((PASSWORD, CODE), Level.SECURITY_CODE, ("pwd",)),
    "password twice": ((PASSWORD, replace(PASSWORD, at=NOON + timedelta(hours=1))), Level.PASSWORD, ("pwd",)),
    "password and TOTP": ((PASSWORD, TOTP), Level.TWO_FACTOR, ("mfa", "otp", "pwd")),
    "password and recovery code": ((PASSWORD, CODE, RECOVERY), Level.TWO_FACTOR, ("mfa", "pwd")),
    "a passkey alone": ((PASSKEY,), Level.PHISHING_RESISTANT, ("hwk", "mfa", "user")),
}


@pytest.mark.parametrize(("evidence", "level", "amr"), WORTH.values(), ids=WORTH.keys())
def test_what_it_is_worth(evidence: tuple[Evidence, ...], level: Level, amr: tuple[str, ...]) -> None:
    """Distinct kinds of factor make a level; the code that colleagues share adds one of its own and no method."""
    worth = assure(evidence)
    assert (worth.level, worth.amr) == (level, amr)


def test_the_time_is_that_of_the_oldest_of_the_newest_proofs() -> None:
    """`auth_time`: a fresh TOTP beside an old password is no fresh login; a proof given again counts from then."""
    later = NOON + timedelta(minutes=30)
    assert assure((PASSWORD, replace(TOTP, at=later))).auth_time == NOON
    again = replace(PASSWORD, at=later)
    assert assure((PASSWORD, replace(TOTP, at=later), again)).auth_time == later


def test_a_code_that_colleagues_share_has_no_time() -> None:
    """`auth_time` is of factors only: an old security code makes no login older, and alone it is no login."""
    later = replace(PASSWORD, at=NOON + timedelta(minutes=30))
    assert assure((CODE, later)).auth_time == later.at
    assert assure((CODE,)) == Assurance(Level.NOTHING, (), NEVER)
