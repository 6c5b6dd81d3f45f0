"""A person and an application's registration on the running server."""

from dataclasses import dataclass

import pytest

from tests.support.server import Server
from tests.support.world import KnownClient, KnownUser


@dataclass(frozen=True, slots=True)
class Case:
    """What a client library is given, and the person who logs in for it."""

    live: Server
    client: KnownClient
    anna: KnownUser

    def callback(self, authorize_url: str) -> str:
        """Go where the library sends the browser, log in there, and say where the browser came back."""
        browser = self.live.browser().get(authorize_url)
        browser.login(self.anna)
        assert browser.landed, f"{browser.status} {browser.text[:500]}"
        return browser.landed


@pytest.fixture
def case(live: Server) -> Case:
    """An employee with an authenticator, and a confidential application."""
    world = live.new_world()
    anna = world.user("anna", world.tenant("de-zon"), totp=True)
    return Case(live, world.client("books"), anna)
