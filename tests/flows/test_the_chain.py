"""The chain of steps: which are asked, in which order, and what single sign-on adds (A1 to A7)."""

from typing import Any

import pytest

from idp.login.models import BrowserSession
from tests.support.browser import NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import World

SESSION = "__Host-idp_session"

TENANTS = [
    pytest.param({"security_code": False}, False, ["password"], "urn:informer:acr:password", id="nothing more"),
    pytest.param({}, False, ["password", "security_code"], "urn:informer:acr:security-code", id="security code"),
    pytest.param({"security_code": False}, True, ["password", "totp"], "urn:informer:acr:2fa", id="totp by choice"),
    pytest.param({}, True, ["password", "security_code", "totp"], "urn:informer:acr:2fa", id="all of them"),
    pytest.param(
        {"block_new_ip": True},
        True,
        ["password", "security_code", "new_ip", "totp"],
        "urn:informer:acr:2fa",
        id="a new address before the second factor",
    ),
    pytest.param(
        {"two_factor_mandatory": True},
        False,
        ["password", "security_code", "set_up_totp"],
        "urn:informer:acr:2fa",
        id="set-up after the steps before it",
    ),
]


@pytest.mark.both_stores
@pytest.mark.parametrize(("policy", "totp", "steps", "acr"), TENANTS)
def test_the_policy_makes_the_chain(
    world: World,
    rp: RelyingParty,
    new_browser: NewBrowser,
    policy: dict[str, Any],
    totp: bool,
    steps: list[str],
    acr: str,
) -> None:
    """A2: password, security code and a new address where the policy asks it, then the second factor or its set-up."""
    anna = world.user("anna", world.tenant(**policy), totp=totp)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == steps
    claims = rp.finish(browser).claims
    assert claims["acr"] == acr
    assert set(claims["amr"]) == ({"pwd", "otp", "mfa"} if acr.endswith("2fa") else {"pwd"})


