"""`idp worker` as a process: it delivers within seconds, several of them each mail once, and it stops when told."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.mail import Received, read
from tests.support.server import IDP, serving
from tests.support.stores import Store, StoreKind

WITHIN = 300
"""Most of it for the start of two processes on a machine that is busy with other tests."""


@contextmanager
def workers(
    store: Store, environment: dict[str, str], directory: Path, number: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    with (directory / "workers.log").open("ab") as log:
        running = [
            subprocess.Popen([str(IDP), "worker"], env=environment, stdout=log, stderr=log, cwd=directory)
            for _ in range(number)
        ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def settings_of(store: Store, directory: Path, issuer: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    return kept | store.environment(issuer) | {"IDP_MAIL_URL": f"file://{directory}/mail"}


def mails_in(directory: Path, at_least: int) -> list[Received]:
    deadline = time.monotonic() + WITHIN
    while len(found := list((directory / "mail").glob("*.eml"))) < at_least:
        assert time.monotonic() < deadline, (directory / "workers.log").read_text()
        time.sleep(0.1)
    return [read(file.read_bytes()) for file in sorted(found)]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", list(StoreKind), ids=str)
def test_it_delivers(kind: StoreKind, new_store: Callable[[StoreKind], Store], tmp_path: Path) -> None:
    """From a question at the server to the new password, with two workers; SIGTERM ends them with exit code 0."""
    store = new_store(kind)
    with serving(store, tmp_path) as server:
        environment = settings_of(store, tmp_path, server.issuer)
        world, browser = server.new_world(), server.browser()
        people = [world.user(f"user{n}", world.tenant(f"tenant{n}")) for n in range(3)]
        for user in people:
            browser.get("/forgot-password").fill(username=user.username).submit()
        with workers(store, environment, tmp_path, 2) as running:
            mails = mails_in(tmp_path, len(people))
            browser.get(mails[0].link).fill(new_password="zeven gele fietsen zingen").submit()
            assert "Your password is changed" in browser.text
            assert len(mails_in(tmp_path, len(people) + 1)) == len(people) + 1
            for process in running:
                process.send_signal(signal.SIGTERM)
            assert [process.wait(timeout=300) for process in running] == [0, 0]
        token = mails[0].link.rpartition("/")[2]
        assert token not in server.log.read_text()
        assert token not in (tmp_path / "workers.log").read_text()


def test_once_and_check(new_store: Callable[[StoreKind], Store], tmp_path: Path) -> None:
    """`idp worker --once` does what is due and leaves; `idp check` tells of the mail server and of the outbox."""
    store = new_store(StoreKind.SQLITE_ALONE)
    environment = settings_of(store, tmp_path, "http://127.0.0.1:8000")
    done = subprocess.run(
        [str(IDP), "worker", "--once"], check=False, env=environment, capture_output=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr
    checked = subprocess.run(
        [str(IDP), "check", "--json"], check=False, env=environment, capture_output=True, cwd=tmp_path, timeout=300
    )
    parts = {part["part"]: part for part in json.loads(checked.stdout)["parts"]}
    assert checked.returncode == 0, parts
    assert parts["outbox"] == {"part": "outbox", "ok": True, "reason": "0 mails wait"}
    assert parts["mail"]["reason"] == f"is written to {tmp_path}/mail"
