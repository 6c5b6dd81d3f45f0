"""Sections 2, 3.1.2.1 and 5.5.1.1: which authentication context is asked, reached and told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.login.models import BrowserSession
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

PASSWORD = "urn:informer:acr:password"
SECURITY_CODE = "urn:informer:acr:security-code"
TWO_FACTOR = "urn:informer:acr:2fa"


def acr_claim(**wish: Any) -> str:
    """The claims parameter that asks for a context."""
    return json.dumps({"id_token": {"acr": wish}})


@pytest.fixture
def bert(world: World, zon: KnownTenant) -> KnownUser:
    """A person with an authenticator."""
    return world.user("bert", zon, totp=True)


def test_a_password_login(rp: RelyingParty, at_work: Browser) -> None:
    """Acr and amr say what was proved (RFC 8176)."""
    claims = rp.finish(at_work).claims
    assert (claims["acr"], claims["amr"]) == (PASSWORD, ["pwd"])


def test_a_login_with_two_factors(rp: RelyingParty, browser: Browser, bert: KnownUser) -> None:
    """Acr and amr say what was proved (RFC 8176)."""
    claims = rp.finish(browser.get(rp.authorize_url()).login(bert)).claims
    assert claims["acr"] == TWO_FACTOR
    assert sorted(claims["amr"]) == ["mfa", "otp", "pwd"]


def test_acr_values_are_a_wish(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 3.1.2.1: voluntary; who has no second factor is not made to set one up."""
    browser.get(rp.authorize_url(acr_values=f"unknown {TWO_FACTOR} {PASSWORD}")).login(anna)
    assert rp.finish(browser).claims["acr"] == PASSWORD


def test_acr_values_ask_the_factor_that_the_person_has(
    world: World, rp: RelyingParty, browser: Browser, bert: KnownUser, clock: MovingClock
) -> None:
    """A step-up asks what is missing and nothing else."""
    browser.get(rp.authorize_url()).login(bert)
    with world.unit_of_work() as session:
        row = session.query(BrowserSession).one()
        row.evidence = [e for e in row.evidence if e["step"] == "password"]
    clock.advance(minutes=1)
    browser.get(rp.authorize_url(acr_values=TWO_FACTOR))
    assert browser.step == "totp"
    assert rp.finish(browser.login(bert)).claims["acr"] == TWO_FACTOR


def test_registered_default_acr_values(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """OpenID Connect Registration section 2: they hold where the request says nothing, and are a wish too."""
    strict = new_rp(world.client("strict", default_acr_values=[TWO_FACTOR]))
    assert strict.finish(browser.get(strict.authorize_url()).login(anna)).claims["acr"] == PASSWORD


def test_an_essential_acr_is_reached_by_setting_up(rp: RelyingParty, at_work: Browser, anna: KnownUser) -> None:
    """Section 5.5.1.1: the page is shown, also the set-up."""
    at_work.get(rp.authorize_url(claims=acr_claim(essential=True, value=TWO_FACTOR)))
    assert at_work.step == "set_up_totp"
    assert rp.finish(at_work.login(anna)).claims["acr"] == TWO_FACTOR


def test_cancelling_before_an_essential_acr(rp: RelyingParty, browser: Browser) -> None:
    """The requirement was not met."""
    browser.get(rp.authorize_url(claims=acr_claim(essential=True, value=TWO_FACTOR))).submit("Cancel")
    assert rp.answer(browser)["error"] == "unmet_authentication_requirements"


def test_cancelling_where_the_essential_acr_is_reached(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """Then it is only a person who cancels."""
    clock.advance(minutes=1)
    claims = acr_claim(essential=True, value=PASSWORD)
    at_work.get(rp.authorize_url(claims=claims)).get(rp.authorize_url(claims=claims, acr_values="x", max_age="0"))
    at_work.submit("Cancel")
    assert rp.answer(at_work)["error"] == "unmet_authentication_requirements"


def test_an_essential_acr_that_the_person_cannot_reach(rp: RelyingParty, at_work: Browser) -> None:
    """Nobody is shown a page that does not help."""
    at_work.get(rp.authorize_url(claims=acr_claim(essential=True, value="phr")))
    assert rp.answer(at_work)["error"] == "unmet_authentication_requirements"


def test_the_same_found_out_after_the_password(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """The login room says so, and the application hears it in the standard's words."""
    browser.get(rp.authorize_url(claims=acr_claim(essential=True, value="phr"))).login(anna)
    assert rp.answer(browser)["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("values", [["urn:mace:incommon:iap:silver"], [1, None]], ids=str)
def test_an_essential_acr_that_nobody_knows(rp: RelyingParty, browser: Browser, values: list[Any]) -> None:
    """A requirement that cannot be met is a failed login."""
    browser.get(rp.authorize_url(claims=acr_claim(essential=True, values=values)))
    assert rp.answer(browser)["error"] == "unmet_authentication_requirements"


def test_an_essential_acr_is_answered_with_one_of_its_values(
    rp: RelyingParty, browser: Browser, bert: KnownUser
) -> None:
    """Section 5.5.1.1: the acr must be one of those asked: the strongest that the login is worth."""
    claims = acr_claim(essential=True, values=[PASSWORD, "phr", SECURITY_CODE])
    assert rp.finish(browser.get(rp.authorize_url(claims=claims)).login(bert)).claims["acr"] == SECURITY_CODE


def test_the_weakest_essential_value_is_enough(rp: RelyingParty, at_work: Browser) -> None:
    """Any of them will do."""
    at_work.get(rp.authorize_url(claims=acr_claim(essential=True, values=[TWO_FACTOR, PASSWORD])))
    assert rp.finish(at_work).claims["acr"] == PASSWORD


def test_a_voluntary_acr_claim_is_a_wish(rp: RelyingParty, at_work: Browser) -> None:
    """Section 5.5.1.1: the answer says what there is."""
    at_work.get(rp.authorize_url(claims=acr_claim(values=["unknown", PASSWORD])))
    assert rp.finish(at_work).claims["acr"] == PASSWORD


def test_an_acr_claim_without_values_asks_nothing(rp: RelyingParty, at_work: Browser) -> None:
    """It is told in any case."""
    at_work.get(rp.authorize_url(claims=acr_claim(essential=True)))
    assert "acr" in rp.finish(at_work).claims
