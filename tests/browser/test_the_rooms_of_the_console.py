"""The way from one room of the console to another, by finger and by keyboard, on a phone and on a desk."""

import pytest

from tests.browser.conftest import NewPerson, Person
from tests.support.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def phone(live: Server, new_person: NewPerson, request: pytest.FixtureRequest) -> Person:
    """A phone at the settings of a company."""
    world = live.new_world()
    bert = world.user("bert", world.tenant(), type="administrator", totp=True)
    phone = new_person(390, script=request.param)
    phone.page.goto(f"{live.issuer}/console/settings")
    phone.log_in(bert)
    return phone


def test_a_list_behind_a_button(phone: Person) -> None:
    """The button names the room one is in; the list lies over the page, Escape closes it and leads back to the button."""
    page = phone.page
    button, heading = page.get_by_role("button", name="Menu Settings"), page.locator("h1")
    rooms = page.get_by_role("navigation", name="Console").get_by_role("link")
    there = heading.bounding_box()
    assert rooms.count() == 0
    button.focus()
    page.keyboard.press("Enter")
    assert rooms.count() == 9
    assert rooms.and_(page.locator("[aria-current=page]")).all_inner_texts() == ["Settings"]
    page.keyboard.press("Escape")
    assert rooms.count() == 0
    assert button.evaluate("button => document.activeElement === button")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert heading.bounding_box() == there
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Menu Security center").is_visible()


def test_a_line_on_a_desk(phone: Person) -> None:
    """Where there is room, every room is in view, and there is no button."""
    phone.page.set_viewport_size({"width": 1280, "height": 844})
    assert phone.page.get_by_role("navigation", name="Console").get_by_role("link").count() == 9
    assert not phone.page.get_by_role("button", name="Menu Settings").is_visible()
