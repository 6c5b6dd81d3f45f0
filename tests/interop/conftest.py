"""A person, an application's registration on the running server, and the foreign software that uses it.

`make test` runs the libraries that are quick to install. `make interop` runs all: it sets IDP_INTEROP=1, and what is
marked `foreign` then installs what it needs (tests/interop/installed.py) instead of being skipped.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.browser import conftest as with_chromium
from tests.interop import installed
from tests.support.browser import Browser
from tests.support.server import IDP, Server, stop, surroundings, wait_until_answers
from tests.support.world import KnownClient, KnownUser, World

MOST_REDIRECTS = 20
ALL = "IDP_INTEROP"

chromium, new_person = with_chromium.chromium, with_chromium.new_person


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes long to install, unless it is asked for."""
    asked = os.environ.get(ALL) == "1"
    leave_out = pytest.mark.skip(reason="installs foreign software: `make interop` runs it")
    for item in items:
        if item.get_closest_marker("foreign"):
            item.add_marker(pytest.mark.timeout(installed.PATIENCE) if asked else leave_out)


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


class Tab:
    """One browser window of a person, in the provider's pages and in those of an application on another host name."""

    def __init__(self, live: Server, person: KnownUser) -> None:
        self.browser: Browser = live.browser()
        self.person = person

    def go(self, address: str) -> httpx.Response:
        """Type an address, follow every redirect, log in where that is asked, and say what is shown at the end."""
        for _ in range(MOST_REDIRECTS):
            if address.startswith(f"{self.browser.issuer}/"):
                self.browser.get(address).login(self.person)
                if self.browser.landed is None:
                    return self.browser.response
                address = self.browser.landed
                continue
            response = self.browser.http.get(address, follow_redirects=False)
            if not response.is_redirect:
                return response
            address = urljoin(address, response.headers["location"])
        raise AssertionError(f"redirected in a circle: {address}")


@dataclass(frozen=True)
class Somebody:
    """A person with an authenticator, on the running server, and a maker of applications."""

    live: Server
    world: World
    anna: KnownUser

    @cached_property
    def tab(self) -> Tab:
        """The window that this person has open."""
        return Tab(self.live, self.anna)

    def log_out_elsewhere(self) -> None:
        """The person logs out on the provider's own page, and the worker does its round."""
        self.tab.browser.get("/account/").press("Log out").press("Log out")
        self.work()

    def work(self) -> None:
        """What `idp worker` does in one round: among it, sending logout tokens."""
        environment = surroundings() | self.live.store.environment(self.live.issuer)
        subprocess.run([IDP, "worker", "--once"], env=environment, capture_output=True, timeout=60, check=True)


@pytest.fixture
def somebody(live: Server) -> Somebody:
    """An employee with an authenticator."""
    world = live.new_world()
    return Somebody(live, world, world.user("anna", world.tenant("de-zon"), totp=True))


@pytest.fixture
def case(live: Server) -> Case:
    """An employee with an authenticator, and a confidential application."""
    world = live.new_world()
    anna = world.user("anna", world.tenant("de-zon"), totp=True)
    return Case(live, world.client("books"), anna)


@contextmanager
def running(
    command: list[str], variables: dict[str, str], address: str, place: Path, status: int = 200
) -> Iterator[None]:
    """An application that is a program of its own, until the block ends; a failed test shows what it said.

    `status`: what it answers at its front page once it is up.
    """
    log = place / "application.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=variables, cwd=place, stdout=output, stderr=output)
    try:
        wait_until_answers(f"{address}/", process, log, status)
        yield
    finally:
        stop(process)
        sys.stdout.write(log.read_text())
