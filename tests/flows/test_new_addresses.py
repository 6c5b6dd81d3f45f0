"""An address from which the user never completed a login is validated by mail first, where the tenant wants it (D1)."""

from urllib.parse import urlsplit

import pytest

from idp.outbox.mail.messages import NewIpValidation
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

pytestmark = pytest.mark.settings(mail_url="file:///nowhere")

VALIDATED = ["password", "security_code", "new_ip", "totp"]
FAMILIAR = ["password", "security_code", "totp"]


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee of a tenant that blocks new addresses."""
    return world.user("anna", world.tenant(block_new_ip=True), totp=True)


def mailed(user: KnownUser) -> list[NewIpValidation]:
    """The validations that were mailed."""
    return [mail for mail in user.mails() if isinstance(mail, NewIpValidation)]


def open_link(browser: Browser, mail: NewIpValidation) -> Browser:
    """Open the link of a mail and say yes."""
    address = urlsplit(mail.link)
    return browser.get(f"{address.path}?{address.query}").submit("Yes, it is me")


@pytest.mark.both_stores
def test_a_new_address_is_validated_once(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1, A2: after the security code and before TOTP; once a login was completed from there it is not new any more."""
    assert new_browser().get(rp.authorize_url()).login(anna).steps == VALIDATED
    assert new_browser().get(rp.authorize_url()).login(anna).steps == FAMILIAR
    assert new_browser(ELSEWHERE).get(rp.authorize_url()).login(anna).steps == VALIDATED


def test_the_mailed_code_alone_is_no_login(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1: an address that was validated, and a login that was then left, leave the address new."""
    new_browser().get(rp.authorize_url()).login(anna, until="totp")
    assert new_browser().get(rp.authorize_url()).login(anna).steps == VALIDATED


@pytest.mark.both_stores
def test_the_mailed_link_validates_for_the_login_that_asked(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """D1: the link, opened on a telephone elsewhere, lets the login go on in its own tab, and logs nobody in there."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="new_ip")
    telephone = open_link(new_browser("192.0.2.55"), mailed(anna)[-1])
    assert telephone.get("/account/").step == "password"
    browser.get(browser.page.address).login(anna)
    assert browser.steps == ["totp"]
    assert "code" in rp.answer(browser)


def test_a_link_is_good_once(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1: used or made up, it says that it does not work any more."""
    new_browser().get(rp.authorize_url()).login(anna, until="new_ip")
    link = mailed(anna)[-1]
    open_link(new_browser("192.0.2.55"), link)
    again = new_browser("192.0.2.55").get(link.link)
    assert "This link no longer works" in again.text


def test_another_logins_link_validates_nothing(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1: bound to the transaction: the owner confirming their own login does not let a thief's go on."""
    thief = new_browser(ELSEWHERE).get(rp.authorize_url()).login(anna, until="new_ip")
    owner = new_browser(HOME).get(rp.authorize_url()).login(anna, until="new_ip")
    own = next(mail for mail in mailed(anna) if mail.address == HOME)
    open_link(owner, own)
    thief.get(thief.page.address)
    assert thief.step == "new_ip"
    thief.fill(new_ip_code=own.code).submit()
    assert thief.step == "new_ip"
    assert thief.alert


def test_a_code_lives_ten_minutes(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D1: the code of eleven minutes ago is wrong, and a new one is mailed."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="new_ip")
    old = mailed(anna)[-1].code
    clock.advance(minutes=11)
    browser.fill(new_ip_code=old).submit()
    assert browser.step == "new_ip"
    browser.get(browser.page.address).login(anna)
    assert "code" in rp.answer(browser)


def test_at_most_five_mails_an_hour(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D1: whoever knows the password cannot fill the mailbox; after an hour there is a mail again."""
    for number in range(8):
        new_browser(f"198.51.100.{number}").get(rp.authorize_url()).login(anna, until="new_ip")
    assert len(mailed(anna)) == 5
    clock.advance(hours=1, seconds=1)
    new_browser("198.51.100.99").get(rp.authorize_url()).login(anna, until="new_ip")
    assert len(mailed(anna)) == 6


def test_reloading_the_page_mails_nothing(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1: one login, one mail."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="new_ip")
    for _ in range(3):
        browser.get(browser.page.address)
    assert len(mailed(anna)) == 1


def test_it_is_no_known_ip_grant(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1: the list of familiar addresses is one of its own: TOTP stays owed."""
    anna = world.user("anna", world.tenant(block_new_ip=True), totp=True, every_30_days=False)
    for _ in range(2):
        browser = new_browser().get(rp.authorize_url()).login(anna)
        assert browser.steps[-1] == "totp"
    claims = rp.finish(browser).claims
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}


def test_where_the_tenant_does_not_want_it_nothing_is_asked(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """D1: off by default, and addresses of before are then familiar when it is switched on."""
    zon = world.tenant()
    anna = world.user("anna", zon)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == ["password", "security_code"]
    world.policy(zon, block_new_ip=True)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == ["password", "security_code"]
    assert new_browser(ELSEWHERE).get(rp.authorize_url()).login(anna).steps == ["password", "security_code", "new_ip"]
