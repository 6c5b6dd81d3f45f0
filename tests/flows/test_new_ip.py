"""New IP addresses: where the policy blocks them, the mailbox is asked before the login goes on (D1, D8)."""

from urllib.parse import urlsplit

import pytest
from flask import Flask

from idp.accounts.models import User
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.mailbox import mails
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

KIND = "new_ip_validation"
THIRD = "192.0.2.99"


@pytest.fixture
def anna(world: World) -> KnownUser:
    """Anna of a tenant that blocks new addresses; she has TOTP."""
    return world.user("anna", world.tenant(block_new_ip=True), totp=True)


def at_new_ip(anna: KnownUser, rp: RelyingParty, browser: Browser) -> Browser:
    """A browser that waits for the validation of its address."""
    return browser.get(rp.authorize_url()).login(anna, until="new_ip")


def newest(app: Flask, user: KnownUser) -> dict[str, str]:
    """The newest validation mail."""
    return mails(app, user.id, KIND)[-1]


def confirm(app: Flask, user: KnownUser, browser: Browser) -> Browser:
    """Open the link of the newest mail in this browser, and say yes."""
    link = urlsplit(newest(app, user)["link"])
    return browser.get(f"{link.path}?{link.query}").submit("Yes, it is me")


@pytest.mark.both_stores
def test_the_code_of_the_mail_validates(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask) -> None:
    """After password and security code, before TOTP, a new address is validated; then the login goes on."""
    browser = at_new_ip(anna, rp, new_browser())
    assert browser.steps == ["password", "security_code"]
    browser.fill(new_ip_code=newest(app, anna)["code"]).submit()
    assert browser.step == "totp"
    browser.login(anna)
    assert rp.finish(browser).claims["sub"]


@pytest.mark.both_stores
def test_a_validated_address_is_familiar(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask, clock: MovingClock
) -> None:
    """From where a login was completed it is not asked again, in any browser; elsewhere it is."""
    browser = at_new_ip(anna, rp, new_browser())
    browser.fill(new_ip_code=newest(app, anna)["code"]).submit().login(anna)
    clock.advance(days=100)
    again = new_browser().get(rp.authorize_url()).login(anna)
    assert again.steps == ["password", "security_code", "totp"]
    assert at_new_ip(anna, rp, new_browser(ELSEWHERE)).step == "new_ip"


@pytest.mark.both_stores
def test_the_link_validates_and_the_login_goes_on_in_its_own_tab(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask
) -> None:
    """Opened on a phone, the link lets the login on the desk go on, and opens nothing on the phone."""
    desk, phone = at_new_ip(anna, rp, new_browser()), new_browser(THIRD)
    confirm(app, anna, phone)
    assert "validated" in phone.text
    assert phone.get("/account/").step == "password"
    desk.follow("I have opened the link in the mail: continue")
    assert desk.step == "totp"


def test_following_the_link_alone_confirms_nothing(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask
) -> None:
    """A mail scanner that opens every link validates no address."""
    desk = at_new_ip(anna, rp, new_browser())
    link = urlsplit(newest(app, anna)["link"])
    new_browser(THIRD).get(f"{link.path}?{link.query}")
    desk.follow("I have opened the link in the mail: continue")
    assert desk.step == "new_ip"


def test_a_link_works_once(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask) -> None:
    """The second time it says that it is over."""
    at_new_ip(anna, rp, new_browser())
    phone = new_browser(THIRD)
    confirm(app, anna, phone)
    link = urlsplit(newest(app, anna)["link"])
    assert phone.get(f"{link.path}?{link.query}").status == 404
    assert phone.post("/login/new-ip", {"token": link.query.removeprefix("token=")}).status in {400, 404}


@pytest.mark.parametrize("code", ["", "000000", "12345", "x" * 1000])
def test_a_wrong_code(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask, code: str) -> None:
    """It is refused, and the mail that was sent stays good."""
    browser = at_new_ip(anna, rp, new_browser())
    browser.fill(new_ip_code=code).submit()
    assert browser.step == "new_ip"
    assert browser.alert
    assert len(mails(app, anna.id, KIND)) == 1
    browser.fill(new_ip_code=newest(app, anna)["code"]).submit()
    assert browser.step == "totp"


