"""Chromium, the sample application, and people who use both.

Chromium is the one on the PATH, or Playwright's own; as root on Debian it is installed. Where there is none the tests
are skipped with the reason, and with IDP_REQUIRE_BROWSER=1 they fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

import idp
from tests.support.mail import Mailbox, Post
from tests.support.postgres import free_port
from tests.support.server import Server, serving_here, stop
from tests.support.smtp import mail_server
from tests.support.stores import Templates
from tests.support.world import KnownUser, World

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = Path(__file__).parents[2] / "test-results" / "browser"
SAMPLE_APP = Path(idp.__file__).parent / "demo" / "sample_app" / "app.py"
PATIENCE_MS = 180_000


_running: list[Browser] = []
"""Two folders have this fixture; Playwright runs once in a process."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium without any profile."""
    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright:
        executable = find_chromium(playwright)
        if executable is None:
            _give_up("no Chromium on the PATH, none of Playwright's, and it could not be installed")
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        _running.append(browser)
        yield browser
        _running.clear()
        browser.close()


def find_chromium(playwright: Playwright) -> str | None:
    """The first Chromium that there is, installed where that may be done."""
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    own = playwright.chromium.executable_path
    return on_path or (own if Path(own).exists() else None) or _installed()


def _installed() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False, timeout=600)
    return shutil.which("chromium")


def _give_up(reason: str) -> None:
    if os.environ.get("IDP_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def here(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The provider in this process, so that one can see which pages and templates it used."""
    directory = tmp_path_factory.mktemp("here")
    with serving_here(templates.sqlite(directory / "idp.sqlite"), directory) as server:
        yield server


@dataclass(slots=True)
class Person:
    """Somebody before a window of their own."""

    page: Page
    context: BrowserContext
    script: bool
    pictures: Path
    complaints: list[str] = field(default_factory=list)

    @property
    def step(self) -> str | None:
        """The login step that is shown."""
        main = self.page.locator("main[data-step]")
        return main.get_attribute("data-step") if main.count() else None

    def picture(self, name: str) -> None:
        """Keep what is seen, for people to look at."""
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    def answer(self, field: str, value: str) -> None:
        """Type into a field of the step that is shown, and go on as a person would."""
        box = self.page.locator(f"[name={field}]")
        by_itself = self.script and box.get_attribute("data-submit-at") == str(len(value))
        with self.page.expect_navigation():
            box.fill(value)
            if not by_itself:
                box.press("Enter")

    def press(self, words: str) -> None:
        """Press the button or link with these words."""
        control = self.page.get_by_role("button", name=words, exact=True).or_(
            self.page.get_by_role("link", name=words, exact=True)
        )
        with self.page.expect_navigation():
            control.first.click()

    def log_in(self, user: KnownUser, *, until: str | None = None) -> list[str]:
        """Answer every step that is shown, or until that one is; say which they were."""
        steps: list[str] = []
        while (step := self.step) not in (None, until):
            steps.append(str(step))
            match step:
                case "password":
                    self.page.locator("[name=username]").fill(user.username)
                    self.answer("password", user.password)
                case "security_code":
                    self.answer("security_code", user.tenant.code)
                case "totp":
                    self.answer("totp", user.totp())
                case other:
                    raise AssertionError(f"unexpected step: {other}")
            assert not (self.step == step and self.page.get_by_role("alert").count()), self.page.inner_text("main")
        return steps


NewPerson = Callable[..., Person]


@pytest.fixture
def mailbox(live: Server, tmp_path: Path) -> Iterator[Mailbox]:
    """The mailboxes of everybody, behind a real mail server."""
    with mail_server() as server:
        yield Mailbox(Post(live.app, tmp_path), server)


@pytest.fixture
def new_person(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[NewPerson]:
    """Opens windows: `new_person(width=390, script=True, scheme="light")`. None may have complained at the end."""
    pictures = PICTURES / request.node.name.replace("/", "-")
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    people: list[Person] = []

    def open_window(width: int = 1280, *, script: bool = True, scheme: str = "light") -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            java_script_enabled=script,
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        person = Person(page, context, script, pictures)
        page.on("console", lambda message: person.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: person.complaints.append(str(error)))
        page.on("response", lambda r: person.complaints.append(f"{r.status} {r.url}") if r.status >= 500 else None)
        people.append(person)
        return person

    yield open_window
    for person in people:
        person.context.close()
    assert [c for p in people for c in p.complaints] == []


@dataclass(frozen=True, slots=True)
class Stage:
    """A running provider, a sample application that is registered with it, and a maker of people."""

    live: Server
    world: World
    application: str


@pytest.fixture
def stage(live: Server, tmp_path: Path) -> Iterator[Stage]:
    """The provider with the sample application beside it."""
    world = live.new_world()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    client = world.client(
        "sample",
        name="Informer Books",
        redirect_uris=[f"{address}/callback/employees"],
        post_logout_redirect_uris=[f"{address}/"],
    )
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("IDP_", "SAMPLE_APP_"))},
        "SAMPLE_APP_PORT": str(port),
        "SAMPLE_APP_ISSUER": live.issuer,
        "SAMPLE_APP_CLIENT_ID": client.client_id,
        "SAMPLE_APP_CLIENT_SECRET": str(client.client_secret),
    }
    log = tmp_path / "sample-app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, SAMPLE_APP], env=variables, stdout=output, stderr=output, cwd=tmp_path
        )
    try:
        _wait_until_up(address, process, log)
        yield Stage(live, world, address)
    finally:
        stop(process)


def _wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while True:
        try:
            if httpx.get(f"{address}/healthz", trust_env=False, timeout=20).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
