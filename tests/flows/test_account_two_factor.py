"""The two-factor card of the user page: set up, a new phone, switch off, recovery codes."""

import pytest

from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownUser, World

SECURITY = "/account/security"
TWO_FACTOR = "/account/security/two-factor"


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee who has two-factor."""
    return world.user("anna", world.tenant(), totp=True, recovery_codes=True)


def shown_secret(browser: Browser) -> str:
    return "".join(browser.page.one("[data-totp-secret]").get_text().split())


def asked_of(browser: Browser, user: KnownUser) -> list[str]:
    return browser.get("/account/").login(user).steps


def test_setting_up_from_the_security_page(world: World, new_browser: NewBrowser) -> None:
    """Somebody without two-factor sets it up with the button of the card, keeps ten codes, and comes back to the card."""
    anna = world.user("anna", world.tenant())
    browser = open_page(new_browser(), SECURITY, anna).follow("Set up")
    assert (browser.step, browser.path) == ("set_up_totp", TWO_FACTOR)
    browser.set_up_totp(anna)
    assert len(set(anna.recovery_codes)) == 10
    assert browser.path == SECURITY
    assert "Switch off" in browser.page.controls
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]


def test_setting_up_asks_the_password_again(world: World, new_browser: NewBrowser, clock: MovingClock) -> None:
    """A factor is added only with a proof that is not older than 15 minutes."""
    anna = world.user("anna", world.tenant())
    browser = open_page(new_browser(), SECURITY, anna)
    clock.advance(minutes=16)
    browser.get(TWO_FACTOR)
    assert browser.step == "password"
    browser.login(anna, until="set_up_totp")
    assert browser.steps == ["password", "security_code"]


def test_no_note_where_nobody_demands_it(world: World, new_browser: NewBrowser) -> None:
    """The note is for those who must; who sets up two-factor of their own will does not see it."""
    anna = world.user("anna", world.tenant())
    browser = open_page(new_browser(), SECURITY, anna).follow("Set up")
    assert "The user cannot use the system" not in browser.text


def test_the_old_phone_works_until_the_new_one_is_confirmed(anna: KnownUser, new_browser: NewBrowser) -> None:
    """B3: showing a new secret changes nothing; the confirming code puts it in the old one's place."""
    browser = open_page(new_browser(), TWO_FACTOR, anna)
    new_secret, old_secret = shown_secret(browser), anna.totp_secret
    assert new_secret != old_secret
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]
    confirm(browser, anna, new_secret)
    assert browser.path == SECURITY
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]
    anna.totp_secret = old_secret
    stranger = new_browser().get("/account/").login(anna, until="totp").fill(totp=anna.totp()).submit()
    assert (stranger.step, bool(stranger.alert)) == ("totp", True)


def confirm(browser: Browser, user: KnownUser, secret: str) -> Browser:
    user.totp_secret = secret
    browser.fill(totp=user.totp()).submit("Confirm")
    return browser.take_recovery_codes(user)


def test_a_wrong_code_confirms_nothing(anna: KnownUser, new_browser: NewBrowser) -> None:
    """B3: the same secret stays on the page with a message that is tied to the field."""
    browser = open_page(new_browser(), TWO_FACTOR, anna)
    secret, old_secret = shown_secret(browser), anna.totp_secret
    anna.totp_secret = secret
    browser.fill(totp=anna.wrong_totp()).submit("Confirm")
    assert browser.alert
    assert "error" in str(browser.page.one("input[name=totp]")["aria-describedby"]).split()
    assert shown_secret(browser) == secret
    anna.totp_secret = old_secret
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]


