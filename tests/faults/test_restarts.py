"""Restarts under load: SIGHUP replaces the workers one after another, SIGTERM answers what was asked, and nothing fails."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.faults.test_killed_workers import workers_of
from tests.support.server import Server, serving
from tests.support.stores import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RESTARTS = 1
CLIENTS = 2
DISCOVERY = "/.well-known/openid-configuration"


def ask(server: Server, over: threading.Event, outcomes: Counter[str]) -> None:
    """One client with connections that it keeps, asking without a pause."""
    with httpx.Client(base_url=server.issuer, timeout=60, trust_env=False) as http:
        while not over.wait(0.02):
            try:
                outcomes[str(http.get(DISCOVERY).status_code)] += 1
            except httpx.TransportError as error:
                outcomes[f"{type(error).__name__}: {error}"] += 1


def test_no_request_fails_while_workers_are_replaced(store: Store, tmp_path: Path) -> None:
    """Every request of clients that keep their connections is answered, during and after each replacement."""
    outcomes: Counter[str] = Counter()
    over = threading.Event()
    with serving(store, tmp_path, workers=2) as server:
        clients = [threading.Thread(target=ask, args=(server, over, outcomes)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for _ in range(RESTARTS):
                _replace(server, over)
        finally:
            over.set()
            for client in clients:
                client.join()
    assert outcomes.keys() == {"200"}, outcomes
    assert outcomes["200"] > 100, "too few requests to show anything"


def _replace(server: Server, over: threading.Event) -> None:
    """Ask for other workers, and wait until every one is another."""
    before = set(workers_of(server.pid))
    server.process.send_signal(signal.SIGHUP)
    for _ in range(600):
        now = set(workers_of(server.pid))
        if len(now) == len(before) and not now & before:
            return
        over.wait(0.1)
    raise AssertionError(f"the workers were never replaced: {before} {now}")
