"""Ends what a test session started, also when the session itself was killed.

    session (pytest, or one worker of it) ── pipe ──▶ this file, as a process of its own
        TESTS_SESSION=<token> in its environment, which all that it starts inherits, however deep
        bury(directory) ── a line in the pipe
        ends, in whatever way: the pipe closes ──▶ every process with the token ends, every directory is removed

A process is found by its environment and not by its parent: a server's workers outlive the server that was killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

NAME = "TESTS_SESSION"
POLITELY_SECONDS = 20


class Undertaker:
    """Waits beside a session for its end."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        os.environ[NAME] = self.token
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def bury(self, directory: Path) -> None:
        """Remove that directory at the end, should it be there still."""
        assert self._process.stdin
        self._process.stdin.write(f"{directory}\n".encode())
        self._process.stdin.flush()

    def close(self) -> None:
        """End whatever was forgotten; nothing, as a rule."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def started_by(token: str) -> list[psutil.Process]:
    """The processes of that session and what they started, but this one."""
    found = {one for one in psutil.process_iter() if one.pid != os.getpid() and _token(one) == token}
    return [*found.union(*map(_below, found))]


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        below: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return below


def _token(process: psutil.Process) -> str | None:
    try:
        token: str | None = process.environ().get(NAME)
    except (psutil.Error, OSError):
        return None
    return token


def _end_all(token: str) -> None:
    left = started_by(token)
    for process in left:
        _tell(process.terminate)
    _, stubborn = psutil.wait_procs(left, timeout=POLITELY_SECONDS)
    for process in {*stubborn, *started_by(token)}:
        _tell(process.kill)


def _tell(end: Callable[[], object]) -> None:
    with suppress(psutil.Error):
        end()


def main() -> None:
    """Read directories until the session ends."""
    directories = [line.decode().rstrip("\n") for line in sys.stdin.buffer]
    _end_all(os.environ[NAME])
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
