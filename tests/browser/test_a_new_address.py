"""A company that validates new IP addresses by mail: the link in another tab, or the code typed in the same one."""

import re

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.test_the_whole_story import fits
from tests.support.mail import Mailbox
from tests.support.server import Server

pytestmark = pytest.mark.slow


def test_by_the_link_and_by_the_code(live: Server, new_person: NewPerson, mailbox: Mailbox) -> None:
    """D1: the link validates the address for the login that waits, which goes on in its own tab and nowhere else."""
    world = live.new_world()
    zon = world.tenant(block_new_ip=True)
    anna, carla = world.user("anna", zon), world.user("carla", zon)

    phone = new_person(390)
    phone.page.goto(f"{live.issuer}/account/")
    assert phone.log_in(anna, until="new_ip") == ["password", "security_code"]
    phone.picture("1-look-in-your-mail")
    fits(phone, 390)
    tab = phone.context.new_page()
    tab.goto(mailbox.of(anna)[-1].link)
    with tab.expect_navigation():
        tab.get_by_role("button", name="Yes, it is me").click()
    assert tab.get_by_role("heading", name="The IP address is validated").is_visible()
    tab.screenshot(path=phone.pictures / "2-the-other-tab.png")
    tab.goto(f"{live.issuer}/account/")
    assert tab.locator("main[data-step=password]").is_visible(), "the other tab is logged in to nothing"
    phone.press("I have opened the link in the mail: continue")
    assert phone.page.url == f"{live.issuer}/account/"

    desk = new_person(1280)
    desk.page.goto(f"{live.issuer}/account/")
    desk.log_in(carla, until="new_ip")
    code = re.search(r"\b\d{6}\b", mailbox.of(carla)[-1].text)
    assert code
    desk.answer("new_ip_code", code.group())
    assert desk.page.url == f"{live.issuer}/account/"

    again = new_person(390)
    again.page.goto(f"{live.issuer}/account/")
    assert again.log_in(anna) == ["password", "security_code"], "the address is not new any more"
