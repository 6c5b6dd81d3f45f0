"""Restarts under load: SIGHUP replaces the workers one after another, and nothing fails."""

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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RESTARTS = 1
CLIENTS = 2
ENOUGH = 100
DISCOVERY = "/.well-known/openid-configuration"


def ask(server: Server, over: threading.Event, outcomes: Counter[str]) -> None:
    """One client with a connection that it keeps until it is told that it ends (RFC 9112 section 9.6)."""
    kept = None
    with httpx.Client(base_url=server.issuer, timeout=300, trust_env=False) as http:
        while not over.wait(0.02):
            try:
                with http.stream("GET", DISCOVERY) as answer:
                    connection = answer.extensions["network_stream"].get_extra_info("client_addr")
                    answer.read()
            except httpx.TransportError as error:
                outcomes[f"{type(error).__name__}: {error}"] += 1
                continue
            outcomes[str(answer.status_code)] += 1
            outcomes["cut off without a word"] += kept not in {None, connection}
            told = answer.headers.get("Connection") == "close"
            outcomes["told"] += told
            kept = None if told else connection


def test_no_request_fails_while_workers_are_replaced(store: Store, tmp_path: Path) -> None:
    """Every request of clients that keep their connections is answered, and no connection ends without a word.

    A server that closes a connection just when its client uses it fails a request, which a test would see once in many.
    """
    outcomes: Counter[str] = Counter()
    over = threading.Event()
    with serving(store, tmp_path, workers=2) as server:
        clients = [threading.Thread(target=ask, args=(server, over, outcomes)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for _ in range(RESTARTS):
                _replace(server, over)
            while outcomes["200"] <= ENOUGH and any(client.is_alive() for client in clients):
                over.wait(0.02)
        finally:
            over.set()
            for client in clients:
                client.join()
    assert (+outcomes).keys() == {"200", "told"}, outcomes
    assert outcomes["told"] >= CLIENTS, outcomes


def _replace(server: Server, over: threading.Event) -> None:
    """Ask for other workers, and wait until every one is another."""
    before = set(workers_of(server.pid))
    server.process.send_signal(signal.SIGHUP)
    for _ in range(6000):
        now = set(workers_of(server.pid))
        if len(now) == len(before) and not now & before:
            return
        over.wait(0.1)
    raise AssertionError(f"the workers were never replaced: {before} {now}")
