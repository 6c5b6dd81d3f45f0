"""A Redis that can be killed, cut off and silenced, and a cache in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idp.platform.cache import Cache
from idp.platform.extensions import db
from tests.faults.outages import PATIENTLY, Stopwatch
from tests.shortlived.conftest import stores_app
from tests.support.slow_proxy import SlowProxy
from tests.support.valkey_process import ValkeyProcess


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def valkey_process(tmp_path: Path) -> Iterator[ValkeyProcess]:
    with ValkeyProcess(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
def proxy(valkey_process: ValkeyProcess) -> Iterator[SlowProxy]:
    with SlowProxy(valkey_process.port) as proxy:
        yield proxy


@pytest.fixture
def cached(proxy: SlowProxy, watch: Stopwatch) -> Iterator[Cache]:
    """Make a cache behind the proxy that waits for a busy machine."""
    made = Cache.from_url(f"redis://127.0.0.1:{proxy.port}/0{PATIENTLY}", watch)
    yield made
    made.close()


@pytest.fixture
def stores(tmp_path: Path, proxy: SlowProxy, cached: Cache) -> Iterator[Flask]:
    """SQLite, and the cache behind the proxy, with the context of the app pushed."""
    app = stores_app(f"sqlite:///{tmp_path}/stores.sqlite", f"redis://127.0.0.1:{proxy.port}/0")
    app.extensions["idp.platform.cache"] = cached
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
