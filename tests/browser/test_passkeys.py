"""Passkeys in a real Chromium, with a virtual authenticator of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import NewPerson, Person, Stage
from tests.browser.test_the_whole_story import at_the_application, fits

pytestmark = pytest.mark.slow

WINDOWS = [pytest.param(390, "light", id="phone"), pytest.param(1280, "dark", id="desk, dark")]
INTERNAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """The virtual authenticator of a window (Chrome DevTools Protocol, domain WebAuthn)."""

    def __init__(self, person: Person) -> None:
        self.cdp = person.context.new_cdp_session(person.page)
        self.cdp.send("WebAuthn.enable")
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": INTERNAL})["authenticatorId"]

    @property
    def keys(self) -> list[dict[str, Any]]:
        """The passkeys on it, to carry them to another window."""
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def take(self, keys: list[dict[str, Any]]) -> None:
        """Put passkeys of another window on it."""
        for key in keys:
            self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def unlocks(self, verified: bool) -> None:
        """Whether its person's finger is the right one."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified})


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_a_passkey_alone_meets_what_is_mandatory(stage: Stage, new_person: NewPerson, width: int, scheme: str) -> None:
    """B4: set up on the page of the note instead of TOTP, then used first: no name, no password, no code, and `phr`."""
    anna = stage.world.user("anna", stage.world.tenant(two_factor_mandatory=True))
    home = new_person(width, scheme=scheme)
    device = Device(home)
    at_the_application(home, stage)
    home.log_in(anna, until="set_up_totp")
    home.picture("1-set-up")
    fits(home, width)
    home.press("Set up a passkey instead")
    assert home.page.url == f"{stage.application}/"
    assert home.page.inner_text("#acr") == "phr"
    assert len(device.keys) == 1

    again = new_person(width, scheme=scheme)
    empty = Device(again)
    at_the_application(again, stage)
    again.picture("2-log-in")
    fits(again, width)
    empty.take(device.keys)
    again.press("Log in with a passkey")
    assert again.page.url == f"{stage.application}/"
    assert again.page.inner_text("#acr") == "phr"


def test_the_browser_offers_the_passkey_at_the_username(stage: Stage, new_person: NewPerson) -> None:
    """Conditional UI: the browser itself shows the passkeys there are, and no button is pressed."""
    anna = stage.world.user("anna", stage.world.tenant())
    home = new_person()
    device = Device(home)
    home.page.goto(f"{stage.live.issuer}/account/security/passkeys/add")
    home.log_in(anna)
    home.press("Make a passkey")

    again = new_person()
    Device(again).take(device.keys)
    again.page.goto(f"{stage.live.issuer}/account/")
    again.page.wait_for_url(f"{stage.live.issuer}/account/")
    assert again.page.get_by_text(anna.name).first.is_visible()


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_beside_the_authenticator_app(stage: Stage, new_person: NewPerson, width: int, scheme: str) -> None:
    """Added on the user page under a name, asked by an application that wants `phr`, used in place of TOTP, removed."""
    bert = stage.world.user("bert", stage.world.tenant(), totp=True)
    home = new_person(width, scheme=scheme)
    device = Device(home)
    home.page.goto(f"{stage.live.issuer}/account/security")
    home.log_in(bert)
    home.press("Add a passkey")
    home.page.locator("[name=name]").fill("My laptop")
    home.picture("1-add")
    fits(home, width)
    home.press("Make a passkey")
    assert home.page.get_by_role("heading", name="My laptop").is_visible()
    home.picture("2-the-card")
    fits(home, width)

    office = new_person(width, scheme=scheme)
    finger = Device(office)
    at_the_application(office, stage)
    assert office.log_in(bert) == ["password", "security_code", "totp"]
    office.press("Ask for a passkey")
    assert office.step == "passkey"
    finger.take(device.keys)
    finger.unlocks(False)
    office.picture("3-the-step")
    fits(office, width)
    office.page.get_by_role("button", name="Log in with a passkey").click()
    office.page.get_by_text("The passkey was not used").wait_for()
    finger.unlocks(True)
    office.press("Log in with a passkey")
    assert office.page.inner_text("#acr") == "phr"

    train = new_person(width, scheme=scheme)
    pocket = Device(train)
    at_the_application(train, stage)
    assert train.log_in(bert, until="totp") == ["password", "security_code"]
    pocket.take(finger.keys)
    train.press("Use a passkey")
    train.press("Log in with a passkey")
    assert train.page.inner_text("#acr") == "phr"

    with home.page.expect_navigation():
        home.page.locator("form[action*='/passkeys/'][action$='/remove'] button").first.click()
    home.press("Remove")
    assert home.page.get_by_text("The passkey is removed").is_visible()
