"""A decision's reasons are kept for machines and said again in words, in whichever language (A7)."""

from datetime import UTC, datetime
from itertools import product

import pytest
from flask import Flask
from flask_babel import force_locale

from idp.login.core.reasons import from_machine, machine, sentence
from idp.login.core.types import Reason, ReasonCode, StepName

EARNED, ENDS = datetime(2026, 11, 3, 9, 30, tzinfo=UTC), datetime(2026, 12, 3, 9, 30, tzinfo=UTC)
WAIVED = Reason(
    ReasonCode.KNOWN_IP, StepName.TOTP, facts={"network": "203.0.113.7", "earned_at": EARNED, "expires_at": ENDS}
)
REFUSED = Reason(ReasonCode.NOT_A_MEMBER)


def test_the_words_of_a_reason(in_app: Flask) -> None:
    """A7: "TOTP not asked: known-IP grant of 3 Nov 2026 from 203.0.113.7, ends 3 Dec 2026", and so in Dutch."""
    with force_locale("en"):
        assert sentence(WAIVED) == ("TOTP not asked: known-IP grant of 3 Nov 2026 from 203.0.113.7, ends 3 Dec 2026")
        assert sentence(WAIVED, iso=True).endswith(f"{EARNED.isoformat()} from 203.0.113.7, ends {ENDS.isoformat()}")
        assert sentence(REFUSED) == "Refused: the user does not work for the company that the request names"
    with force_locale("nl"):
        said = sentence(WAIVED)
    assert "203.0.113.7" in said
    assert "3 dec" in said


def test_every_reason_has_words(in_app: Flask) -> None:
    """A7: whatever the policy may answer can be said, in both languages and with both outcomes."""
    for language, code in product(("en", "nl"), ReasonCode):
        facts = WAIVED.facts if code is ReasonCode.KNOWN_IP else {}
        with force_locale(language):
            said = {sentence(Reason(code, StepName.TOTP, asked, facts)) for asked in (True, False)}
        assert len(said) == 2, code
        assert not any("%(" in words for words in said), code


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(WAIVED, id="with moments"),
        pytest.param(REFUSED, id="of no step"),
        pytest.param(Reason(ReasonCode.POLICY, StepName.PASSWORD, asked=True), id="of a step that was asked"),
    ],
)
def test_what_a_machine_kept_is_the_same_reason(in_app: Flask, reason: Reason) -> None:
    """A7: the history keeps plain JSON values, and what it says later is what was decided then."""
    kept = machine(reason)
    assert all(value is None or type(value) in {str, bool} for value in kept.values())
    assert from_machine(kept) == reason
