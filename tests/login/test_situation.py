"""Facts are about somebody, or say that they are not."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from idp.accounts.users.queries import by_id
from idp.login.core.decide import floor
from idp.login.core.types import Demand, Evidence, Factor, Level, Situation, StepName
from idp.login.transaction.facts import gather
from tests.support.browser import HOME
from tests.support.world import World


def test_facts_about_nobody_have_no_person(in_app: Flask) -> None:
    """R22: before the password names somebody there is no person and no tenant to act for, not even a default one."""
    facts = gather(None, (), Demand(tenant="de-zon"), HOME, None)
    assert facts.situation.user is None
    for ask in (lambda: facts.person, lambda: facts.workplace):
        with pytest.raises(LookupError):
            ask()


def test_evidence_of_an_epoch_that_is_over_is_left_out(in_app: Flask, world: World) -> None:
    """C5: what was proved before a security change counts no more; what is proved after it does."""
    anna = by_id(world.user("anna", world.tenant()).id)
    assert anna
    proofs = [Evidence(StepName.PASSWORD, datetime(2026, 11, 24, tzinfo=UTC), epoch=anna.epoch - n) for n in (0, 1)]
    assert gather(anna, proofs, Demand(), HOME, None).situation.evidence == (proofs[0],)


@pytest.mark.parametrize(
    ("enrolled", "reach"),
    [
        pytest.param({Factor.PASSWORD}, Level.NOTHING, id="no second factor"),
        pytest.param({Factor.PASSWORD, Factor.TOTP}, Level.TWO_FACTOR, id="totp"),
        pytest.param({Factor.PASSWORD, Factor.PASSKEY}, Level.PHISHING_RESISTANT, id="passkey"),
    ],
)
def test_a_preferred_level_reaches_as_far_as_the_factors_do(enrolled: set[Factor], reach: Level) -> None:
    """OpenID Connect Core section 5.5.1.1: a voluntary acr is met as far as it goes; an essential one as it is."""
    for essential, level in ((False, reach), (True, Level.PHISHING_RESISTANT)):
        s = Situation(enrolled=frozenset(enrolled), demand=Demand(Level.PHISHING_RESISTANT, essential))
        assert floor(s) is level
