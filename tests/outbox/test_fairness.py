"""Who does not answer holds up nobody else: no mail, and no other application."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import outbox
from idp.cli import worker
from idp.oidc.models import Client
from idp.outbox.jobs import ApplicationToTell
from idp.platform import settings
from idp.platform.settings import Settings
from tests.outbox.conftest import a_mail
from tests.support.mail import read
from tests.support.peer import Peer, peer
from tests.support.world import KnownUser, World

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LONG = 300
pytestmark = pytest.mark.settings(issuer="http://localhost:8000")


@pytest.fixture
def mailboxes(app: Flask, tmp_path: Path) -> Path:
    """Where the worker's mails go."""
    values = settings.of(app).model_dump() | {"mail_url": f"file://{tmp_path}/mail"}
    settings.keep(app, Settings(**values))
    return tmp_path / "mail"


@contextmanager
def hanging() -> Iterator[tuple[Peer, threading.Event, threading.Event]]:
    """Somebody who takes what is sent and says nothing until the last event is set; the first says that it came."""
    asked, over = threading.Event(), threading.Event()

    def hangs(_: socket.socket) -> None:
        asked.set()
        over.wait(LONG)

    with peer(hangs) as silent:
        try:
            yield silent, asked, over
        finally:
            over.set()


@contextmanager
def a_round(app: Flask) -> Iterator[threading.Thread]:
    """The worker at work on what is due."""

    def work() -> None:
        with app.app_context():
            worker.send(threading.Event())

    running = threading.Thread(target=work)
    running.start()
    try:
        yield running
    finally:
        running.join(LONG)
        assert not running.is_alive()


def tell(world: World, client_id: str, user: KnownUser, times: int = 1) -> None:
    """Let the worker tell the application so many times."""
    with world.unit_of_work() as session:
        row_id = session.scalars(sa.select(Client.id).where(Client.client_id == client_id)).one()
        outbox.ask_all(
            ApplicationToTell(client=str(row_id), user_id=str(user.id), session_id=None) for _ in range(times)
        )


def until(directory: Path, number: int) -> None:
    """Wait for that many mails."""
    waited = threading.Event()
    for _ in range(LONG * 50):
        if len(list(directory.glob("*.eml"))) >= number:
            return
        waited.wait(0.02)
    raise AssertionError("no mail came")


@pytest.mark.both_stores
def test_mails_go_out_meanwhile(world: World, app: Flask, mailboxes: Path) -> None:
    """Those that waited before the call began, and those that came while it hangs."""
    anna = world.user("anna", world.tenant())
    with hanging() as (silent, asked, over):
        world.client("stuck", backchannel_logout_uri=silent.url)
        tell(world, "stuck", anna)
        with world.unit_of_work():
            outbox.mail(a_mail())
        with a_round(app) as running:
            assert asked.wait(LONG)
            until(mailboxes, 1)
            with world.unit_of_work():
                outbox.mail(a_mail())
            until(mailboxes, 2)
            assert running.is_alive()
            over.set()
    assert len([read(file.read_bytes()) for file in mailboxes.glob("*.eml")]) == 2


def test_other_applications_are_told_meanwhile(world: World, app: Flask, mailboxes: Path) -> None:
    """Three that hang leave a thread for the fourth, which hears all that it is to hear."""
    anna, heard = world.user("anna", world.tenant()), threading.Semaphore(0)

    def counts(connection: socket.socket) -> None:
        connection.sendall(OK)
        heard.release()

    with hanging() as one, hanging() as two, hanging() as three, peer(counts) as shop:
        for number, (silent, _, _) in enumerate((one, two, three)):
            world.client(f"stuck-{number}", backchannel_logout_uri=silent.url)
            tell(world, f"stuck-{number}", anna)
        world.client("shop", backchannel_logout_uri=shop.url)
        tell(world, "shop", anna, times=10)
        with a_round(app) as running:
            assert all(heard.acquire(timeout=LONG) for _ in range(10))
            assert running.is_alive()
            for _, _, over in (one, two, three):
                over.set()
