"""What a company planned, and what holds at a moment: two-factor is mandatory from a day on, and nothing else depends on it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from idp.tenancy.policy import REMINDERS, Plan, Policy, decided, reminded_until
from tests.laws.every import POLICIES

WINTER, SUMMER = date(2026, 12, 1), date(2027, 7, 1)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        pytest.param(WINTER, datetime(2026, 11, 30, 23, tzinfo=UTC), id="winter"),
        pytest.param(SUMMER, datetime(2027, 6, 30, 22, tzinfo=UTC), id="summer"),
    ],
)
def test_a_day_begins_at_midnight_in_the_netherlands(day: date, begins: datetime) -> None:
    """An instant before 00:00 it is not mandatory, at 00:00 it is; with the clock set back it is not again."""
    plan = Plan(Policy(), day)
    for now, holds in [(begins - INSTANT, False), (begins, True), (begins + timedelta(days=900), True)]:
        assert plan.at(now).two_factor_mandatory is holds
        assert plan.coming(now) == (None if holds else day)
    assert plan.at(begins - INSTANT) == Policy()


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_only_this_one_switch_waits(policy: Policy) -> None:
    """Before the day what is switched holds; from then on the same with two-factor mandatory: a policy like any other."""
    plan, begins = Plan(policy, WINTER), datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert plan.at(begins - INSTANT) == policy
    assert plan.at(begins) == replace(policy, two_factor_mandatory=True)
    assert Plan(policy).at(begins) == policy
    assert Plan(policy).coming(begins) is None


def test_the_switch_and_the_day_are_one_decision() -> None:
    """Not mandatory, at once, or from a day on: never two of them."""
    before = Policy(two_factor_mandatory=True, passkeys=False)
    assert decided(before, mandatory=False, since=WINTER) == Plan(replace(before, two_factor_mandatory=False))
    assert decided(before, mandatory=True) == Plan(before)
    assert decided(before, mandatory=True, since=WINTER) == Plan(replace(before, two_factor_mandatory=False), WINTER)


@pytest.mark.parametrize("days", REMINDERS)
def test_reminders_come_in_the_morning(days: int) -> None:
    """Fourteen, seven and one day before, at eight in the Netherlands; an instant earlier the one before was the last."""
    at = datetime(2026, 12, 1, 7, tzinfo=UTC) - timedelta(days=days)
    earlier = {14: None, 7: 14, 1: 7}[days]
    assert reminded_until(WINTER, at) == days
    assert reminded_until(WINTER, at - INSTANT) == earlier


def test_any_day_can_be_counted_from() -> None:
    """Also the first day that there is, and the last one."""
    now = datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert reminded_until(date.min, now) == 1
    assert reminded_until(date.max, now) is None
