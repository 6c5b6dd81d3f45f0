"""No address, tab, form or cookie reaches past a step that is still owed (A3, A4)."""

from urllib.parse import urlsplit

import pytest
from flask import Flask

from idp.accounts.models import User
from idp.accounts.users import lifecycle
from idp.login.models import BrowserSession
from idp.oidc.models import AuthorizationGrant
from idp.tenancy.models import Membership
from tests.support.browser import Browser, NewBrowser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.page import Page
from tests.support.pages import log_out
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownUser, World

OURS = ["/account/", "/account/security", "/account/security/two-factor", "/console/", "/console/settings"]


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee with a security code and an authenticator before her."""
    return world.user("anna", world.tenant(), totp=True, recovery_codes=True)


def nothing_given(world: World) -> bool:
    """Whether no session and no code exists."""
    with world.unit_of_work() as session:
        return bool(session.query(BrowserSession).count() + session.query(AuthorizationGrant).count() == 0)


def handle_of(browser: Browser) -> str:
    """The transaction's handle in the address of the step that is shown."""
    return urlsplit(browser.page.address).path.split("/")[2]


def csrf_of(page: Page) -> str:
    """The token of the page's first form."""
    return str(page.one("input[name=csrf_token]")["value"])


@pytest.mark.parametrize("shown", ["password", "security_code", "totp"])
@pytest.mark.parametrize("path", OURS)
def test_a_half_open_login_opens_no_page(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, shown: str, path: str
) -> None:
    """A3: whatever is proved so far, every page of our own asks for a login, from its first step."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until=shown)
    browser.get(path)
    assert browser.step == "password"
    assert nothing_given(world)


@pytest.mark.parametrize("shown", ["password", "security_code", "totp"])
def test_a_half_open_login_is_no_session_for_applications(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, shown: str
) -> None:
    """A3: `prompt=none` in the middle of a login is `login_required`."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until=shown)
    browser.get(rp.authorize_url(prompt="none"))
    assert rp.answer(browser)["error"] == "login_required"
    assert nothing_given(world)


LATER = ["security_code", "totp", "recovery_code", "choose_tenant", "set_up_totp"]


@pytest.mark.parametrize("step", LATER)
def test_a_step_out_of_turn_is_not_taken(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, step: str
) -> None:
    """A3: the right answer to a later step, sent before the password, leads to the password."""
    browser = new_browser().get(rp.authorize_url())
    fields = {
        "csrf_token": csrf_of(browser.page),
        "username": anna.username,
        "security_code": anna.tenant.code,
        "totp": anna.totp(),
        "recovery_code": anna.recovery_codes[0],
        "tenant": anna.tenant.slug,
    }
    browser.post(f"/login/{handle_of(browser)}/{step}", fields)
    assert (browser.status, browser.step) == (200, "password")
    assert nothing_given(world)


