"""A newcomer's first day, in a real browser, on a phone and on a desk, with and without script."""

import pytest

from tests.browser.conftest import NewPerson, Person, Stage
from tests.support.pages import NOTE
from tests.support.world import KnownUser

pytestmark = pytest.mark.slow

WINDOWS = [
    pytest.param(390, True, "light", id="phone"),
    pytest.param(1280, True, "dark", id="desk, dark"),
    pytest.param(1280, False, "light", id="without script"),
]


@pytest.mark.parametrize(("width", "script", "scheme"), WINDOWS)
def test_from_the_note_to_the_administrators_limit(  # noqa: PLR0915 - a story is told in one go
    stage: Stage, new_person: NewPerson, width: int, script: bool, scheme: str
) -> None:
    """An employee meets the note to the letter, sets up TOTP and arrives at the application without logging in again.

    Then they choose "once every 30 days" and log in without TOTP; the administrator limits validity; TOTP is asked.
    """
    zon = stage.world.tenant("de-zon", name="Bakkerij De Zon", two_factor_mandatory=True)
    anna = stage.world.user("anna", zon)
    bert = stage.world.user("bert", zon, type="administrator", totp=True)

    def window() -> Person:
        return new_person(width, script=script, scheme=scheme)

    home = window()
    at_the_application(home, stage)
    home.picture("1-password")
    assert home.log_in(anna, until="set_up_totp") == ["password", "security_code"]
    assert NOTE in " ".join(home.page.inner_text("main").split())
    assert home.page.locator("img[src^='data:image/svg+xml']").is_visible()
    home.picture("2-the-note")
    fits(home, width)
    set_up(home, anna)
    home.picture("3-recovery-codes")
    assert home.page.locator("[data-recovery-codes] > *").count() == 10
    home.press("Continue")
    assert home.page.url == f"{stage.application}/"
    assert home.page.inner_text("#acr") == "urn:informer:acr:2fa"
    home.picture("4-the-application")

    home.page.goto(f"{stage.live.issuer}/account/security")
    assert home.step is None
    box = home.page.get_by_role("checkbox", name="once every 30 days")
    box.check()
    home.press("Save")
    assert home.page.get_by_role("checkbox", name="once every 30 days").is_checked()
    home.picture("5-the-choice")
    fits(home, width)

    again = window()
    at_the_application(again, stage)
    assert again.log_in(anna) == ["password", "security_code"]
    assert again.page.inner_text("#acr") == "urn:informer:acr:security-code"

    office = window()
    office.page.goto(f"{stage.live.issuer}/console/settings")
    assert office.log_in(bert) == ["password", "security_code", "totp"]
    office.page.locator("[name=limit_two_factor_validity]").check()
    office.picture("6-the-limit")
    fits(office, width)
    office.press("Save")
    assert office.page.locator("[name=limit_two_factor_validity]").is_checked()

    limited = window()
    at_the_application(limited, stage)
    assert limited.log_in(anna) == ["password", "security_code", "totp"]
    assert limited.page.inner_text("#acr") == "urn:informer:acr:2fa"
    limited.press("Refresh tokens")
    assert limited.page.inner_text("#acr") == "urn:informer:acr:2fa"
    limited.press("Log out")
    if limited.page.url.startswith(stage.live.issuer):
        limited.press("Log out")
    assert limited.page.url.startswith(stage.application)
    at_the_application(limited, stage)
    assert limited.step == "password"


def test_a_wrong_answer_is_said_and_tied_to_its_field(stage: Stage, new_person: NewPerson) -> None:
    """The message of a failed form has role=alert, the field is marked invalid and described by it."""
    anna = stage.world.user("anna", stage.world.tenant())
    person = new_person(390)
    at_the_application(person, stage)
    person.page.locator("[name=username]").fill(anna.username)
    person.answer("password", "not her password")
    assert person.page.get_by_role("alert").is_visible()
    field = person.page.locator("[name=password]")
    assert field.get_attribute("aria-invalid") == "true"
    assert "error" in str(field.get_attribute("aria-describedby")).split()
    person.picture("alert")


def test_the_keyboard_alone_is_enough(stage: Stage, new_person: NewPerson) -> None:
    """Type, Enter, type, Enter: each step puts the cursor where the answer goes."""
    anna = stage.world.user("anna", stage.world.tenant())
    person = new_person()
    at_the_application(person, stage)
    keyboard = person.page.keyboard
    keyboard.type(anna.username)
    keyboard.press("Tab")
    keyboard.type(anna.password)
    with person.page.expect_navigation():
        keyboard.press("Enter")
    assert person.step == "security_code"
    keyboard.type(anna.tenant.code)
    with person.page.expect_navigation():
        keyboard.press("Enter")
    assert person.page.url == f"{stage.application}/"
    assert person.page.inner_text("#tenant-name") == anna.tenant.name


def test_cancel_goes_back_to_the_application(stage: Stage, new_person: NewPerson) -> None:
    """Cancel is a real form that leaves to the application, which the page's policy for forms allows."""
    stage.world.tenant()
    person = new_person()
    at_the_application(person, stage)
    person.press("Cancel")
    assert person.page.url.startswith(stage.application)
    assert person.page.inner_text("#error") == "access_denied"
    person.complaints = [c for c in person.complaints if "400" not in c]


def at_the_application(person: Person, stage: Stage) -> None:
    """Go to the application and press its Log in."""
    person.page.goto(f"{stage.application}/")
    person.press("Log in")


def set_up(person: Person, user: KnownUser) -> None:
    """Take the secret into the authenticator and confirm."""
    user.totp_secret = "".join(person.page.inner_text("[data-totp-secret]").split())
    person.answer("totp", user.totp())


def fits(person: Person, width: int) -> None:
    """Nothing sticks out to the side."""
    if person.script:
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width
