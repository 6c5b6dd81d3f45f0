"""Going to and fro between companies is no proof."""

from datetime import UTC, datetime, timedelta

from idp.login.core.decide import chosen
from idp.login.core.session_limits import counts_for_another
from idp.login.core.types import Evidence, Factor, StepName
from idp.tenancy.policy import Policy

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_choice_keeps_no_strict_door_open() -> None:
    """E3, R47: a switch of a moment ago is no use of a company that nothing was proved for since its limit."""
    policy = Policy(session_idle_minutes=15)
    for minutes, counts in ((14, True), (16, False)):
        at = NOW - timedelta(minutes=minutes)
        password = Evidence(StepName.PASSWORD, at, frozenset({Factor.PASSWORD}), covers=frozenset({StepName.PASSWORD}))
        assert counts_for_another((password, chosen("de-zon", NOW, 0)), policy, NOW) is counts
