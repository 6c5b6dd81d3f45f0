"""The wrong account is logged in here: what an application gets, and how a person becomes somebody else (E1, E2, R15)."""

import pytest

from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """The tenant whose application it is."""
    return world.tenant("de-zon")


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """Who works there."""
    return world.user("anna", zon)


@pytest.fixture
def frits(world: World) -> KnownUser:
    """Who does not."""
    return world.user("frits", world.tenant("fietsen-bv", security_code=False))


@pytest.fixture
def zons(world: World, new_rp: NewRp, zon: KnownTenant) -> RelyingParty:
    """An application of that tenant."""
    return new_rp(world.client("zon-app", tenant=zon))


@pytest.fixture
def browser(new_browser: NewBrowser, rp: RelyingParty, frits: KnownUser, clock: MovingClock) -> Browser:
    """A browser in which Frits is logged in."""
    browser = new_browser().get(rp.authorize_url()).login(frits)
    rp.finish(browser)
    clock.advance(minutes=1)
    return browser


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_a_request_that_asks_who_it_is_lets_another_come(
    zons: RelyingParty, browser: Browser, anna: KnownUser, prompt: str
) -> None:
    """R15: the page says who is logged in and that they do not work there; Anna logs in by the whole chain, as herself."""
    browser.get(zons.authorize_url(prompt=prompt))
    assert browser.step == "password"
    assert "You are logged in as frits, who does not work for this company. Log in as somebody else." in browser.text
    assert browser.page.one("input[name=username]")["value"] == ""
    assert "Fietsen Bv" not in browser.text
    claims = zons.finish(browser.login(anna)).claims
    assert browser.steps == ["password", "security_code"]
    assert (claims["sub"], claims["tenant"]) == (str(anna.id), "de-zon")


def test_then_the_browser_is_theirs(zons: RelyingParty, rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """R44: one browser is one person: the session of the stranger ended when the other login was complete."""
    zons.finish(browser.get(zons.authorize_url(prompt="login")).login(anna))
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["sub"] == str(anna.id)


def test_half_a_login_as_somebody_else_ends_nothing(
    zons: RelyingParty, rp: RelyingParty, browser: Browser, anna: KnownUser, frits: KnownUser
) -> None:
    """R22: until the last step is answered the browser is still that of the first person, here and nowhere else."""
    browser.get(zons.authorize_url(prompt="login")).login(anna, until="security_code")
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["sub"] == str(frits.id)
    assert zons.answer(browser.get(zons.authorize_url(prompt="none")))["error"] == "access_denied"


def test_the_stranger_may_give_up(zons: RelyingParty, browser: Browser) -> None:
    """E2: Cancel is `access_denied` for the application."""
    browser.get(zons.authorize_url(prompt="login")).submit("Cancel")
    assert zons.answer(browser)["error"] == "access_denied"


def test_the_stranger_stays_one(zons: RelyingParty, browser: Browser, frits: KnownUser) -> None:
    """E2: whoever logs in as the same person again is refused before a code exists."""
    browser.get(zons.authorize_url(prompt="login")).login(frits)
    assert zons.answer(browser)["error"] == "access_denied"


def test_without_asking_the_answer_comes_at_once(zons: RelyingParty, browser: Browser) -> None:
    """E2: a request that does not ask who it is gets `access_denied`; with or without a page to ask on."""
    for asked in ({}, {"prompt": "none"}, {"prompt": "consent"}, {"max_age": "10000"}):
        assert zons.answer(browser.get(zons.authorize_url(**asked)))["error"] == "access_denied"


@pytest.mark.parametrize("slug", ["de-zon", "no-such-tenant"])
def test_the_words_do_not_tell_whether_a_tenant_exists(
    rp: RelyingParty, browser: Browser, zon: KnownTenant, slug: str
) -> None:
    """E1, R52: a tenant that the person does not work for and one that does not exist get the same page."""
    browser.get(rp.authorize_url(tenant=slug, prompt="login"))
    assert browser.step == "password"
    assert "You are logged in as frits, who does not work for this company." in browser.text
    assert zon.name not in browser.text


def test_a_page_of_ones_own_is_for_the_one_who_is_logged_in(
    world: World, new_browser: NewBrowser, zon: KnownTenant, frits: KnownUser, clock: MovingClock
) -> None:
    """R34: who is asked for a fresh proof and gives another account's is told, and nothing of either is lost."""
    carla = world.user("carla", zon, totp=True)
    browser = open_page(new_browser(), "/account/security", carla)
    clock.advance(minutes=16)
    browser.get("/account/security/two-factor").login(frits)
    assert browser.status == 403
    assert "That is another account than the one that is logged in here." in browser.text
    assert browser.page.links["Log out"].endswith("/logout")
    browser.follow("Go on").login(carla)
    assert (browser.status, browser.path) == (200, "/account/security/two-factor")
    assert "Carla" in browser.get("/account/").text
