"""The phone is gone: with a recovery code by oneself, without one by the administrator; mail tells of each of it."""

import pytest

from idp.crypto import totp
from tests.browser.conftest import NewPerson, Person, Stage
from tests.browser.test_the_whole_story import at_the_application, fits, set_up
from tests.support.mail import Mailbox
from tests.support.pages import NOTE
from tests.support.server import Server
from tests.support.world import KnownUser

pytestmark = pytest.mark.slow


def test_by_a_recovery_code(stage: Stage, new_person: NewPerson, mailbox: Mailbox) -> None:
    """B3, B7, D8: the code stands in for the phone; a new phone takes the place of the old one, whose codes are dead."""
    anna = stage.world.user("anna", stage.world.tenant(two_factor_mandatory=True), totp=True, recovery_codes=True)
    lost = str(anna.totp_secret)
    train = new_person(390)
    at_the_application(train, stage)
    assert train.log_in(anna, until="totp") == ["password", "security_code"]
    train.press("Use a recovery code")
    train.picture("1-recovery-code")
    train.answer("recovery_code", anna.recovery_codes[0])
    assert train.page.inner_text("#acr") == "urn:informer:acr:2fa"
    assert "A recovery code was used" in [mail.subject for mail in mailbox.of(anna)]

    train.page.goto(f"{stage.live.issuer}/account/security")
    train.press("Set up a new phone")
    assert train.step is None, "the recovery code of a moment ago is proof enough"
    set_up(train, anna)
    assert train.page.locator("[data-recovery-codes] > *").count() == 10
    train.picture("2-new-codes")
    fits(train, 390)
    train.press("Continue")
    assert train.page.get_by_role("link", name="Set up a new phone").is_visible()
    told = [mail.subject for mail in mailbox.of(anna)]
    assert told == ["Two-factor authentication was set up"]

    again = new_person(390)
    again.page.goto(f"{stage.live.issuer}/account/")
    again.log_in(anna, until="totp")
    again.answer("totp", totp.code_at(lost, anna.now()))
    assert again.page.get_by_role("alert").is_visible()
    again.answer("totp", anna.totp())
    assert again.page.url == f"{stage.live.issuer}/account/"


def test_by_the_administrator(live: Server, new_person: NewPerson, mailbox: Mailbox) -> None:
    """B2, B8: reset in the console, told by mail, logged out; the next login leads to the set-up, and then on."""
    world = live.new_world()
    zon = world.tenant(two_factor_mandatory=True)
    anna, bert = world.user("anna", zon, totp=True), world.user("bert", zon, type="administrator", totp=True)
    home, desk = new_person(390), new_person(1280)
    home.page.goto(f"{live.issuer}/account/security")
    home.log_in(anna)
    reset(desk, live, bert, anna)
    assert [mail.subject for mail in mailbox.of(anna)][-1] == "Your two-factor authentication was reset"

    home.page.reload()
    assert home.log_in(anna, until="set_up_totp") == ["password", "security_code"]
    assert NOTE in " ".join(home.page.inner_text("main").split())
    set_up(home, anna)
    home.press("Continue")
    assert home.page.url == f"{live.issuer}/account/security"
    desk.page.reload()
    assert desk.page.get_by_text("Two-factor on").is_visible()


def reset(desk: Person, live: Server, administrator: KnownUser, user: KnownUser) -> None:
    """Find the person, press the button, and say once more that it is meant."""
    desk.page.goto(f"{live.issuer}/console/users?search={user.username}")
    desk.log_in(administrator)
    desk.press(user.name)
    desk.press("Reset two-factor")
    desk.picture("asked-once-more")
    desk.press("Reset two-factor")
    assert desk.page.get_by_text("Two-factor authentication is reset").is_visible()
