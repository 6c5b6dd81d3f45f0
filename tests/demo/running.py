"""`idp demo` as a process of its own, and what its table tells a person."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from idp.platform import clock
from tests.support.browser import Browser
from tests.support.page import Page
from tests.support.postgres import free_port
from tests.support.server import IDP
from tests.support.world import KnownTenant, KnownUser

READY_WITHIN = 300


@dataclass(slots=True)
class Demo:
    """A demo that runs, or ran."""

    process: subprocess.Popen[str]
    directory: Path
    port: int
    sample_app_port: int
    output: Path
    host: str = "127.0.0.1"

    @property
    def issuer(self) -> str:
        """The provider's address."""
        return f"http://{self.host}:{self.port}"

    @property
    def sample_app(self) -> str:
        """The sample application's address."""
        return f"http://{self.host}:{self.sample_app_port}"

    @property
    def said(self) -> str:
        """Everything on the terminal so far."""
        return self.output.read_text()

    def wait_until_ready(self) -> None:
        """Wait for the table's last line."""
        self.wait_for("Ctrl-C ends the demo")

    def wait_for(self, words: str) -> None:
        """Wait until these words are on the terminal."""
        deadline = time.monotonic() + READY_WITHIN
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=300)

    def person(self, username: str) -> KnownUser:
        """A person as the table has them."""
        row = re.search(rf"^\|\s+{username}\s+\|([^|]*)\|([^|]*)\|([^|]*)\|", self.said, re.MULTILINE)
        assert row, f"{username} is not in the table:\n{self.said}"
        password, code, secret = (cell.strip() for cell in row.groups())
        tenant = KnownTenant(uuid.uuid4(), "", "", code)
        known = KnownUser(uuid.uuid4(), username, username, password, tenant, clock.now)
        known.totp_secret = None if secret == "-" else secret
        return known


def begin(directory: Path, **variables: str) -> Demo:
    """Start a demo on free ports; `variables` are settings of its environment."""
    port, sample_app_port = free_port(), free_port()
    output = directory.with_name(f"{directory.name}-{port}.out")
    ours = {"IDP_PORT": str(port), "IDP_SAMPLE_APP_PORT": str(sample_app_port), "IDP_DATA_DIR": str(directory)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    with output.open("w") as terminal:
        process = subprocess.Popen(
            [IDP, "demo"],
            env=kept | ours | variables,
            stdout=terminal,
            stderr=terminal,
            text=True,
            start_new_session=True,
        )
    return Demo(process, directory, port, sample_app_port, output, variables.get("IDP_HOST", "127.0.0.1"))


@contextmanager
def running(directory: Path, **variables: str) -> Iterator[Demo]:
    """A demo that is ready, until the block ends."""
    demo = begin(directory, **variables)
    try:
        demo.wait_until_ready()
        yield demo
    finally:
        demo.end()


def listening(port: int) -> bool:
    """Whether anything answers on this loopback port."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=5)
    except httpx.TransportError:
        return False
    return True


class Visitor:
    """A person who uses the sample application with a browser of their own."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.browser = Browser.over_the_wire(demo.issuer)
        self.http = httpx.Client(base_url=demo.sample_app, trust_env=False, timeout=300)
        self.status = 0
        self.page = Page("", demo.sample_app)

    def leave(self) -> None:
        """Close the browser."""
        self.browser.http.close()
        self.http.close()

    def log_in(self, person: KnownUser, path: str = "/login") -> Visitor:
        """Follow a way in, answer every step, come back."""
        return self.go(path, person)

    def go(self, path: str, person: KnownUser | None = None, method: str = "GET") -> Visitor:
        """Ask the application; where it sends the browser to the provider, answer the steps there and come back."""
        response = self.http.request(method, path)
        while response.is_redirect:
            target = response.headers["location"]
            if target.startswith(self.demo.issuer):
                self.browser.get(target)
                if person:
                    self.browser.login(person)
                assert self.browser.landed, self.browser.text
                target = self.browser.landed
            response = self.http.get(target)
        self.status = response.status_code
        self.page = Page(response.text, str(response.url))
        return self

    @property
    def claims(self) -> dict[str, str]:
        """The claims on the page."""
        cells = [[cell.get_text() for cell in row.select("code")] for row in self.page.soup.select("#claims tbody tr")]
        return dict(cells)


def login(demo: Demo, username: str) -> list[str]:
    """Log in at the sample application, and say which steps were asked."""
    visitor = Visitor(demo)
    try:
        visitor.log_in(demo.person(username))
        assert "Hello" in visitor.page.text
        return visitor.browser.steps
    finally:
        visitor.leave()
