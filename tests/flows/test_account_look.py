"""What every page owes to whoever looks at it: light, self-contained, and made for fingers and password managers."""

import re

import pytest

from tests.support.browser import Browser, NewBrowser
from tests.support.page import Page
from tests.support.world import KnownUser, World

A_LOGIN_PAGE = 30_000
ANYTHING_INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant(two_factor_mandatory=True))


@pytest.fixture
def tess(world: World) -> KnownUser:
    return world.user("tess", world.tenant("fietsen-bv"), totp=True, recovery_codes=True)


def until(browser: Browser, user: KnownUser, step: str) -> Page:
    if step == "recovery_code":
        return browser.get("/account/").login(user, until="totp").follow("Use a recovery code").page
    return browser.get("/account/").login(user, until=step).page


def pages_of_a_login(new_browser: NewBrowser, anna: KnownUser, tess: KnownUser) -> dict[str, Page]:
    steps = ["password", "security_code", "totp", "recovery_code"]
    found = {step: until(new_browser(), tess, step) for step in steps}
    return {**found, "set_up_totp": until(new_browser(), anna, "set_up_totp")}


def test_login_pages_are_light_and_self_contained(new_browser: NewBrowser, anna: KnownUser, tess: KnownUser) -> None:
    """Under 30 kB all told, as sent: the page as it is, one stylesheet and one script compressed (gzip).

    Nothing from elsewhere, no second stylesheet, nothing inline that the content security policy would refuse.
    """
    for step, page in pages_of_a_login(new_browser, anna, tess).items():
        weight = len(page.html.encode())
        assert len(page.soup.select("link[rel=stylesheet]")) == 1
        for element, attribute in [("link", "href"), ("script", "src")]:
            for found in page.soup.find_all(element):
                address = str(found[attribute])
                assert address.startswith("/static/"), f"{step} takes {address}"
                weight += _sent(new_browser(), address)
        assert weight < A_LOGIN_PAGE, f"{step} weighs {weight}"
        assert not ANYTHING_INLINE.search(page.html), step


def _sent(browser: Browser, address: str) -> int:
    """How many bytes the answer has on the way."""
    answer = browser.get(address, **{"Accept-Encoding": "gzip"}).response
    assert answer.headers.get("content-encoding") == "gzip", address
    return int(answer.headers["content-length"])


FIELDS = [
    pytest.param(
        "password", "username", {"autocomplete": "username webauthn", "autocapitalize": "none"}, id="username"
    ),
    pytest.param("password", "password", {"autocomplete": "current-password", "type": "password"}, id="password"),
    pytest.param("security_code", "security_code", {"inputmode": "numeric", "autocomplete": "off"}, id="security code"),
    pytest.param("totp", "totp", {"inputmode": "numeric", "autocomplete": "one-time-code"}, id="totp"),
    pytest.param("recovery_code", "recovery_code", {"autocomplete": "off", "autocapitalize": "none"}, id="recovery"),
]


@pytest.mark.parametrize(("step", "field", "attributes"), FIELDS)
def test_fields_tell_browsers_what_they_are(
    new_browser: NewBrowser, tess: KnownUser, step: str, field: str, attributes: dict[str, str]
) -> None:
    """Password managers fill them in, phones show the right keyboard, and the first one has the focus."""
    page = until(new_browser(), tess, step)
    element = page.one(f"input[name={field}]")
    assert {name: element.get(name) for name in attributes} == attributes
    assert len(page.soup.select("[autofocus]")) == 1


def test_a_wrong_password_keeps_the_name(new_browser: NewBrowser, tess: KnownUser) -> None:
    """The message is tied to the fields, what was typed as a name stays, what was typed as a password does not."""
    browser = new_browser().get("/account/").fill(username="tess", password="wrong").submit()
    username, password = browser.page.one("input[name=username]"), browser.page.one("input[name=password]")
    assert browser.alert
    assert (username["value"], password.get("value")) == ("tess", None)
    assert "error" in str(username["aria-describedby"]).split()
    assert password.has_attr("autofocus")
    assert browser.page.title.startswith("Error: ")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '" onfocus="alert(1)'], ids=["element", "attribute"])
def test_what_was_typed_is_escaped(new_browser: NewBrowser, name: str) -> None:
    """R56: a name comes back as text."""
    browser = new_browser().get("/account/").fill(username=name, password="wrong").submit()
    assert browser.page.one("input[name=username]")["value"] == name
    assert not browser.page.soup.select("[onfocus], script:not([src])")
    assert name not in browser.page.html


def test_a_page_that_does_not_exist(new_browser: NewBrowser) -> None:
    """It says so, says what to do, and gives the number under which the log has it."""
    browser = new_browser().get("/account/nothing-here")
    assert browser.status == 404
    assert browser.response.headers["X-Request-Id"] in browser.text


def test_back_after_logging_in(new_browser: NewBrowser, tess: KnownUser) -> None:
    """Whoever goes back to a login that is done hears that they are logged in; another browser hears that it is over."""
    browser = new_browser().get("/account/security")
    handle = browser.page.address.split("/login/")[1].split("/")[0]
    browser.login(tess).get(f"/login/{handle}/totp")
    assert (browser.status, browser.page.title) == (404, "You are logged in – Informer")
    assert browser.follow("Go to your own page").path == "/account/"
    assert "has expired" in new_browser().get(f"/login/{handle}/totp").text


def test_the_refusal_is_dutch_for_a_dutch_user(world: World, new_browser: NewBrowser) -> None:
    """Errors speak the person's language too."""
    piet = world.user("piet", world.tenant("maan"), locale="nl")
    browser = new_browser().get("/console/settings").login(piet)
    assert browser.status == 403
    assert "Niet toegestaan" in browser.text
    assert "Je mag dit niet zien of doen" in browser.text
