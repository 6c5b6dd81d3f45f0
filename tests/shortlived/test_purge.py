"""What is over is removed in small batches; what is not, or not for long, stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from idp import shortlived
from idp.platform import batches
from idp.platform.extensions import db
from idp.shortlived.models import ShortLivedValue, UsedName
from idp.shortlived.sql_home import SqlHome
from idp.shortlived.types import Address
from tests.shortlived.conftest import Where
from tests.support.moving_clock import MovingClock

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.parametrize("where", [Where.SQLITE, Where.POSTGRES], ids=str)


def rows() -> tuple[int, int]:
    """How many values and used names there are."""
    counts = [
        db.session.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (ShortLivedValue, UsedName)
    ]
    return counts[0], counts[1]


def fill(clock: MovingClock, how_many: int) -> None:
    for n in range(how_many):
        SqlHome().put(Address("code", f"{n:064x}"), "sealed", clock.now())
        shortlived.once("jti", str(n), timedelta(0))
    db.session.commit()


@pytest.mark.usefixtures("stores")
def test_only_what_is_long_over_goes(clock: MovingClock) -> None:
    """The living and the newly dead stay, so that a clock set back by an hour revives no used name."""
    fill(clock, 5)
    clock.advance(hours=3)
    fresh = shortlived.put("code", {"n": 1}, timedelta(hours=1))
    assert shortlived.once("jti", "used", timedelta(minutes=1))
    db.session.commit()
    clock.advance(minutes=30)
    assert shortlived.purge() == 10
    assert rows() == (1, 1)
    assert shortlived.get("code", fresh) == {"n": 1}
    clock.advance(hours=-1)
    assert not shortlived.once("jti", "used", timedelta(minutes=1))


def test_in_batches_each_committed(stores: Flask, clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty-five rows a table in batches of ten are three transactions each, none larger, where no time is to be had."""
    monkeypatch.setattr(batches, "HELD", 1e-9)
    monkeypatch.setattr(batches, "AT_ONCE", 10)
    fill(clock, 25)
    clock.advance(hours=3)
    commits: list[int] = []
    event.listen(db.engine, "commit", lambda _: commits.append(1))
    assert shortlived.purge() == 50
    assert rows() == (0, 0)
    assert len(commits) == 6


KILLED = """
import os, signal, sys
from datetime import datetime
from sqlalchemy import event
from idp import shortlived
from idp.platform import batches, clock
from idp.platform.extensions import db
from tests.shortlived.conftest import stores_app

def kill(connection, cursor, statement, *_):
    kill.left -= statement.startswith("DELETE")
    if kill.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

kill.left = 2
with clock.source(lambda: datetime.fromisoformat(sys.argv[2])), stores_app(sys.argv[1], None).app_context():
    event.listen(db.engine, "before_cursor_execute", kill)
    batches.HELD, batches.AT_ONCE = 1e-9, 10
    shortlived.purge()
"""


def test_a_purge_that_is_killed_leaves_whole_batches(stores: Flask, clock: MovingClock) -> None:
    """`kill -9` in the second batch: the first is gone, the rest is there, and the next purge ends it."""
    fill(clock, 25)
    clock.advance(hours=3)
    url = stores.extensions["idp.platform.settings"].database_url
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, url, clock.now().isoformat()], cwd=ROOT, timeout=300, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert rows() == (15, 25)
    db.session.rollback()
    assert shortlived.purge() == 40


@pytest.mark.usefixtures("stores")
def test_nothing_to_do() -> None:
    """An empty house is clean."""
    assert shortlived.purge() == 0
