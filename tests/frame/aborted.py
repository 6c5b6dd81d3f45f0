"""A session that starts everything and then stands still: `test_aborted_runs.py` kills it. By itself it is no test."""

import os
import time
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer
from tests.support.server import Server
from tests.support.undertaker import NAME


@pytest.mark.postgres_valkey
def test_it_stands_still(live: Server, postgres: PostgresServer) -> None:
    """Say who it is, and wait."""
    said = Path(os.environ["SAID"])
    said.with_suffix(".part").write_text(f"{os.environ[NAME]} {os.getpid()} {postgres.directory}")
    said.with_suffix(".part").rename(said)
    while True:
        time.sleep(60)
