"""The processes of the demo: begun one by one, waited for, ended together, also when the demo itself is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from idp.demo import reaper
from idp.platform.errors import Unavailable

TICK = 0.05
READY_WITHIN = 60.0
ENDED_WITHIN = 10.0
LAST_WORDS = 3


class Interrupted(Exception):
    """The person who started the demo ends it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running process, the leader of a group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    end_by: signal.Signals

    def failed(self) -> Unavailable:
        """What is to be said when it has ended by itself."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = "\n".join(f"  {line}" for line in lines[-LAST_WORDS:])
        return Unavailable(f"{self.name} has ended by itself; all that it said is in {self.log}\n{said}".rstrip())

    def end(self) -> None:
        """End it and its own: politely, then not."""
        reaper.send({self.process.pid}, self.end_by)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDED_WITHIN)
        reaper.send({self.process.pid}, signal.SIGKILL)
        self.process.wait()


class Processes:
    """All of them. Leaving the block ends them."""

    def __init__(self, logs: Path, stopped: Callable[[], bool]) -> None:
        self._logs = logs
        self._stopped = stopped
        self._children: list[Child] = []
        self._reaper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Begin with the one that cleans up after us."""
        command = [sys.executable, "-I", reaper.__file__]
        self._reaper = subprocess.Popen(  # noqa: S603 - a script of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the processes, the last one first, and wait for them."""
        for child in reversed(self._children):
            child.end()
            self._tell_reaper(f"-{child.process.pid}")
        if self._reaper and self._reaper.stdin:
            self._reaper.stdin.close()
            self._reaper.wait()

    def begin(
        self,
        name: str,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        end_by: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start a process; what it says goes to a log file of its name. `end_by`: the signal that ends it politely."""
        log = self._logs / f"{name.lower().replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - programs of ours, named by the caller
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._logs.parent,
                start_new_session=True,
            )
        child = Child(name, process, log, end_by)
        self._children.append(child)
        self._tell_reaper(f"+{process.pid}")
        return child

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Wait for something to be so, as long as every process lives and nobody ends the demo."""
        deadline = time.monotonic() + READY_WITHIN
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Unavailable(f"{what} did not answer within {READY_WITHIN:.0f} seconds; see {self._logs}")
            time.sleep(TICK)

    def stay(self) -> None:
        """Stay until the demo is ended, or a process ends by itself."""
        while True:
            self.check()
            time.sleep(TICK * 4)

    def check(self) -> None:
        """Raise `Interrupted` when the demo is to end, `Unavailable` when a process has ended by itself."""
        if self._stopped():
            raise Interrupted
        for child in self._children:
            if child.process.poll() is not None:
                raise child.failed()

    def _tell_reaper(self, line: str) -> None:
        if self._reaper and self._reaper.stdin:
            self._reaper.stdin.write(f"{line}\n".encode())
            self._reaper.stdin.flush()


def answers(address: str) -> bool:
    """Whether a web server answers there, and well."""
    try:
        return httpx.get(address, trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def pongs(host: str, port: int) -> bool:
    """Whether a Valkey server answers there."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def forget_settings() -> None:
    """Forget every setting of ours: what the environment says of a server is none of the demo's business."""
    for name in [name for name in os.environ if name.startswith("IDP_")]:
        del os.environ[name]


def surroundings() -> dict[str, str]:
    """This process's environment without any setting of ours, and without a proxy for this machine's own addresses."""
    ours = ("IDP_", "SAMPLE_APP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
