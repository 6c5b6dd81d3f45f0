"""`idp worker` removes what is over, in small batches, and nothing else."""

import os
import signal
import subprocess
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import shortlived
from idp.cli import worker
from idp.login.models import BrowserSession, KnownIpGrant
from idp.oidc.clients.registration import initial_tokens
from idp.oidc.models import AuthorizationGrant, Client, InitialAccessToken, KeyState, RefreshToken
from idp.oidc.signing_keys import keyring
from idp.platform import batches
from idp.platform.extensions import db
from idp.shortlived.models import ShortLivedValue
from tests.support.moving_clock import MovingClock
from tests.support.server import IDP
from tests.support.stores import Store
from tests.support.world import World

RUNNING = threading.Event()  # never set: nobody stops the work


def count(kind: type[object]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


@pytest.fixture
def sessions(world: World, app: Flask, clock: MovingClock) -> list[uuid.UUID]:
    """Three sessions that end in a day; on the second rests an authorization of 30 days, on the third one of an hour."""
    anna, client = world.user("anna", world.tenant()), world.client()
    with world.unit_of_work() as session:
        tenant_id = anna.tenant.id
        client_id = session.scalars(sa.select(Client.id)).one()
        ids = [uuid.uuid4() for _ in range(3)]
        for number, session_id in enumerate(ids):
            session.add(
                BrowserSession(
                    id=session_id,
                    secret_hash=str(number),
                    user_id=anna.id,
                    tenant_id=tenant_id,
                    evidence=[],
                    epoch=1,
                    expires_at=clock.now() + timedelta(days=1),
                )
            )
        session.flush()
        for number, days in ((1, 30.0), (2, 1 / 24)):
            grant = AuthorizationGrant(
                id=uuid.uuid4(),
                client_id=client_id,
                user_id=anna.id,
                tenant_id=tenant_id,
                session_id=ids[number],
                user_epoch=1,
                scope="openid",
                login={},
                request={},
                redirect_uri=client.redirect_uri,
                code_hash=str(number),
                code_expires_at=clock.now(),
                expires_at=clock.now() + timedelta(days=days),
            )
            session.add(grant)
            session.flush()
            session.add(RefreshToken(grant_id=grant.id, token_hash=str(number), expires_at=grant.expires_at))
        session.add(
            KnownIpGrant(
                user_id=anna.id,
                network="203.0.113.7",
                user_epoch=1,
                tenant_epochs={},
                earned_at=clock.now(),
                expires_at=clock.now() + timedelta(days=30),
            )
        )
    return ids


@pytest.mark.both_stores
def test_what_is_alive_stays(in_app: Flask, sessions: list[uuid.UUID]) -> None:
    """A purge removes nothing that may still be asked for."""
    handle = shortlived.put("test", {"a": 1}, timedelta(minutes=15))
    db.session.commit()
    assert worker.purge(RUNNING) == 0
    assert (count(BrowserSession), count(AuthorizationGrant), count(RefreshToken), count(KnownIpGrant)) == (3, 2, 2, 1)
    assert shortlived.get("test", handle) == {"a": 1}


@pytest.mark.both_stores
def test_what_is_over_goes(in_app: Flask, sessions: list[uuid.UUID], clock: MovingClock) -> None:
    """After its end and a day, a row goes; a session stays as long as an authorization rests on it."""
    clock.advance(days=3)
    worker.purge(RUNNING)
    assert set(db.session.scalars(sa.select(BrowserSession.id))) == {sessions[1]}
    assert (count(AuthorizationGrant), count(RefreshToken), count(KnownIpGrant)) == (1, 1, 1)
    clock.advance(days=30)
    worker.purge(RUNNING)
    assert (count(BrowserSession), count(AuthorizationGrant), count(RefreshToken), count(KnownIpGrant)) == (0, 0, 0, 0)


def test_a_token_to_register_with_goes(in_app: Flask, clock: MovingClock) -> None:
    """A day after its end."""
    initial_tokens.new(None, timedelta(days=7))
    db.session.commit()
    clock.advance(days=7)
    worker.purge(RUNNING)
    assert count(InitialAccessToken) == 1
    clock.advance(days=2)
    worker.purge(RUNNING)
    assert count(InitialAccessToken) == 0


def test_short_lived_values_go_in_batches(in_app: Flask, clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, no statement removes more than a batch."""
    monkeypatch.setattr(batches, "AT_ONCE", 10)
    for _ in range(35):
        shortlived.put("test", {}, timedelta(minutes=15))
    db.session.commit()
    clock.advance(days=1)
    assert worker.purge(RUNNING) == 35
    assert count(ShortLivedValue) == 0


def test_keys_that_have_signed_for_long_enough_are_rotated(in_app: Flask, clock: MovingClock) -> None:
    """After 90 days the next keys take over, once."""

    def active() -> set[str]:
        return {key.kid for key in keyring.every_key() if key.state is KeyState.ACTIVE}

    worker.rotate_when_due()
    first = active()
    clock.advance(days=89)
    worker.rotate_when_due()
    assert active() == first
    clock.advance(days=2)
    worker.rotate_when_due()
    assert active().isdisjoint(first)
    second = active()
    worker.rotate_when_due()
    assert active() == second


@pytest.mark.settings(key_rotation_days=30)
def test_the_operator_says_for_how_long_a_key_signs(in_app: Flask, clock: MovingClock) -> None:
    """IDP_KEY_ROTATION_DAYS; when that is over says `idp keys list`, too."""
    keyring.rotate()
    at = keyring.rotates_at()
    assert at == clock.now() + timedelta(days=30)
    first = {key.kid for key in keyring.every_key() if key.state is KeyState.ACTIVE}
    for moment, rotated in ((at, False), (at + timedelta(seconds=1), True)):
        clock.at(moment)
        worker.rotate_when_due()
        active = {key.kid for key in keyring.every_key() if key.state is KeyState.ACTIVE}
        assert active.isdisjoint(first) is rotated


def test_it_ends_when_it_is_told_to(store: Store, tmp_path: Path) -> None:
    """SIGTERM ends a waiting worker at once, with exit code 0; `--once` ends by itself."""
    environment = {**os.environ, **store.environment("http://127.0.0.1:8000")}
    assert (
        subprocess.run([IDP, "worker", "--once"], env=environment, cwd=tmp_path, timeout=300, check=False).returncode
        == 0
    )
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([IDP, "worker"], env=environment, cwd=tmp_path, stderr=output)
    while b"worker_begins" not in log.read_bytes():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=300) == 0
