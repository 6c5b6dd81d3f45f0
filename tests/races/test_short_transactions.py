"""Nobody who logs in waits long for background work: its transactions are short, and nothing costly happens in them."""

from __future__ import annotations

import importlib
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import shortlived
from idp.accounts.models import RecoveryCode
from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession, FailureCount
from idp.oidc.models import AuthorizationGrant, Client, RefreshToken
from idp.outbox.models import Queued
from idp.platform import batches, clock
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.shortlived.models import UsedName
from idp.tenancy import audit_retention
from tests.support import locks
from tests.support.locks import HashedWithALock
from tests.support.moving_clock import MovingClock
from tests.support.server import IDP, serving, stop, surroundings
from tests.support.stores import Store, StoreKind
from tests.support.world import KnownClient, KnownUser, World

worker = importlib.import_module("idp.cli.worker")
LONGEST = 0.05
STATEMENT, ROW = 0.001, 0.0002
"""What a statement costs on the stopwatch of these tests, and each row of it: more than on a slow machine."""
SESSIONS, NAMES = 1_000, 47_000
"""Fifty thousand rows: sessions with an authorization and a refresh token each, and names that were used."""


class Unhurried(threading.Event):
    """Never set, and nobody waits for it: pauses are noted instead."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0)
        return False


@contextmanager
def costly() -> Iterator[list[locks.Held]]:
    """A stopwatch that only statements move; what was locked meanwhile, for how long by it."""
    passed = 0.0

    def cost(rows: int) -> None:
        nonlocal passed
        passed += STATEMENT + rows * ROW

    with clock.timed_by(lambda: passed), locks.each_statement(cost), locks.recorded() as held:
        yield held


def crowd(world: World, anna: KnownUser, client: KnownClient, number: int, ends: datetime) -> None:
    """So many sessions of anna that end then, on each an authorization with a refresh token: few statements, many rows."""
    ids = [uuid.uuid4() for _ in range(number)]
    with world.unit_of_work() as session:
        client_id = session.scalars(sa.select(Client.id).where(Client.client_id == client.client_id)).one()
        session.execute(
            sa.insert(BrowserSession),
            [
                {
                    "id": row_id,
                    "secret_hash": str(row_id),
                    "user_id": anna.id,
                    "tenant_id": anna.tenant.id,
                    "evidence": [],
                    "epoch": 1,
                    "expires_at": ends,
                }
                for row_id in ids
            ],
        )
        session.execute(
            sa.insert(AuthorizationGrant),
            [
                {
                    "id": row_id,
                    "client_id": client_id,
                    "user_id": anna.id,
                    "tenant_id": anna.tenant.id,
                    "session_id": row_id,
                    "user_epoch": 1,
                    "scope": "openid",
                    "login": {},
                    "request": {},
                    "redirect_uri": client.redirect_uri,
                    "code_hash": str(row_id),
                    "code_used_at": ends - timedelta(hours=1),
                    "code_expires_at": ends,
                    "expires_at": ends,
                }
                for row_id in ids
            ],
        )
        session.execute(
            sa.insert(RefreshToken),
            [{"grant_id": row_id, "token_hash": str(row_id), "expires_at": ends} for row_id in ids],
        )


@pytest.mark.both_stores
def test_every_background_transaction_is_short(world: World, app: Flask, clock: MovingClock) -> None:
    """R87: sweep, purge and retention let go of the lock within 50 ms, whatever hangs on a row, and pause for as long."""
    anna = world.user("anna", world.tenant())
    told = world.client("books", backchannel_logout_uri="https://books.example/backchannel")
    crowd(world, anna, told, 300, clock.now() + timedelta(hours=1))
    with app.app_context():
        for number in range(150):
            shortlived.once("jti", str(number), timedelta(minutes=1))
            db.session.add(
                FailureCount(name=str(number), asked="password", scope="strangers", failures=1, failed_at=clock.now())
            )
        db.session.commit()
        clock.advance(hours=2)
        hurry = Unhurried()
        with costly() as held:
            worker.sweep_what_is_over(hurry)
        assert db.session.scalar(sa.select(sa.func.count()).where(BrowserSession.ended_at.is_(None))) == 0
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Queued)) == 300, "each end is told"
        db.session.rollback()
        clock.advance(days=800)
        with costly() as purged:
            worker.purge(hurry)
            audit_retention.remove(anna.tenant.id, 2, hurry)
        for table in (BrowserSession, AuthorizationGrant, RefreshToken, FailureCount, UsedName, AuditEvent):
            assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    for transactions in (held, purged):
        assert sum(one.seconds for one in transactions) > LONGEST, "one transaction might have done it all"
        assert max(one.seconds for one in transactions) <= LONGEST
    assert min(hurry.pauses) > 0


def test_a_lock_is_left_alone_for_as_long_as_it_was_held(in_app: Flask) -> None:
    """SQLite's waiters look now and then: a lock that is free for a moment only is never found free."""
    hurry, done = Unhurried(), list[int]()

    def do(item: int) -> int:
        done.append(item)
        return int(shortlived.once("test", str(item), timedelta(minutes=1)))

    with costly():
        batches.work_off(lambda most: range(len(done), 100), do, hurry)
    assert done == list(range(100))
    assert sum(hurry.pauses) >= 100 * STATEMENT


