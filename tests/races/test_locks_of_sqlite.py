"""What keeps several processes on one SQLite file from overwriting what another one reads."""

import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from idp.platform.extensions import db
from tests.support.stores import Store

LOCKS = Path("/proc/locks")


def locks_on(file: Path) -> list[str]:
    """The POSIX locks on a file, as Linux lists them, without their running number."""
    inode = f":{file.stat().st_ino} "
    return sorted(line.split(maxsplit=1)[1] for line in LOCKS.read_text().splitlines() if inode in line)


@pytest.mark.skipif(sys.platform != "linux" or not LOCKS.exists(), reason="the locks are listed by Linux alone")
def test_a_new_connection_keeps_the_locks_of_the_others(app: Flask, store: Store) -> None:
    """Closing any other handle of the file would drop them all (sqlite.org/howtocorrupt section 2.2)."""
    file = Path(str(make_url(store.database_url).database))
    with app.app_context():
        first = db.engine.connect()
        first.exec_driver_sql("SELECT count(*) FROM tenants").scalar_one()
        held = locks_on(file)
        assert held, "nothing is locked, so this test shows nothing"
        second = db.engine.connect()
        assert set(held) <= set(locks_on(file))
        second.close()
        first.close()
