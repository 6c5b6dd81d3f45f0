"""Sections 3.1.2.1 and 3.1.2.6: prompt=none never shows a page; which error it gets says what is missing."""

from __future__ import annotations

import json

import pytest

from idp.tenancy.models import Membership
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, World

TWO_FACTOR = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:informer:acr:2fa"}}})


def silently(rp: RelyingParty, browser: Browser, **changes: str | None) -> str:
    """The error of a request that may show no page, or "code"."""
    answer = rp.answer(browser.get(rp.authorize_url(prompt="none", **changes)))
    return answer.get("error", "code")


def test_with_a_login_it_is_answered(rp: RelyingParty, at_work: Browser) -> None:
    """Single sign-on needs no page."""
    assert silently(rp, at_work) == "code"


def test_by_post_too(rp: RelyingParty, at_work: Browser) -> None:
    """The browser fetches the answer by GET, and still sees no page."""
    at_work.post("/authorize", rp.parameters(prompt="none"))
    assert "code" in rp.answer(at_work)


def test_an_error_by_post_is_given_once(rp: RelyingParty, browser: Browser) -> None:
    """An error is an answer: the request is spent."""
    answer = browser.http.post("/authorize", data=rp.parameters(prompt="none"))
    resume = answer.headers["location"]
    assert rp.answer(browser.get(resume))["error"] == "login_required"
    assert browser.get(resume).status == 404


def test_without_a_login(rp: RelyingParty, browser: Browser) -> None:
    """login_required."""
    assert silently(rp, browser) == "login_required"


def test_with_the_login_of_somebody_else(
    world: World, zon: KnownTenant, rp: RelyingParty, tokens: Tokens, browser: Browser
) -> None:
    """Section 3.1.2.2: with a hint of another person nobody who would do is logged in."""
    bert = world.user("bert", zon)
    browser.http.cookies.clear()
    browser.get(rp.authorize_url()).login(bert)
    assert silently(rp, browser, id_token_hint=tokens.id_token) == "login_required"


def test_with_a_login_that_is_too_old(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """login_required: max_age."""
    clock.advance(seconds=61)
    assert silently(rp, at_work, max_age="60") == "login_required"


def test_while_two_factor_must_be_set_up(world: World, zon: KnownTenant, rp: RelyingParty, at_work: Browser) -> None:
    """interaction_required: the person would be led to the page that sets it up."""
    world.policy(zon, two_factor_mandatory=True)
    assert silently(rp, at_work) == "interaction_required"
    assert silently(rp, at_work, claims=TWO_FACTOR) == "interaction_required"


def test_when_the_policy_owes_another_step(world: World, zon: KnownTenant, rp: RelyingParty, at_work: Browser) -> None:
    """interaction_required: a single sign-on session is judged by the policy of this moment."""
    world.policy(zon, security_code=True)
    assert silently(rp, at_work) == "interaction_required"


def test_when_an_essential_acr_is_not_reached(rp: RelyingParty, at_work: Browser) -> None:
    """Section 5.5.1.1: unmet_authentication_requirements."""
    assert silently(rp, at_work, claims=TWO_FACTOR) == "unmet_authentication_requirements"


def test_when_an_essential_acr_is_out_of_reach(rp: RelyingParty, at_work: Browser) -> None:
    """The person has no passkey."""
    phr = json.dumps({"id_token": {"acr": {"essential": True, "value": "phr"}}})
    assert silently(rp, at_work, claims=phr) == "unmet_authentication_requirements"


def test_a_voluntary_acr_makes_no_error(rp: RelyingParty, at_work: Browser) -> None:
    """Section 5.5.1.1: the answer tells the context that there is."""
    at_work.get(rp.authorize_url(prompt="none", acr_values="urn:informer:acr:2fa"))
    assert rp.finish(at_work).claims["acr"] == "urn:informer:acr:password"


def test_when_a_tenant_must_be_chosen(world: World, rp: RelyingParty, browser: Browser) -> None:
    """account_selection_required: the company that the session worked for is not the user's any more, several others are."""
    home, fietsen, bakker = (world.tenant(slug, security_code=False) for slug in ("kantoor", "fietsen-bv", "bakker"))
    eva = world.user("eva", home, type="accountant", works_for=[fietsen, bakker])
    rp.finish(browser.get(rp.authorize_url(tenant=fietsen.slug)).login(eva))
    assert silently(rp, browser) == "code"
    with world.unit_of_work() as session:
        session.query(Membership).filter_by(tenant_id=fietsen.id).delete()
    assert silently(rp, browser) == "account_selection_required"


def test_when_the_tenant_is_not_the_users(world: World, rp: RelyingParty, at_work: Browser) -> None:
    """access_denied."""
    world.tenant("fietsen-bv")
    assert silently(rp, at_work, tenant="fietsen-bv") == "access_denied"


def test_when_consent_is_missing(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """consent_required."""
    assert silently(new_rp(world.client("shop", first_party=False)), at_work) == "consent_required"


@pytest.mark.parametrize("scope", ["openid", "openid profile"])
def test_with_consent_given_before(world: World, new_rp: NewRp, at_work: Browser, scope: str) -> None:
    """For the scopes that were allowed, or fewer."""
    shop = new_rp(world.client("shop", first_party=False))
    at_work.get(shop.authorize_url(scope="openid profile")).submit("Allow")
    assert "code" in shop.answer(at_work)
    assert silently(shop, at_work, scope=scope) == "code"
