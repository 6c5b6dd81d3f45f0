"""Mandatory two-factor: the note, the set-up, what it locks and what unlocks it (B1 to B7)."""

import pytest

from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import NOTE, change_settings, log_out, open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

PAGES = ["/account/", "/account/security", "/console/", "/console/settings"]


@pytest.mark.parametrize("kind", ["employee", "administrator", "accountant"])
def test_it_binds_every_kind_of_user(world: World, rp: RelyingParty, new_browser: NewBrowser, kind: str) -> None:
    """B1: administrators and accountants are users too."""
    user = world.user("anna", world.tenant(two_factor_mandatory=True), type=kind)
    browser = new_browser().get(rp.authorize_url()).login(user, until="set_up_totp")
    assert browser.step == "set_up_totp"
    assert NOTE in browser.text


def test_it_binds_an_accountant_who_works_for_that_tenant(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """B1: the policy is that of the tenant one works for."""
    fietsen = world.tenant("fietsen-bv", two_factor_mandatory=True, security_code=False)
    eva = world.user("eva", world.tenant(), type="accountant", works_for=[fietsen])
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen, until="set_up_totp")
    assert browser.steps == ["password"]
    assert NOTE in browser.text


@pytest.mark.parametrize("path", PAGES)
def test_half_a_login_opens_no_page(world: World, rp: RelyingParty, new_browser: NewBrowser, path: str) -> None:
    """B2: before the set-up there is no session: every page begins a login and none opens."""
    bert = world.user("bert", world.tenant(two_factor_mandatory=True), type="administrator")
    browser = new_browser().get(rp.authorize_url()).login(bert, until="set_up_totp")
    browser.get(path)
    assert browser.step in {"password", "set_up_totp"}
    browser.login(bert, until="set_up_totp")
    assert browser.step == "set_up_totp"
    assert NOTE in browser.text


@pytest.mark.parametrize("path", PAGES)
def test_an_older_session_leads_to_the_set_up(
    world: World, rp: RelyingParty, new_browser: NewBrowser, path: str
) -> None:
    """B2: who was logged in when it became mandatory meets the note on every page."""
    zon = world.tenant()
    bert = world.user("bert", zon, type="administrator")
    browser = new_browser().get(rp.authorize_url()).login(bert)
    world.policy(zon, two_factor_mandatory=True)
    browser.get(path)
    assert browser.step == "set_up_totp"
    assert NOTE in browser.text
    browser.get(rp.authorize_url())
    assert browser.step == "set_up_totp"


