"""Where the product asks whether somebody has a second factor, a passkey is one, as far as the policy takes it."""

import pytest

from tests.support.authenticator import Authenticator
from tests.support.browser import NewBrowser
from tests.support.pages import change_settings, open_page
from tests.support.passkeys import add_passkey, use
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

SECURITY = "/account/security"
TWO_FACTOR = f"{SECURITY}/two-factor"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """An employee with a password."""
    return world.user("anna", zon)


@pytest.fixture
def phone(anna: KnownUser, new_browser: NewBrowser) -> Authenticator:
    """Anna's passkey: she has no other second factor."""
    device = Authenticator()
    add_passkey(new_browser(), anna, device)
    return device


def test_an_authenticator_app_besides_the_passkey(
    anna: KnownUser, phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Whoever has only a passkey may set up TOTP after a proof with it; then either will do."""
    browser = use(new_browser().get(SECURITY), phone)
    browser.follow("Set up an authenticator app")
    assert (browser.path, "present phone" in browser.text) == (TWO_FACTOR, False)
    assert "Switch off" not in browser.page.controls
    anna.totp_secret = "".join(browser.page.one("[data-totp-secret]").get_text().split())
    browser.fill(totp=anna.totp()).submit("Confirm")
    browser.take_recovery_codes(anna)
    assert (browser.step, browser.path, len(anna.recovery_codes)) == (None, SECURITY, 10)
    again = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    assert {"Use a passkey", "Use a recovery code"} <= set(again.page.links)


def test_setting_up_totp_besides_asks_the_passkey(
    anna: KnownUser, phone: Authenticator, new_browser: NewBrowser
) -> None:
    """R34: nobody adds a factor with less proof than they could give."""
    browser = new_browser().get(TWO_FACTOR).login(anna, until="passkey")
    assert browser.steps == ["password", "security_code"]
    assert use(browser, phone).path == TWO_FACTOR


def test_of_two_kinds_one_may_go(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """B5: while it is mandatory TOTP may be switched off beside a passkey, and then the passkey must stay; nor both at once."""
    bert, key = world.user("bert", zon, totp=True), Authenticator()
    browser = add_passkey(new_browser(), bert, key)
    world.policy(zon, two_factor_mandatory=True)
    switch_off = browser.get(SECURITY).submit("Switch off").filled_form("Switch off")
    remove_page = next(form.action for form in browser.get(SECURITY).page.forms if form.action.endswith("/remove"))
    remove = browser.get(remove_page).filled_form("Remove")
    browser.send(switch_off)
    assert "switched off" in browser.text
    assert browser.send(remove).status == 403
    assert "last way" in browser.text
    assert (browser.get(SECURITY).step, browser.path) == (None, SECURITY)


def test_totp_must_stay_where_passkeys_do_not_count(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """B5: a passkey that the policy does not take is no second factor."""
    bert = world.user("bert", zon, totp=True)
    browser = add_passkey(new_browser(), bert, Authenticator())
    form = browser.submit("Switch off").filled_form("Switch off")
    world.policy(zon, two_factor_mandatory=True, passkeys=False)
    assert browser.send(form).status == 403
    assert "Switch off" not in browser.get(SECURITY).page.controls


def test_the_console_counts_passkeys(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, new_browser: NewBrowser
) -> None:
    """B6: who has a passkey is not without 2FA, unless the policy takes none; the switch is on the settings page."""
    chief = world.user("chief", zon, type="administrator", totp=True)
    browser = open_page(new_browser(), "/console/settings", chief)
    assert browser.page.checked("passkeys")
    assert "Everybody has set up" in browser.text
    change_settings(browser, chief, passkeys=False)
    assert "1 of 2 people" in browser.text
    assert anna.name in browser.text
    use(other := new_browser().get("/account/"), phone)
    assert "does not allow passkeys" in str(other.alert)


def test_a_shorter_password_is_enough_beside_a_passkey(
    anna: KnownUser, phone: Authenticator, new_browser: NewBrowser
) -> None:
    """D7: 8 characters with a second factor set up; the user page says so, and that two-factor is on."""
    browser = use(new_browser().get("/account/"), phone)
    assert "your passkey is asked" in browser.text
    assert "At least 8 characters" in browser.get(SECURITY).text
    browser.fill(current_password=anna.password, new_password="vraX!7mo").submit("Change password")
    assert "password is changed" in browser.text


def test_refresh_tokens_go_on_where_two_factor_is_mandatory(
    world: World, phone: Authenticator, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """B2, B4: nothing is left to be set up; where passkeys do not count any more, there is."""
    tokens = rp.finish(use(new_browser().get(rp.authorize_url(scope="openid offline_access")), phone))
    world.policy(zon, two_factor_mandatory=True)
    answer = rp.refresh(tokens)
    assert answer.status_code == 200
    world.policy(zon, passkeys=False)
    assert rp.refresh(answer.json()["refresh_token"]).json()["error"] == "invalid_grant"
