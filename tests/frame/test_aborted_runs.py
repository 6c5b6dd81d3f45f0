"""A run of tests that is killed leaves nothing behind: no PostgreSQL, no Valkey, no server, no worker of one, no directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.undertaker import started_by

ROOT = Path(__file__).parents[2]
WITHIN = 300


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left(tmp_path: Path, how: signal.Signals) -> None:
    """By force or by a polite signal, in the middle of a test that uses every server."""
    said = tmp_path / "said"
    given = {name: value for name, value in os.environ.items() if name != "IDP_TEST_DATABASE_URL"}
    command = ["-m", "pytest", "tests/frame/aborted.py", "-q", "--no-cov", "-p", "no:xdist", "-p", "no:cacheprovider"]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env={**given, "SAID": str(said)}, stdout=log, stderr=log
        )
    until(lambda: said.exists() or run.poll() is not None, "the run never came to its test")
    assert run.poll() is None, (tmp_path / "log").read_text()
    token, pid, directory = said.read_text().split(" ")
    assert int(pid) == run.pid
    names = {one.name() for one in started_by(token)}
    assert {"postgres", "idp", "valkey-server"} <= names
    run.send_signal(how)
    run.wait(timeout=WITHIN)
    until(lambda: not started_by(token), "something is left")
    until(lambda: not Path(directory).exists(), "the data of PostgreSQL is left")