def test_the_policy_of_this_moment_holds_before_every_step(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A1: a policy that changes in the middle of a login counts from the next step on."""
    zon = world.tenant()
    anna = world.user("anna", zon)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    world.policy(zon, two_factor_mandatory=True)
    browser.login(anna)
    assert browser.steps == ["security_code", "set_up_totp"]
    assert "code" in rp.answer(browser)


def test_single_sign_on_asks_nothing_that_is_proved(world: World, new_rp: NewRp, new_browser: NewBrowser) -> None:
    """A6: the second application gets its answer without a page."""
    anna = world.user("anna", world.tenant(), totp=True)
    books, wages = (
        new_rp(world.client("books")),
        new_rp(world.client("wages", redirect_uris=["https://wages.example/cb"])),
    )
    browser = new_browser().get(books.authorize_url()).login(anna)
    first = books.finish(browser).claims
    browser.get(wages.authorize_url())
    second = wages.finish(browser).claims
    assert (second["sub"], second["sid"], second["auth_time"]) == (first["sub"], first["sid"], first["auth_time"])


def test_single_sign_on_is_judged_by_the_policy_of_now(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A6: what is newly owed is asked then and there, and nothing more."""
    zon = world.tenant(security_code=False)
    anna = world.user("anna", zon)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    rp.finish(browser)
    world.policy(zon, security_code=True)
    browser.get(rp.authorize_url()).login(anna)
    assert browser.steps == ["security_code"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:security-code"
    world.policy(zon, two_factor_mandatory=True)
    browser.get(rp.authorize_url()).login(anna)
    assert browser.steps == ["set_up_totp"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"
    browser.get(rp.authorize_url())
    assert "code" in rp.answer(browser)


def test_step_up_asks_only_the_second_factor(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A6, C7: a session of a known address that meets a demand for 2FA is asked TOTP, and then says so."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True)
    new_browser().get(rp.authorize_url()).login(anna)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == ["password", "security_code"]
    rp.finish(browser)
    browser.get(rp.authorize_url(acr_values="urn:informer:acr:2fa")).login(anna)
    assert browser.steps == ["totp"]
    claims = rp.finish(browser).claims
    assert claims["acr"] == "urn:informer:acr:2fa"
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}


def test_an_essential_demand_leads_to_the_set_up(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A2: who has no second factor sets one up where the application cannot do without."""
    anna = world.user("anna", world.tenant())
    essential = '{"id_token":{"acr":{"essential":true,"value":"urn:informer:acr:2fa"}}}'
    browser = new_browser().get(rp.authorize_url(claims=essential)).login(anna)
    assert browser.steps == ["password", "security_code", "set_up_totp"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def test_a_voluntary_demand_makes_nobody_set_up_anything(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A2: `acr_values` is met as far as the person's factors reach (OpenID Connect Core section 3.1.2.1)."""
    anna = world.user("anna", world.tenant())
    browser = new_browser().get(rp.authorize_url(acr_values="urn:informer:acr:2fa")).login(anna)
    assert browser.steps == ["password", "security_code"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:security-code"


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}], ids=str)
def test_a_fresh_login_is_every_step_anew(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock, demand: dict[str, str]
) -> None:
    """A5: evidence ages; `prompt=login` and `max_age` ask all of it again, and `auth_time` moves on."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    before = rp.finish(browser).claims["auth_time"]
    clock.advance(minutes=2)
    browser.get(rp.authorize_url(**demand)).login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert rp.finish(browser).claims["auth_time"] >= before + 120


def test_an_abandoned_fresh_login_proves_nothing(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A3: half of a fresh login is no fresh login: the next request for one asks every step again."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    clock.advance(minutes=2)
    browser.get(rp.authorize_url(prompt="login")).login(anna, until="totp")
    browser.get(rp.authorize_url(prompt="login")).login(anna)
    assert browser.steps == ["password", "security_code", "totp"]


def test_the_session_id_changes_at_every_rise(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A5: the cookie from before a step-up is worthless after it."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True)
    new_browser().get(rp.authorize_url()).login(anna)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    low = browser.http.cookies[SESSION]
    browser.get(rp.authorize_url(acr_values="urn:informer:acr:2fa")).login(anna)
    high = browser.http.cookies[SESSION]
    assert high != low
    thief = new_browser()
    thief.http.cookies.set(SESSION, low)
    assert thief.get("/account/").step == "password"


def test_a_session_id_of_somebodys_choice_is_never_adopted(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A5: a planted session cookie is replaced at the login (session fixation)."""
    anna = world.user("anna", world.tenant())
    browser = new_browser()
    browser.http.cookies.set(SESSION, "planted-by-somebody-else", domain="login.informer.example")
    browser.get(rp.authorize_url()).login(anna)
    rp.finish(browser)
    values = {cookie.value for cookie in browser.http.cookies.jar if cookie.name == SESSION}
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).count() == 1
    assert any(value != "planted-by-somebody-else" for value in values)
    thief = new_browser()
    thief.http.cookies.set(SESSION, "planted-by-somebody-else")
    assert thief.get("/account/").step == "password"


@pytest.mark.both_stores
def test_consent_comes_last_and_once(world: World, new_rp: NewRp, new_browser: NewBrowser) -> None:
    """A2: a third-party application gets its answer after the person allowed it; the same scopes are not asked again."""
    partner = new_rp(world.client("partner", name="Partner", first_party=False))
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get(partner.authorize_url()).login(anna)
    assert browser.steps == ["password", "security_code", "totp", "consent"]
    partner.finish(browser)
    again = new_browser().get(partner.authorize_url()).login(anna)
    assert again.steps == ["password", "security_code", "totp"]


def test_more_scopes_are_asked_for_anew(world: World, new_rp: NewRp, new_browser: NewBrowser) -> None:
    """A2: consent is for the scopes that were shown."""
    partner = new_rp(world.client("partner", name="Partner", first_party=False))
    anna = world.user("anna", world.tenant())
    browser = new_browser().get(partner.authorize_url(scope="openid")).login(anna)
    partner.finish(browser)
    browser.get(partner.authorize_url(scope="openid email")).login(anna)
    assert browser.steps == ["consent"]


def test_consent_that_is_not_given(world: World, new_rp: NewRp, new_browser: NewBrowser) -> None:
    """A2: Cancel on the consent page is `access_denied`; without a page it is `consent_required`."""
    partner = new_rp(world.client("partner", name="Partner", first_party=False))
    anna = world.user("anna", world.tenant())
    browser = new_browser().get(partner.authorize_url()).login(anna, until="consent")
    assert partner.answer(browser.submit("Cancel"))["error"] == "access_denied"
    browser.get(partner.authorize_url(prompt="none"))
    assert partner.answer(browser)["error"] == "consent_required"


def test_our_own_pages_ask_the_same_chain(world: World, new_browser: NewBrowser) -> None:
    """A3: the account page is no way around: it asks what an application's login asks."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get("/account/")
    browser.login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert (browser.status, browser.path) == (200, "/account/")


def test_a_session_of_a_known_address_proves_totp_for_the_console(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A3, C7: a waived TOTP is no proof: the console wants the second factor itself."""
    bert = world.user("bert", world.tenant(), type="administrator", totp=True, every_30_days=True)
    new_browser().get(rp.authorize_url()).login(bert)
    browser = new_browser().get(rp.authorize_url()).login(bert)
    assert "totp" not in browser.steps
    browser.get("/console/settings").login(bert)
    assert browser.steps == ["totp"]
    assert (browser.status, browser.path) == (200, "/console/settings")


def test_the_console_wants_a_recent_login(world: World, new_browser: NewBrowser, clock: MovingClock) -> None:
    """A5: evidence older than 15 minutes opens no settings."""
    bert = world.user("bert", world.tenant(), type="administrator", totp=True)
    browser = open_page(new_browser(), "/console/settings", bert)
    clock.advance(minutes=16)
    browser.get("/console/settings").login(bert)
    assert browser.steps == ["password", "security_code", "totp"]
    assert browser.path == "/console/settings"