def test_without_a_page_there_is_no_way(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B2: `prompt=none` gets `interaction_required` with a session and `login_required` without."""
    zon = world.tenant()
    anna = world.user("anna", zon)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    world.policy(zon, two_factor_mandatory=True)
    assert rp.answer(browser.get(rp.authorize_url(prompt="none")))["error"] == "interaction_required"
    assert rp.answer(new_browser().get(rp.authorize_url(prompt="none")))["error"] == "login_required"


def test_the_set_up_page_shows_what_an_authenticator_needs(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """B3: a QR picture, the secret in base32, a link for the phone that shows the page, one field for the confirming code."""
    anna = world.user("anna", world.tenant(two_factor_mandatory=True))
    browser = new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp")
    assert str(browser.page.one("img[src^='data:image/svg+xml']")["src"])
    secret = "".join(browser.page.one("[data-totp-secret]").get_text().split())
    assert len(secret) == 32
    link = str(browser.page.one("a[href^='otpauth://totp/']")["href"])
    assert f"secret={secret}" in link
    assert browser.page.has_field("totp")
    assert browser.path == "/account/security/two-factor"


def test_only_a_correct_code_confirms(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B3: a wrong code keeps the secret on the page and sets up nothing; a correct one goes on."""
    anna = world.user("anna", world.tenant(two_factor_mandatory=True))
    browser = new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp")
    anna.totp_secret = "".join(browser.page.one("[data-totp-secret]").get_text().split())
    browser.fill(totp=anna.wrong_totp()).submit()
    assert browser.step == "set_up_totp"
    assert browser.alert
    assert "".join(browser.page.one("[data-totp-secret]").get_text().split()) == anna.totp_secret
    assert new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp").step == "set_up_totp"
    browser.login(anna)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def test_the_next_login_asks_totp(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B3: once confirmed the factor counts everywhere."""
    anna = world.user("anna", world.tenant(two_factor_mandatory=True))
    new_browser().get(rp.authorize_url()).login(anna)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == ["password", "security_code", "totp"]


def test_the_confirming_code_is_used(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D4: the code that confirmed the set-up logs nobody in again."""
    anna = world.user("anna", world.tenant(two_factor_mandatory=True))
    new_browser().get(rp.authorize_url()).login(anna)
    anna.last_step = 0
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    browser.fill(totp=anna.totp()).submit()
    assert browser.step == "totp"
    assert browser.alert


def test_ten_recovery_codes_are_shown_once(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B7: ten different codes, then Continue; the page never shows them again."""
    anna = world.user("anna", world.tenant(two_factor_mandatory=True))
    browser = new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp")
    anna.totp_secret = "".join(browser.page.one("[data-totp-secret]").get_text().split())
    browser.fill(totp=anna.totp()).submit()
    address = browser.page.address
    browser.take_recovery_codes(anna)
    assert len(set(anna.recovery_codes)) == 10
    assert "code" in rp.answer(browser)
    browser.get(address)
    assert not any(code in browser.page.html for code in anna.recovery_codes)


def test_a_recovery_code_stands_for_one_totp(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B7: it logs in once, makes no known-IP grant, and is worthless the second time."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True, recovery_codes=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, recovery_code=anna.recovery_codes[0])
    assert browser.steps == ["password", "security_code", "totp", "recovery_code"]
    claims = rp.finish(browser).claims
    assert claims["acr"] == "urn:informer:acr:2fa"
    again = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    assert again.step == "totp", "a recovery code made a known-IP grant"
    again.follow("Use a recovery code").fill(recovery_code=anna.recovery_codes[0]).submit()
    assert again.step == "recovery_code"
    assert again.alert
    again.login(anna, recovery_code=anna.recovery_codes[1])
    assert "code" in rp.answer(again)


def switch_off(browser: Browser, user: KnownUser) -> Browser:
    """Go to the page that asks whether two-factor is really to be switched off."""
    open_page(browser, "/account/security", user).submit("Switch off")
    return browser.login(user) if browser.step else browser


def test_the_last_second_factor_cannot_be_switched_off(world: World, new_browser: NewBrowser) -> None:
    """B5: while it is mandatory there is no button; a form from before, sent now, switches nothing off."""
    zon = world.tenant()
    anna = world.user("anna", zon, totp=True)
    browser = switch_off(new_browser(), anna)
    form = browser.filled_form("Switch off")
    world.policy(zon, two_factor_mandatory=True)
    browser.send(form)
    assert 400 <= browser.status < 500
    assert "Switch off" not in open_page(browser, "/account/security", anna).page.controls
    again = new_browser().get("/account/").login(anna)
    assert again.steps == ["password", "security_code", "totp"]


def test_a_member_cannot_switch_it_off_either(world: World, new_browser: NewBrowser) -> None:
    """B5: mandatory in the tenant that one works for now, it cannot be switched off, whatever the home tenant says."""
    fietsen = world.tenant("fietsen-bv", two_factor_mandatory=True)
    eva = world.user("eva", world.tenant(), type="accountant", works_for=[fietsen], totp=True)
    browser = new_browser().get("/account/security").login(eva, tenant=fietsen)
    assert "Switch off" not in browser.page.controls


def test_switching_off_needs_a_fresh_proof(world: World, new_browser: NewBrowser, clock: MovingClock) -> None:
    """B5: password and second factor again, when the last proof is not fresh."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = open_page(new_browser(), "/account/security", anna)
    clock.advance(hours=1)
    browser.get("/account/security").submit("Switch off")
    assert browser.step == "password"
    browser.login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    browser.submit("Switch off")
    assert new_browser().get("/account/").login(anna).steps == ["password", "security_code"]


def test_an_old_form_switches_nothing_off(world: World, new_browser: NewBrowser, clock: MovingClock) -> None:
    """B5: the fresh proof is asked when the button is pressed, not when the page was opened."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = switch_off(new_browser(), anna)
    clock.advance(hours=1)
    browser.submit("Switch off")
    assert browser.step == "password"
    assert new_browser().get("/account/").login(anna).steps == ["password", "security_code", "totp"]


def test_the_administrator_makes_it_mandatory_and_the_next_login_shows_it(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """B1: from now on every user must set up 2FA."""
    zon = world.tenant()
    bert = world.user("bert", zon, type="administrator", totp=True)
    anna = world.user("anna", zon)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == ["password", "security_code"]
    log_out(browser)
    change_settings(new_browser(), bert, two_factor_mandatory=True)
    browser.get(rp.authorize_url()).login(anna, until="set_up_totp")
    assert NOTE in browser.text


def test_a_dutch_page_has_a_dutch_note(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B2: a Dutch page shows a Dutch translation of the note."""
    anna = world.user("anna", world.tenant(two_factor_mandatory=True, locale="nl"), locale="nl")
    browser = new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp")
    assert browser.page.one("html")["lang"] == "nl"
    assert NOTE not in browser.text
    assert "2FA" in browser.text
