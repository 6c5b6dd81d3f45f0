"""A clock that is set back, a disk that is full, a writer that does not let go, a key that is not there: nothing is granted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession
from idp.platform import database
from idp.platform.extensions import db
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.stores import Store, dispose, make_app
from tests.support.world import KnownUser, World

STEPS = ["password", "totp"]


@pytest.fixture
def anna(world: World) -> KnownUser:
    """With an authenticator and the 30-day choice, at a company that asks nothing else."""
    return world.user("anna", world.tenant(security_code=False), totp=True, every_30_days=True)


def rows(world: World, model: type[AuditEvent | BrowserSession]) -> int:
    with world.unit_of_work() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


# The clock (row 11)


def test_a_clock_set_back_revives_no_grant(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A grant whose end was seen is over for good, whatever the clock says an hour later."""
    new_browser().get(rp.authorize_url()).login(anna)
    clock.advance(days=30)
    assert new_browser().get(rp.authorize_url()).login(anna, until="totp").step == "totp"
    clock.advance(hours=-1)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == STEPS


def test_a_clock_set_back_takes_no_grant_that_lives(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """One that nobody saw end counts until its end."""
    new_browser().get(rp.authorize_url()).login(anna)
    clock.advance(days=29, hours=23)
    clock.advance(hours=-1)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == ["password"]


# The disk (row 12)


@pytest.fixture
def full_disk(app: Flask) -> Iterator[Callable[[bool], None]]:
    """Let the database grow no more, on every connection, and let it grow again: what SQLite meets on a full disk."""
    full = False

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0] if full else 2**30
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill(now: bool) -> None:
        nonlocal full
        full = now

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "checkout", limit)
    yield fill
    sa.event.remove(engine, "checkout", limit)


def test_a_full_disk(
    world: World,
    store: Store,
    anna: KnownUser,
    rp: RelyingParty,
    new_browser: NewBrowser,
    full_disk: Callable[[bool], None],
) -> None:
    """Whoever cannot be written down is not logged in: 503, nothing half-written; afterwards it goes on by itself."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    page = browser.page
    full_disk(True)
    with pytest.raises(OperationalError, match="full"):
        fill_up(world)
    before = rows(world, BrowserSession), rows(world, AuditEvent)
    browser.fill(totp=anna.totp()).submit()
    assert (browser.status, browser.landed) == (503, None)
    assert browser.response.headers["Retry-After"]
    assert (rows(world, BrowserSession), rows(world, AuditEvent)) == before
    full_disk(False)
    with closing(sqlite3.connect(store.database_url.removeprefix("sqlite:///"))) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    browser.get(page.address).login(anna)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def fill_up(world: World) -> None:
    """Write the smallest events that there are until not even one more finds room."""
    for _ in range(10_000):
        with world.unit_of_work() as session:
            session.add(AuditEvent(at=datetime(2026, 1, 1, tzinfo=UTC), kind="x", detail={}))


# A writer that does not let go (row 9)


def test_a_writer_that_holds_the_file(
    store: Store, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 after the busy time, no row, and the next request after it works."""
    monkeypatch.setattr(database, "SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 100", *database.SQLITE_PRAGMAS[1:]))
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    with closing(sqlite3.connect(store.database_url.removeprefix("sqlite:///"), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        page = browser.page
        browser.fill(totp=anna.totp()).submit()
        assert (browser.status, browser.landed) == (503, None)
        assert browser.response.headers["Retry-After"]
        writer.execute("ROLLBACK")
    browser.get(page.address).login(anna)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


@pytest.mark.postgres_valkey
def test_a_table_that_is_locked(
    store: Store, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, in_app: Flask
) -> None:
    """On PostgreSQL as well: 503 after the two seconds that a lock is waited for."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    page = browser.page
    with db.engine.connect() as other, other.begin():
        other.execute(sa.text("LOCK TABLE totp_devices IN ACCESS EXCLUSIVE MODE"))
        browser.fill(totp=anna.totp()).submit()
        assert (browser.status, browser.landed) == (503, None)
    browser.get(page.address).login(anna)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


# The keys (row 18)

OTHER = "0" * 63 + "1"


@pytest.mark.parametrize(
    ("ring", "opens"),
    [("{other}", False), ("{other},{own}", True)],
    ids=["another key", "a new key before the old one"],
)
def test_a_key_that_is_not_there_is_no_way_around_totp(
    world: World, store: Store, anna: KnownUser, clock: MovingClock, rp: RelyingParty, ring: str, opens: bool
) -> None:
    """Whose secret cannot be opened is still asked for a code, and gets nothing; with the old key in the ring it opens."""
    own = str(store.environment("https://login.informer.example")["IDP_SECRET_KEYS"])
    made = make_app(store.settings(secret_keys=ring.format(other=OTHER, own=own)))
    browser = Browser.within(made, "https://login.informer.example")
    browser.get("/account/").login(anna, until="totp")
    assert browser.step == "totp"
    browser.fill(totp=anna.totp()).submit()
    with made.app_context():
        assert (browser.status == 200 and browser.path == "/account/") is opens
        logged_in = db.session.scalar(sa.select(User.last_login_at).where(User.id == anna.id))
        assert (logged_in is not None) is opens
        dispose()