def test_a_code_is_of_one_login(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask) -> None:
    """The code that another login got does not validate this one."""
    one = at_new_ip(anna, rp, new_browser())
    code = newest(app, anna)["code"]
    other = at_new_ip(anna, rp, new_browser(ELSEWHERE))
    assert newest(app, anna)["code"] != code
    other.fill(new_ip_code=code).submit()
    assert other.step == "new_ip"
    one.fill(new_ip_code=code).submit()
    assert one.step == "totp"


def test_it_validates_the_address_that_asked(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask
) -> None:
    """Carried to another network in the meantime, the browser is asked again."""
    browser = at_new_ip(anna, rp, new_browser())
    code = newest(app, anna)["code"]
    browser.address = ELSEWHERE
    browser.fill(new_ip_code=code).submit()
    assert browser.step == "new_ip"
    browser.address = HOME
    browser.fill(new_ip_code=code).submit()
    browser.address = ELSEWHERE
    browser.login(anna, until="new_ip")
    assert browser.step == "new_ip"


def test_ten_minutes(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask, clock: MovingClock
) -> None:
    """After ten minutes the code is over, and the page sends another."""
    browser = at_new_ip(anna, rp, new_browser())
    code = newest(app, anna)["code"]
    clock.advance(minutes=10)
    browser.fill(new_ip_code=code).submit()
    assert browser.step == "new_ip"
    assert len(mails(app, anna.id, KIND)) == 2
    browser.fill(new_ip_code=newest(app, anna)["code"]).submit()
    assert browser.step == "totp"


def test_five_mails_an_hour(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, app: Flask, clock: MovingClock
) -> None:
    """Whoever knows password and security code cannot flood the mailbox."""
    for _ in range(6):
        page = at_new_ip(anna, rp, new_browser())
    assert len(mails(app, anna.id, KIND)) == 5
    assert "five mails" in page.text
    clock.advance(hours=1)
    at_new_ip(anna, rp, new_browser())
    assert len(mails(app, anna.id, KIND)) == 6


def test_it_can_be_said_of_one_user(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """The tenant's switch is a default: one user may be asked where the others are not, and the other way round."""
    lax, strict = world.tenant(), world.tenant("fietsen-bv", block_new_ip=True)
    bob, carl = world.user("bob", lax), world.user("carl", strict)
    world.change(User, bob.id, block_new_ip=True)
    world.change(User, carl.id, block_new_ip=False)
    assert at_new_ip(bob, rp, new_browser()).step == "new_ip"
    assert new_browser().get(rp.authorize_url()).login(carl).steps == ["password", "security_code"]


def test_a_new_address_in_a_running_session(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A6: the session that is carried to a new address is asked there, by the policy of that moment."""
    zon = world.tenant()
    bob = world.user("bob", zon)
    browser = new_browser().get(rp.authorize_url()).login(bob)
    world.policy(zon, block_new_ip=True)
    assert browser.get(rp.authorize_url()).landed
    browser.address = ELSEWHERE
    assert browser.get(rp.authorize_url()).step == "new_ip"


def test_the_mail_about_a_new_place(
    world: World, rp: RelyingParty, new_browser: NewBrowser, app: Flask, clock: MovingClock
) -> None:
    """D8: the first login is no news; a new address and a new browser are told; what is known is not told again."""
    bob = world.user("bob", world.tenant())
    home = new_browser()
    home.get(rp.authorize_url()).login(bob)
    assert mails(app, bob.id, "new_place") == []
    clock.advance(minutes=1)
    home.get(rp.authorize_url(prompt="login")).login(bob)
    assert mails(app, bob.id, "new_place") == []
    new_browser().get(rp.authorize_url()).login(bob)
    clock.advance(minutes=1)
    home.address = ELSEWHERE
    home.get(rp.authorize_url(prompt="login")).login(bob)
    told = mails(app, bob.id, "new_place")
    assert [mail["address"] for mail in told] == [HOME, ELSEWHERE]
