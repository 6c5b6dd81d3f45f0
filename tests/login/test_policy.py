"""Single decisions of the pure heart; `tests/laws` proves its laws over every situation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.login.core.decide import decide
from idp.login.core.types import (
    Demand,
    Deny,
    Evidence,
    Factor,
    KnownIp,
    Level,
    Need,
    Network,
    Refusal,
    Requirement,
    Situation,
    StepName,
)
from idp.login.steps import STEPS
from idp.tenancy.policy import Policy

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KNOWN = Network("203.0.113.7", KnownIp("203.0.113.7", NOON, NOON + timedelta(days=30)))
BY_TOTP = Evidence(StepName.TOTP, NOON, frozenset({Factor.TOTP}), covers=frozenset({StepName.TOTP}))

NOBODYS_CODE = Situation(
    policy=Policy(security_code=False),
    enrolled=frozenset({Factor.PASSWORD}),
    demand=Demand(Level.SECURITY_CODE),
    user="anna",
    tenants=("de-zon",),
    tenant="de-zon",
)
"""An application asks for the level of a security code, in a tenant whose policy asks none."""
WITH_TOTP = replace(NOBODYS_CODE, enrolled=frozenset({Factor.PASSWORD, Factor.TOTP}))

ASKED = {
    "nothing else reaches that level": (NOBODYS_CODE, Need.OWED),
    "a grant stands in for TOTP": (replace(WITH_TOTP, network=KNOWN), Need.OWED),
    "TOTP was given": (replace(WITH_TOTP, evidence=(BY_TOTP,), network=KNOWN), Need.NOT_OWED),
    "TOTP comes": (WITH_TOTP, Need.NOT_OWED),
    "TOTP comes in spite of the grant": (
        replace(WITH_TOTP, network=KNOWN, policy=Policy(security_code=False, limit_two_factor_validity=True)),
        Need.NOT_OWED,
    ),
    "a passkey comes": (
        replace(NOBODYS_CODE, enrolled=frozenset({Factor.PASSWORD, Factor.PASSKEY})),
        Need.NOT_OWED,
    ),
    "two-factor is set up first": (
        replace(NOBODYS_CODE, policy=Policy(security_code=False, two_factor_mandatory=True)),
        Need.NOT_OWED,
    ),
    "nobody asks for more than the password": (replace(NOBODYS_CODE, demand=Demand()), Need.NOT_OWED),
}


@pytest.mark.parametrize(("s", "need"), ASKED.values(), ids=ASKED.keys())
def test_a_security_code_for_an_application_that_asks_its_level(s: Situation, need: Need) -> None:
    """A6, C7: a demand is met with as little as it takes: the shared code only where no second factor comes anyway."""
    assert STEPS[StepName.SECURITY_CODE].required(s).need is need


def test_the_tenants_own_code_is_owed_all_the_same() -> None:
    """C3: the policy's security code gives way to nothing, a second factor included."""
    s = replace(WITH_TOTP, policy=Policy(security_code=True), evidence=(BY_TOTP,), demand=Demand())
    assert STEPS[StepName.SECURITY_CODE].required(s).need is Need.OWED


class Impossible:
    """A step that is owed and that nobody can answer."""

    name = StepName.TOTP
    instead_of = frozenset[StepName]()

    def required(self, s: Situation) -> Requirement:
        return STEPS[StepName.PASSWORD].required(s)

    def answerable(self, s: Situation) -> bool:
        return False


def test_a_step_that_nobody_can_answer_is_refused_and_not_shown() -> None:
    """The default denies: an owed step without an answer ends the login."""
    s = Situation(user="anna", tenants=("home",), tenant="home")
    decision = decide(s, {StepName.TOTP: Impossible()})
    assert isinstance(decision, Deny)
    assert decision.refusal is Refusal.LEVEL_OUT_OF_REACH