def test_what_others_hold_is_left(in_app: Flask) -> None:
    """What cannot be done now is found again later, and not again and again."""
    looks = list[int]()

    def find(most: int) -> list[int]:
        looks.append(most)
        return [1, 2, 3]

    assert batches.work_off(find, lambda item: 0) == 0
    assert len(looks) == 1


@pytest.mark.both_stores
def test_hashing_with_a_lock_in_hand_is_found(world: World, app: Flask) -> None:
    """R87: this is how the whole suite fails where a hash is made, or compared, after the first write."""
    anna = world.user("anna", world.tenant())
    with app.app_context():
        plain = hasher().hash("before the first write")
        db.session.add(RecoveryCode(user_id=anna.id, hint="ab", code_hash=plain))
        db.session.flush()
        for costly_thing in (lambda: hasher().hash("x"), lambda: hasher().verify(plain, "x")):
            with pytest.raises(HashedWithALock):
                costly_thing()
        db.session.rollback()
        assert not hasher().verify(plain, "after the end")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_people_log_in_while_fifty_thousand_rows_are_swept(
    new_store: Callable[[StoreKind], Store], tmp_path: Path
) -> None:
    """R87: on SQLite, with `idp serve` and `idp worker` as processes: nobody gets a 503, from begin to end."""
    store = new_store(StoreKind.SQLITE_ALONE)
    with serving(store, tmp_path, workers=2) as server:
        world = server.new_world()
        zon = world.tenant(security_code=False)
        client = world.client("books")
        crowd(world, world.user("over", zon), client, SESSIONS, clock.now() - timedelta(days=2))
        with world.unit_of_work() as session:
            over = {"kind": "test", "expires_at": clock.now() - timedelta(days=1)}
            session.execute(sa.insert(UsedName), [{"digest": str(number), **over} for number in range(NAMES)])
        environment = surroundings() | store.environment(server.issuer)
        people = [world.user(f"user{number}", zon) for number in range(4)]
        with (tmp_path / "worker.log").open("ab") as log:
            working = subprocess.Popen([str(IDP), "worker"], env=environment, stdout=log, stderr=log, cwd=tmp_path)
        try:
            refused, logins = 0, 0
            while left := _over(world):
                for person in people:
                    relying_party = server.relying_party(client)
                    browser = server.browser()
                    browser.get(relying_party.authorize_url())
                    browser.login(person)
                    refused += browser.status == 503
                    assert relying_party.finish(browser).claims["tenant"] == zon.slug
                    logins += 1
                server.close_browsers()
                assert working.poll() is None, (tmp_path / "worker.log").read_text()
                assert logins < 5_000, f"{left} rows are there yet"
        finally:
            stop(working)
        assert (refused, '"status": 503' in server.log.read_text()) == (0, False)
        assert logins >= len(people)


def _over(world: World) -> int:
    """How many rows a worker has not swept away yet."""
    long_ago = clock.now() - timedelta(hours=5)
    counts = (
        sa.select(sa.func.count()).select_from(table).where(table.expires_at < long_ago)
        for table in (UsedName, RefreshToken, AuthorizationGrant, BrowserSession)
    )
    with world.unit_of_work() as session:
        return sum(session.scalar(count) or 0 for count in counts)
