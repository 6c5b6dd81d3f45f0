"""The page that carries an answer to the application by a form (response_mode=form_post), in browsers of every age."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Route

import idp
from tests.browser.conftest import NewPerson
from tests.support.server import Server

pytestmark = pytest.mark.slow

SCRIPT = Path(idp.__file__).parent / "static" / "form_post.js"
NEWER = re.compile(r"=>|\b(?:const|let|class|async)\b|`|\.\.\.|\?\.|\?\?|\bfor\s*\([^;)]*\bof\b")
"""What ECMAScript 5 does not read, outside of comments."""


@pytest.mark.parametrize("broken", ["const old = { ...{} } =;", "throw new Error('broken');"], ids=["unread", "thrown"])
def test_another_script_that_fails_stops_no_answer(live: Server, new_person: NewPerson, broken: str) -> None:
    """Form Post section 2: the form goes by itself, once, whatever becomes of the script of every other page."""
    person, posted = new_person(), list[str]()

    def take(route: Route) -> None:
        posted.append(route.request.post_data or "")
        route.fulfill(status=200, content_type="text/html", body="<title>there</title>")

    person.page.route(
        "**/static/informer.js*", lambda route: route.fulfill(content_type="text/javascript", body=broken)
    )
    person.page.route("https://books.example/**", take)
    world = live.new_world()
    anna, rp = world.user("anna", world.tenant(security_code=False)), live.relying_party(world.client("books"))
    person.page.goto(rp.authorize_url(response_mode="form_post"))
    person.page.locator("[name=username]").fill(anna.username)
    person.page.locator("[name=password]").fill(anna.password)
    person.page.locator("[name=password]").press("Enter")
    person.page.wait_for_url("https://books.example/cb")
    assert [parse_qs(body).keys() for body in posted] == [{"code", "state", "iss"}]
    person.complaints.clear()


def test_without_script_the_button_sends_it(live: Server, new_person: NewPerson) -> None:
    """Form Post section 2: the page says what it is for, and one press goes on."""
    person = new_person(390, script=False)
    person.page.route("https://books.example/**", lambda route: route.fulfill(status=200, body="there"))
    rp = live.relying_party(live.new_world().client("books"))
    person.page.goto(rp.authorize_url(response_mode="form_post", prompt="none"))
    person.press("Continue")
    assert person.page.url == "https://books.example/cb"


def test_its_script_is_read_by_old_browsers() -> None:
    """ECMAScript 5 alone: what an old browser cannot read it does not run at all."""
    code = re.sub(r"//.*", "", SCRIPT.read_text())
    assert not NEWER.search(code)
    assert NEWER.search("const all = (selector) => selector?.length")
