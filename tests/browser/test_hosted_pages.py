"""The hosted pages in a hurried person's hand, at 390 px: light, forgiving, and never a dead end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NewPerson, Person
from tests.support.server import Server
from tests.support.world import KnownUser, World

pytestmark = pytest.mark.slow

A_LOGIN_PAGE = 30_000
LOADED = """() => performance.getEntries().filter(entry => entry.transferSize !== undefined)
  .map(entry => [new URL(entry.name).pathname, entry.transferSize, entry.renderBlockingStatus])"""

PRESSED_TWICE = """() => {
  const sent = [];
  window.addEventListener("submit", event => { sent.push(!event.defaultPrevented); event.preventDefault(); });
  document.forms[0].requestSubmit();
  document.forms[0].requestSubmit();
  return sent;
}"""


@pytest.fixture
def world(live: Server) -> World:
    return live.new_world()


@pytest.fixture
def anna(world: World) -> KnownUser:
    """Somebody who has made the 30-day choice, so that the page of the code has nothing else on it."""
    return world.user("anna", world.tenant(security_code=False), totp=True, every_30_days=True)


@pytest.fixture
def phone(live: Server, new_person: NewPerson) -> Person:
    """A phone at the first page of a login."""
    person = new_person(390)
    person.page.goto(f"{live.issuer}/account/security?from=a-link")
    return person


def posts(page: Page) -> list[str]:
    """Every form that is sent from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    return sent


def test_it_is_light_and_paints_at_once(phone: Person) -> None:
    """Under 30 kB on the wire of a real server, headers too; only the stylesheet holds up the first paint."""
    phone.page.wait_for_load_state("load")
    loaded: list[tuple[str, int, str]] = phone.page.evaluate(LOADED)
    assert sum(size for _, size, _ in loaded) < A_LOGIN_PAGE
    assert [path for path, _, blocking in loaded if blocking == "blocking"] == ["/static/informer.css"]


def test_a_deep_link_survives_the_login(live: Server, phone: Person, anna: KnownUser) -> None:
    """Where somebody was going is where they arrive, with what the address asked."""
    phone.log_in(anna)
    assert phone.page.url == f"{live.issuer}/account/security?from=a-link"


@pytest.mark.parametrize("sign", [" ", "-", "\u00a0", "\u2013"], ids=["blank", "hyphen", "fixed blank", "dash"])
def test_a_code_as_it_is_pasted(phone: Person, anna: KnownUser, sign: str) -> None:
    """What an authenticator shows as two groups arrives as six digits, and goes on by itself."""
    phone.log_in(anna, until="totp")
    code = anna.totp()
    assert phone.page.evaluate("document.activeElement.name") == "totp"
    with phone.page.expect_navigation():
        phone.page.keyboard.insert_text(f"{code[:3]}{sign}{code[3:]}")
    assert phone.step is None


def test_a_corrected_code_waits(phone: Person, anna: KnownUser) -> None:
    """Whoever takes a digit back is not sent on while they still look; begun anew it goes on by itself again."""
    phone.log_in(anna, until="totp")
    keyboard, sent = phone.page.keyboard, posts(phone.page)
    keyboard.type("00000")
    keyboard.press("Backspace")
    keyboard.type("00")
    assert phone.page.input_value("[name=totp]") == "000000"
    assert sent == []
    for _ in range(6):
        keyboard.press("Backspace")
    with phone.page.expect_navigation():
        keyboard.type(anna.totp())
    assert phone.step is None


def test_the_password_and_the_keyboard(phone: Person, anna: KnownUser) -> None:
    """Caps lock is told while it is on; the password can be looked at, and is sent as one."""
    page = phone.page
    hint = page.locator("#password-hint")
    assert not hint.is_visible()
    page.locator("[name=password]").focus()
    for on in (True, False):
        page.evaluate(
            "on => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {modifierCapsLock: on, bubbles: true}))",
            on,
        )
        assert hint.is_visible() is on
    page.locator("[name=username]").fill(anna.username)
    page.locator("[name=password]").fill(anna.password)
    show = page.get_by_role("button", name="Show the password")
    show.click()
    assert page.get_attribute("[name=password]", "type") == "text"
    assert show.get_attribute("aria-pressed") == "true"
    phone.press("Continue")
    assert phone.step == "totp"


def test_pressing_twice_is_pressing_once(phone: Person) -> None:
    """An impatient finger sends one form: the second press, while the first is on its way, does nothing."""
    phone.page.locator("[name=username]").fill("anna")
    phone.page.locator("[name=password]").fill("a password")
    assert phone.page.evaluate(PRESSED_TWICE) == [True, False]


def test_a_wrong_answer_and_the_way_back(phone: Person, anna: KnownUser) -> None:
    """The message is read out, the field has the focus; Reload sends nothing; Back leads to where the login stands.

    Back after the end of the login says that it is done, and leads on.
    """
    page, sent = phone.page, posts(phone.page)
    page.locator("[name=username]").fill(anna.username)
    phone.answer("password", "not her password")
    assert page.get_by_role("alert").is_visible()
    field = page.locator("[name=password]")
    assert page.evaluate("document.activeElement.name") == "password"
    assert field.get_attribute("aria-invalid") == "true"
    assert "error" in str(field.get_attribute("aria-describedby")).split()
    page.reload()
    assert phone.step == "password"
    assert len(sent) == 1
    phone.log_in(anna, until="totp")
    page.go_back()
    assert phone.step == "totp"
    phone.log_in(anna)
    page.go_back()
    assert "This login is done" in page.inner_text("main")
    phone.press("Go to your own page")
    assert page.url.endswith("/account/")
    phone.complaints = [complaint for complaint in phone.complaints if "404" not in complaint]
