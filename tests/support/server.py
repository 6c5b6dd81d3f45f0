"""`idp serve` as a process of its own, on a free loopback port, with the real clock.

with serving(store, directory, workers=4) as server:
    server.browser()   server.relying_party(client)   server.world.user(…)
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
from flask import Flask
from werkzeug.serving import make_server

from idp.platform import clock
from tests.support.browser import Browser
from tests.support.postgres import free_port
from tests.support.relying_party import RelyingParty
from tests.support.stores import Store, dispose, make_app
from tests.support.world import KnownClient, World

IDP = Path(sys.executable).with_name("idp")
UP_WITHIN = 300
DOWN_WITHIN = 120


class Server:
    """A running `idp serve`. `pid` is the process to signal, `log` the file that its output goes to.

    Without a process it is `app` itself that answers, in a thread.
    """

    def __init__(
        self, store: Store, process: subprocess.Popen[bytes] | None, issuer: str, log: Path, app: Flask
    ) -> None:
        self.store = store
        self._process = process
        self.issuer = issuer
        self.log = log
        self.app = app
        self._worlds = 0
        self._browsers: list[Browser] = []

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started."""
        assert self._process, "the application answers in this process"
        return self._process

    @property
    def pid(self) -> int:
        """The process that was started; its workers are its children."""
        return self.process.pid

    def new_world(self) -> World:
        """A maker of tenants, people and applications whose names no other test on this server has."""
        self._worlds += 1
        return World(self.app, suffix=f"-{self._worlds}")

    def browser(self) -> Browser:
        """A fresh browser."""
        self._browsers.append(Browser.over_the_wire(self.issuer))
        return self._browsers[-1]

    def relying_party(self, client: KnownClient) -> RelyingParty:
        """The application that `client` is the registration of."""
        return RelyingParty(self.browser().http, client, clock.now)

    def close_browsers(self) -> None:
        """Cut the connections of every browser and application that was made so far."""
        while self._browsers:
            self._browsers.pop().http.close()


@contextmanager
def serving(
    store: Store, directory: Path, *, workers: int = 1, environment: Mapping[str, str] | None = None, port: int = 0
) -> Iterator[Server]:
    """Run `idp serve` on a migrated store until the block ends."""
    port = port or free_port()
    issuer = f"http://localhost:{port}"
    log = directory / f"serve-{port}.log"
    variables = surroundings() | store.environment(issuer) | dict(environment or {})
    command = [str(IDP), "serve", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=variables, stdout=output, stderr=output, cwd=directory)
    app = make_app(store.settings(issuer=issuer))
    try:
        wait_until_answers(f"{issuer}/healthz", process, log)
        server = Server(store, process, issuer, log, app)
        yield server
        server.close_browsers()
    finally:
        stop(process)
        with app.app_context():
            dispose()


@contextmanager
def serving_here(store: Store, directory: Path) -> Iterator[Server]:
    """Answer in threads of this process, for whoever wants to look into the application meanwhile."""
    port = free_port()
    app = make_app(store.settings(issuer=f"http://localhost:{port}"))
    with make_server("127.0.0.1", port, app, threaded=True) as answering:
        thread = Thread(target=answering.serve_forever)
        thread.start()
        server = Server(store, None, f"http://localhost:{port}", directory / "none.log", app)
        try:
            yield server
        finally:
            server.close_browsers()
            answering.shutdown()
            thread.join()
    with app.app_context():
        dispose()


def wait_until_answers(
    address: str, process: subprocess.Popen[bytes], log: Path | None = None, status: int = 200
) -> None:
    """Wait until the server answers that it lives; say what it logged when it does not."""
    deadline = time.monotonic() + UP_WITHIN
    while True:
        try:
            if httpx.get(address, trust_env=False, timeout=20).status_code == status:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, log and log.read_text()
        assert time.monotonic() < deadline, log and log.read_text()
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that a test started: politely, then not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=DOWN_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=300)


def surroundings() -> dict[str, str]:
    """This process's environment without any setting of the product's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