def test_totp_in_place_of_the_security_code(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A3: a TOTP code sent while the security code is owed is not taken, and the security code stays owed."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    form = browser.filled_form(security_code="")
    form.fill("totp", anna.totp())
    for action in (form.action, form.action.replace("security_code", "totp").replace("security-code", "totp")):
        form.action = action
        browser.send(form)
        assert browser.step == "security_code"
    assert nothing_given(world)
    browser.login(anna)
    assert browser.steps == ["security_code", "totp"], "a code that was sent out of turn counted"


def test_another_browsers_login_cannot_be_gone_on_with(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A4: the address of somebody's login shows nothing and takes nothing in another browser."""
    victim = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    address = victim.page.address
    thief = new_browser().get(rp.authorize_url())
    form = victim.filled_form(totp=anna.totp())
    form.fill("csrf_token", csrf_of(thief.page))
    thief.get(address)
    assert thief.step != "totp"
    assert thief.landed is None
    thief.send(form)
    assert thief.step != "totp"
    assert thief.landed is None
    assert nothing_given(world)
    victim.login(anna)
    assert "code" in rp.answer(victim)


def test_a_login_begun_by_somebody_else_is_not_ended_by_the_victim(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A4: an attacker's login address, opened by the victim, asks the victim for nothing (login CSRF)."""
    attacker = new_browser().get(rp.authorize_url())
    victim = new_browser().get(attacker.page.address)
    assert not victim.page.has_field("password")
    assert victim.landed is None


def test_a_form_without_its_token_is_refused(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A3: every form is bound to its browser, before the login too (cross-site request forgery)."""
    browser = new_browser().get(rp.authorize_url())
    form = browser.filled_form(username=anna.username, password=anna.password)
    for token in (None, "", "forged", csrf_of(new_browser().get(rp.authorize_url()).page)):
        form.clear("csrf_token")
        if token is not None:
            form.fill("csrf_token", token)
        browser.send(form)
        assert 400 <= browser.status < 500
        assert browser.step != "security_code"


def test_a_form_from_another_origin_is_refused(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A3: the Origin header of a foreign page is refused even with the right token."""
    browser = new_browser().get(rp.authorize_url())
    form = browser.filled_form(username=anna.username, password=anna.password)
    browser.post(form.action, form.values, Origin="https://evil.example")
    assert 400 <= browser.status < 500


def test_a_replayed_form_moves_nothing(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A3: the password form sent again shows the step that is owed now."""
    browser = new_browser().get(rp.authorize_url())
    form = browser.filled_form(username=anna.username, password=anna.password)
    browser.send(form)
    assert browser.step == "security_code"
    browser.send(form)
    assert browser.step == "security_code"
    assert nothing_given(world)


def test_a_finished_login_is_finished(world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A3: the last form sent again, by the back button or by a thief, opens no second session and no second code."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    form = browser.filled_form(totp=anna.totp())
    browser.send(form)
    rp.finish(browser)
    secret = browser.http.cookies["__Host-idp_session"]
    browser.send(form)
    assert browser.status < 500
    assert browser.landed is None or "code=" not in browser.landed
    assert browser.http.cookies["__Host-idp_session"] == secret
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).count() == 1
        assert session.query(AuthorizationGrant).count() == 1


def test_another_user_cannot_be_named_later(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A3: the user is fixed by the password; a username in a later form is nobody."""
    zon = world.tenant()
    anna, bert = world.user("anna", zon, totp=True), world.user("bert", zon, totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    form = browser.filled_form(totp=bert.totp())
    form.fill("username", bert.username)
    browser.send(form)
    assert browser.step == "totp"
    assert browser.alert
    browser.login(anna)
    with world.unit_of_work() as session:
        assert {row.user_id for row in session.query(BrowserSession)} == {anna.id}


def test_proofs_of_two_people_are_never_added_up(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A3: whoever knows a victim's password cannot complete the login with a TOTP of their own.

    The attacker's login stands after the TOTP, at the choice of a tenant, as the one of the session is theirs no more; the
    session that had proved the password ends in another tab, so the password is asked again: there the victim's is typed.
    """
    zon = world.tenant(security_code=False)
    fietsen, bakker = (world.tenant(slug, security_code=False) for slug in ("fietsen-bv", "bakker"))
    victim = world.user("vic", zon, totp=True)
    eva = world.user("eva", zon, type="accountant", totp=True, every_30_days=True, works_for=[fietsen, bakker])
    new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva)
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva)
    assert browser.steps == ["password"]
    with world.unit_of_work() as session:
        session.query(Membership).filter_by(user_id=eva.id, tenant_id=fietsen.id).delete()
    browser.get(rp.authorize_url(acr_values="urn:informer:acr:2fa")).login(eva, until="choose_tenant")
    assert browser.steps == ["totp"]
    under_way = browser.page.address
    log_out(browser).get(under_way)
    assert browser.step == "password"
    browser.login(victim, until="totp")
    assert browser.step == "totp", "the attacker's TOTP counted for the victim"


def test_another_persons_session_proves_nothing(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A3: in a browser where somebody is logged in, another person proves every step of their own."""
    zon = world.tenant()
    anna, bert = world.user("anna", zon, totp=True), world.user("bert", zon, totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    hers = rp.finish(browser).claims
    clock.advance(seconds=1)
    browser.get(rp.authorize_url(prompt="login")).login(bert)
    assert browser.steps == ["password", "security_code", "totp"]
    his = rp.finish(browser).claims
    assert his["sub"] != hers["sub"]
    assert his["sid"] != hers["sid"]


@pytest.mark.parametrize("answer", ["", " ", "0", "000000000000", "null", "[]", "true", "482915\x00"])
def test_an_odd_answer_is_a_wrong_answer(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, answer: str
) -> None:
    """A3: empty, short, long and oddly typed answers are wrong ones."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    browser.fill(security_code=answer).submit()
    assert browser.status < 500
    assert browser.step in {None, "security_code"}
    assert nothing_given(world)


def test_an_answer_given_twice_is_a_wrong_answer(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A3: of two values of one field neither is taken."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    form = browser.filled_form(security_code="000000")
    form.values.append(("security_code", anna.tenant.code))
    browser.send(form)
    assert browser.status < 500
    assert browser.step in {None, "security_code"}
    missing = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    form = missing.filled_form(totp="")
    form.clear("totp")
    missing.send(form)
    assert missing.step in {None, "totp"}
    assert nothing_given(world)


@pytest.mark.both_stores
@pytest.mark.parametrize("shown", ["password", "security_code", "totp"])
def test_an_expired_login_begins_again_with_the_same_request(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock, shown: str
) -> None:
    """A4: after 15 minutes the page says so and offers to begin again; the application gets its answer."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until=shown)
    clock.advance(minutes=15)
    field = {"password": {"username": anna.username, "password": anna.password}}.get(shown, {shown: "000000"})
    browser.fill(**field).submit()
    assert "expired" in browser.text
    browser.press("Begin again")
    assert browser.step == "password"
    browser.login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def test_a_moment_before_it_has_not_expired(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A4: a login lives for 15 minutes."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    clock.advance(minutes=14)
    browser.login(anna)
    assert "code" in rp.answer(browser)


@pytest.mark.both_stores
def test_two_tabs_with_two_applications(world: World, anna: KnownUser, new_rp: NewRp, new_browser: NewBrowser) -> None:
    """A4: two logins in one browser, step by step in turns, each end at their own application."""
    books = new_rp(world.client("books"))
    wages = new_rp(world.client("wages", redirect_uris=["https://wages.example/cb"]))
    browser = new_browser().get(books.authorize_url()).login(anna, until="security_code")
    first = browser.page
    browser.get(wages.authorize_url()).login(anna, until="totp")
    second, browser.page = browser.page, first
    browser.login(anna)
    assert browser.steps[0] == "security_code"
    assert books.finish(browser).claims["aud"] in ("books", ["books"])
    browser.page, browser.landed = second, None
    browser.login(anna)
    assert wages.finish(browser).claims["aud"] in ("wages", ["wages"])


def test_a_tab_left_behind_goes_on_without_asking_again(
    world: World, anna: KnownUser, new_rp: NewRp, new_browser: NewBrowser
) -> None:
    """A4, A6: reloading the first tab after logging in in the second leads to the first tab's application."""
    books = new_rp(world.client("books"))
    wages = new_rp(world.client("wages", redirect_uris=["https://wages.example/cb"]))
    browser = new_browser().get(books.authorize_url())
    left = browser.page.address
    browser.get(wages.authorize_url()).login(anna)
    wages.finish(browser)
    browser.get(left)
    if browser.step:
        browser.login(anna)
    assert "code" in books.answer(browser)


@pytest.mark.both_stores
def test_cancel_tells_the_application(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A4: Cancel answers `access_denied` to the application that asked (RFC 6749 section 4.1.2.1)."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    browser.submit("Cancel")
    assert rp.answer(browser)["error"] == "access_denied"


def test_cancel_of_an_essential_demand_says_that_it_was_not_met(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A2: Cancel answers `unmet_authentication_requirements` where the application cannot do without."""
    anna = world.user("anna", world.tenant())
    essential = '{"id_token":{"acr":{"essential":true,"value":"urn:informer:acr:2fa"}}}'
    browser = new_browser().get(rp.authorize_url(claims=essential)).login(anna, until="set_up_totp")
    browser.submit("Cancel")
    assert rp.answer(browser)["error"] == "unmet_authentication_requirements"


def test_a_disabled_user_goes_no_further(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A1: disabled in the middle of a login, the person gets nothing."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    with world.unit_of_work() as session:
        lifecycle.disable(session.get(User, anna.id))
    browser.fill(totp=anna.totp()).submit()
    assert browser.landed is None or "code=" not in browser.landed
    assert nothing_given(world)


def test_after_logout_a_copied_cookie_is_worthless(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A5: the session ends on the server."""
    browser = new_browser().get(rp.authorize_url()).login(anna)
    secret = browser.http.cookies["__Host-idp_session"]
    log_out(browser)
    thief = new_browser()
    thief.http.cookies.set("__Host-idp_session", secret)
    assert thief.get("/account/").step == "password"


def test_a_last_form_sent_twice_opens_one_session(
    app: Flask, world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A3: of two requests that finish one login, the second opens nothing; the place that it leads to judges anew."""
    anna = world.user("anna", world.tenant(security_code=False))
    browser = new_browser().get(rp.authorize_url())
    form = browser.filled_form(username=anna.username, password=anna.password)
    other = Browser(browser.http, browser.issuer, browser.transport)
    with meanwhile(app, "FROM users", lambda: other.send(form)) as others:
        browser.send(form)
    assert rp.answer(others[0])["code"]
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).filter(BrowserSession.user_id == anna.id).count() == 1
