"""A television: it shows a code and asks again and again; the person uses a browser elsewhere."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.browser import Browser
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownClient, KnownUser, World

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
FOR_DEVICES: dict[str, Any] = {
    "redirect_uris": [],
    "response_types": [],
    "grant_types": [DEVICE_CODE, "refresh_token"],
}


class Television:
    """One device of an application."""

    def __init__(self, rp: RelyingParty) -> None:
        self.rp = rp
        self.shows: dict[str, Any] = {}

    def ask(self, **parameters: str | None) -> httpx.Response:
        """Section 3.1: ask for a code to show."""
        values = {"scope": "openid profile", **parameters}
        request = self.rp.token_request(**values)
        request.url = httpx.URL(self.rp.metadata["device_authorization_endpoint"])
        answer = self.rp.http.send(request)
        self.shows = answer.json()
        return answer

    def poll(self, **changes: str | None) -> httpx.Response:
        """Section 3.4: ask whether the person has answered."""
        values = {"grant_type": DEVICE_CODE, "device_code": self.shows["device_code"], **changes}
        return self.rp.token(**values)


@pytest.fixture
def app_of_devices(world: World) -> KnownClient:
    """A first-party application without a secret, for devices only."""
    return world.client("tv", name="Informer TV", public=True, **FOR_DEVICES)


@pytest.fixture
def tv(app_of_devices: KnownClient, new_rp: NewRp) -> Television:
    """A device that shows its code."""
    made = Television(new_rp(app_of_devices))
    assert made.ask().status_code == 200
    return made


def at_the_page(browser: Browser, tv: Television, user: KnownUser) -> Browser:
    """The person typed the code, logged in, and sees what is asked."""
    return browser.get("/device").fill(user_code=tv.shows["user_code"]).submit().login(user, until="consent")
