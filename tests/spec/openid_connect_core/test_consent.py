"""Sections 3.1.2.4 and 11: what a person allows an application that is not Informer's."""

from __future__ import annotations

import pytest

from idp.audit.models import AuditEvent
from idp.outbox.models import Queued
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser, NewBrowser
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def shop(world: World, new_rp: NewRp) -> RelyingParty:
    """A third party's application."""
    scope = "openid profile email offline_access stock"
    return new_rp(world.client("shop", name="Web Shop", first_party=False, scope=scope))


def test_it_is_asked_after_the_login(shop: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """The page names the application and what it asks for."""
    browser.get(shop.authorize_url(scope="openid email stock")).login(anna, until="consent")
    assert browser.step == "consent"
    assert "Web Shop" in browser.text
    assert "your e-mail address" in browser.text
    assert "stock" in browser.text


def test_allowing(world: World, shop: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """The application gets its answer, and the audit log remembers."""
    browser.get(shop.authorize_url()).login(anna)
    assert browser.steps[-1] == "consent"
    assert shop.finish(browser).claims["sub"] == str(anna.id)
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="consent.given").count() == 1


def test_cancelling(shop: RelyingParty, at_work: Browser) -> None:
    """access_denied."""
    at_work.get(shop.authorize_url()).submit("Cancel")
    assert shop.answer(at_work)["error"] == "access_denied"


def test_what_was_allowed_is_not_asked_again(shop: RelyingParty, at_work: Browser) -> None:
    """Nor is a part of it."""
    at_work.get(shop.authorize_url()).submit("Allow")
    shop.answer(at_work)
    assert "code" in shop.answer(at_work.get(shop.authorize_url(scope="openid")))


def test_something_new_is_asked(shop: RelyingParty, at_work: Browser) -> None:
    """And what was allowed before stays allowed."""
    at_work.get(shop.authorize_url(scope="openid email")).submit("Allow")
    shop.answer(at_work)
    assert at_work.get(shop.authorize_url(scope="openid profile")).step == "consent"
    shop.answer(at_work.submit("Allow"))
    assert "code" in shop.answer(at_work.get(shop.authorize_url(scope="openid email profile")))


def test_prompt_consent_asks_again(shop: RelyingParty, at_work: Browser) -> None:
    """Section 3.1.2.1."""
    shop.answer(at_work.get(shop.authorize_url()).submit("Allow"))
    assert at_work.get(shop.authorize_url(prompt="consent")).step == "consent"
    assert "code" in shop.answer(at_work.submit("Allow"))


def test_prompt_consent_of_a_first_party_application(rp: RelyingParty, at_work: Browser) -> None:
    """It is Informer's own: there is nothing to allow."""
    assert "code" in rp.answer(at_work.get(rp.authorize_url(prompt="consent")))


def test_offline_access_needs_prompt_consent(shop: RelyingParty, at_work: Browser) -> None:
    """Section 11: without it, offline_access is ignored."""
    at_work.get(shop.authorize_url(scope="openid offline_access")).submit("Allow")
    response = shop.finish(at_work).response
    assert "refresh_token" not in response
    assert response["scope"] == "openid"


def test_offline_access_with_prompt_consent(shop: RelyingParty, at_work: Browser) -> None:
    """Section 11: the page says so."""
    at_work.get(shop.authorize_url(scope="openid offline_access", prompt="consent"))
    assert "while you are away" in at_work.text
    assert "refresh_token" in shop.finish(at_work.submit("Allow")).response


def test_a_form_without_a_decision_decides_nothing(shop: RelyingParty, at_work: Browser) -> None:
    """The page is shown again."""
    at_work.get(shop.authorize_url())
    form = at_work.filled_form("Allow")
    form.fill("decision", "perhaps")
    assert at_work.send(form).step == "consent"
    assert "code" in shop.answer(at_work.submit("Allow"))


def test_allowing_needs_the_form_of_this_browser(shop: RelyingParty, at_work: Browser) -> None:
    """RFC 6749 section 10.12: the form carries a token."""
    at_work.get(shop.authorize_url())
    at_work.post(at_work.page.address, {"decision": "allow"})
    assert at_work.landed is None
    assert at_work.status == 400


def test_only_the_person_who_saw_the_page_can_allow(
    world: World, zon: KnownTenant, rp: RelyingParty, shop: RelyingParty, at_work: Browser
) -> None:
    """Somebody else has logged in in the meantime: that person is asked."""
    bert = world.user("bert", zon)
    at_work.get(shop.authorize_url())
    form = at_work.filled_form("Allow")
    browser_cookie = dict(at_work.http.cookies)
    at_work.get("/logout").submit("Log out")
    at_work.get(rp.authorize_url()).login(bert)
    assert browser_cookie.keys() == dict(at_work.http.cookies).keys()
    assert at_work.send(form).step == "consent"


def test_a_consent_page_is_answered_once(shop: RelyingParty, at_work: Browser) -> None:
    """A second press of the button makes no second code."""
    form = at_work.get(shop.authorize_url()).filled_form("Allow")
    assert "code" in shop.answer(at_work.send(form))
    at_work.send(form)
    assert at_work.landed is None
    assert at_work.status == 404


def test_consent_is_of_one_person(
    world: World, zon: KnownTenant, shop: RelyingParty, at_work: Browser, new_browser: NewBrowser
) -> None:
    """And of one application."""
    bert = world.user("bert", zon)
    shop.answer(at_work.get(shop.authorize_url()).submit("Allow"))
    assert new_browser().get(shop.authorize_url()).login(bert, until="consent").step == "consent"


# Taken back


def test_it_can_be_taken_back(
    world: World, shop: RelyingParty, rp: RelyingParty, browser: Browser, anna: KnownUser
) -> None:
    """Section 11, RFC 6749 section 1.5: all that the application got is dead at once, offline access too; it asks anew."""
    browser.get(shop.authorize_url(scope=OFFLINE, prompt="consent")).login(anna)
    mine = shop.finish(browser)
    others = rp.finish(browser.get(rp.authorize_url(scope=OFFLINE)))
    waiting = shop.answer(browser.get(shop.authorize_url()))["code"]
    browser.get("/account/security")
    assert "Web Shop" in browser.text
    browser.submit("Take back")
    assert "may not use your data any more" in browser.text
    assert "Web Shop" not in browser.text
    assert shop.userinfo(mine).status_code == 401
    assert shop.refresh(mine).json()["error"] == shop.redeem(waiting).json()["error"] == "invalid_grant"
    assert rp.userinfo(others).status_code == rp.refresh(others).status_code == 200
    assert browser.get(shop.authorize_url()).step == "consent"
    with world.unit_of_work() as session:
        (event,) = session.query(AuditEvent).filter_by(kind="consent.withdrawn")
        assert (event.user_id, event.detail) == (anna.id, {"client_id": "shop"})


def test_only_what_is_ones_own(
    world: World, zon: KnownTenant, shop: RelyingParty, at_work: Browser, new_browser: NewBrowser
) -> None:
    """Section 3.1.2.4: somebody else's consent, one that was taken back already, and no application at all are unknown."""
    at_work.get(shop.authorize_url()).submit("Allow")
    shop.finish(at_work)
    form = at_work.get("/account/security").filled_form("Take back")
    other = new_browser().get("/account/security").login(world.user("bea", zon))
    stolen = other.filled_form("Sign out everywhere")
    stolen.action = form.action
    assert other.send(stolen).status == 404
    assert at_work.send(form).status == 200
    assert at_work.send(form).status == 404
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="consent.withdrawn").count() == 1


def test_the_application_is_told(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """Back-Channel Logout section 2.3: a logout token is on its way."""
    metadata = {"backchannel_logout_uri": "https://shop.example/out"}
    shop = new_rp(world.client("shop", name="Web Shop", first_party=False, **metadata))  # type: ignore[arg-type]
    browser.get(shop.authorize_url()).login(anna)
    shop.finish(browser)
    browser.get("/account/security").submit("Take back")
    with world.unit_of_work() as session:
        assert session.query(Queued).filter_by(kind="application_to_tell").count() == 1