def test_a_new_phone_needs_a_fresh_proof(anna: KnownUser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """R34: password and second factor within 15 minutes, also when the page was open all the time; its secret is kept."""
    browser = open_page(new_browser(), TWO_FACTOR, anna)
    secret = shown_secret(browser)
    clock.advance(minutes=16)
    browser.fill(totp="000000").submit("Confirm")
    assert browser.step == "password"
    browser.login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert (browser.path, shown_secret(browser)) == (TWO_FACTOR, secret)
    confirm(browser, anna, secret)
    assert browser.path == SECURITY


def test_a_secret_waits_for_its_own_session_only(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Somebody else's waiting secret is as unknown as one that does not exist."""
    form = open_page(new_browser(), TWO_FACTOR, anna).filled_form("Confirm", totp="123456")
    bert = world.user("bert", world.tenant("other"), totp=True)
    browser = open_page(new_browser(), TWO_FACTOR, bert)
    secret = shown_secret(browser)
    token = browser.filled_form("Confirm").values[0][1]
    form.fill("csrf_token", token)
    browser.send(form)
    assert browser.alert is None
    assert shown_secret(browser) != secret


def test_changing_a_factor_ends_the_other_sessions(anna: KnownUser, new_browser: NewBrowser) -> None:
    """R34: whoever else is logged in as this person is so no longer; this session goes on."""
    elsewhere = open_page(new_browser("198.51.100.4"), SECURITY, anna)
    browser = open_page(new_browser(), TWO_FACTOR, anna)
    confirm(browser, anna, shown_secret(browser))
    assert elsewhere.get(SECURITY).step == "password"
    assert (browser.get(SECURITY).step, browser.path) == (None, SECURITY)


def test_changing_a_factor_ends_the_known_addresses(world: World, new_browser: NewBrowser) -> None:
    """C5: a new phone voids every 30-day grant."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True)
    asked_of(new_browser(), anna)
    assert asked_of(new_browser(), anna) == ["password", "security_code"]
    browser = open_page(new_browser("198.51.100.4"), TWO_FACTOR, anna)
    confirm(browser, anna, shown_secret(browser))
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]


def test_switching_off_asks_once_more(anna: KnownUser, new_browser: NewBrowser) -> None:
    """The button leads to a page that says what it means; only the button there does it."""
    browser = open_page(new_browser(), SECURITY, anna).submit("Switch off")
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]
    browser.submit("Switch off")
    assert "switched off" in browser.text
    assert "Set up" in browser.page.links
    assert asked_of(new_browser(), anna) == ["password", "security_code"]


def test_switching_off_by_hand_is_refused_while_mandatory(world: World, new_browser: NewBrowser) -> None:
    """B5: the form that was open before the tenant made it mandatory does nothing any more."""
    zon = world.tenant()
    anna = world.user("anna", zon, totp=True)
    browser = open_page(new_browser(), SECURITY, anna).submit("Switch off")
    form = browser.filled_form("Switch off")
    world.policy(zon, two_factor_mandatory=True)
    assert browser.send(form).status == 403
    assert "mandatory" in browser.text
    assert "Switch off" not in browser.get(SECURITY).page.controls
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]


def test_switching_off_a_stale_page(anna: KnownUser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """B5: the confirming button, pressed after 15 minutes, asks password and code and comes back to its page."""
    browser = open_page(new_browser(), SECURITY, anna).submit("Switch off")
    clock.advance(minutes=16)
    browser.submit("Switch off").login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert browser.page.controls.count("Switch off") == 1
    browser.submit("Switch off")
    assert asked_of(new_browser(), anna) == ["password", "security_code"]


def test_renewing_recovery_codes(anna: KnownUser, new_browser: NewBrowser) -> None:
    """B7: ten new codes, shown once; the old ones are worthless."""
    old = anna.recovery_codes[0]
    browser = open_page(new_browser(), SECURITY, anna).submit("Renew recovery codes").submit("Renew recovery codes")
    browser.take_recovery_codes(anna)
    assert len(set(anna.recovery_codes)) == 10
    assert old not in anna.recovery_codes
    assert browser.path == SECURITY
    assert not any(code in browser.page.html for code in anna.recovery_codes)
    again = new_browser().get("/account/").login(anna, until="totp").follow("Use a recovery code")
    assert again.fill(recovery_code=old).submit().alert
    again.fill(recovery_code=anna.recovery_codes[0]).submit()
    assert again.path == "/account/"


def test_renewing_recovery_codes_needs_a_fresh_proof(
    anna: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """B7, R34: as every change of a factor."""
    browser = open_page(new_browser(), SECURITY, anna)
    clock.advance(minutes=16)
    browser.submit("Renew recovery codes")
    assert browser.step == "password"
    browser.login(anna)
    clock.advance(minutes=16)
    browser.submit("Renew recovery codes").login(anna)
    assert "Renew recovery codes" in browser.page.controls
    assert "data-recovery-codes" not in browser.page.html


def test_a_recovery_code_sets_up_a_new_phone(anna: KnownUser, new_browser: NewBrowser) -> None:
    """B7: with the phone lost, a recovery code stands for the code that a new phone asks for."""
    browser = new_browser().get(TWO_FACTOR).login(anna, recovery_code=anna.recovery_codes[0])
    assert browser.path == TWO_FACTOR
    confirm(browser, anna, shown_secret(browser))
    assert asked_of(new_browser(), anna) == ["password", "security_code", "totp"]


@pytest.mark.parametrize("path", ["/account/security/two-factor/switch-off", "/account/security/recovery-codes"])
def test_without_two_factor_there_is_nothing_to_change(world: World, new_browser: NewBrowser, path: str) -> None:
    """The pages of a factor that is not there lead back to the card."""
    anna = world.user("anna", world.tenant())
    browser = new_browser().get(path).login(anna)
    assert browser.path == SECURITY
    token = browser.page.one("input[name=csrf_token]")["value"]
    assert browser.post(path, {"csrf_token": str(token)}).path == SECURITY
