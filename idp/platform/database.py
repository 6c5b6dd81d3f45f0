"""The engine: what a connection is told when it is made, so that PostgreSQL and SQLite keep the same promises.

    PostgreSQL   psycopg 3 · READ COMMITTED · 2 s to connect, 2 s for a lock, 5 s for a statement · checked before use
    SQLite       autocommit, and BEGIN IMMEDIATE before the first write · foreign keys · WAL, synced · file mode 0600

A value that is no text (NUL, half a surrogate pair) is refused before either sees it: PostgreSQL cannot keep it.
Reads of SQLite hold no snapshot, and writers queue before their first write, so one conditional UPDATE has one winner on both.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine, ExecutionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from idp.platform import settings
from idp.platform.errors import BadRequest
from idp.platform.extensions import db
from idp.platform.foreign_json import is_text

BUSY_MILLISECONDS = 2000
SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
)
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "SAVEPOINT", "WITH")

POOL: Mapping[str, Any] = {"pool_size": 8, "max_overflow": 16, "pool_timeout": 2}
"""As many connections as `idp serve` has threads in a process, a third of them kept open."""

POSTGRESQL_OPTIONS: Mapping[str, Any] = {
    "isolation_level": "READ COMMITTED",
    "pool_pre_ping": True,
    "pool_recycle": 1800,
    **POOL,
    "connect_args": {
        "connect_timeout": 2,
        "options": "-c statement_timeout=5000 -c lock_timeout=2000 -c timezone=UTC",
        "application_name": "idp",
    },
}
SQLITE_OPTIONS: Mapping[str, Any] = {
    **POOL,
    "connect_args": {"isolation_level": None, "timeout": BUSY_MILLISECONDS / 1000},
}


def set_up(app: Flask) -> None:
    """Give the application its engine."""
    url = make_url(settings.of(app).database_url)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True, **_options(url.get_backend_name())}
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", _refuse_what_is_no_text)
        if db.engine.dialect.name == "sqlite":
            _teach_sqlite(db.engine)


def _options(backend: str) -> Mapping[str, Any]:
    return SQLITE_OPTIONS if backend == "sqlite" else POSTGRESQL_OPTIONS


def _teach_sqlite(engine: Engine) -> None:
    event.listen(engine, "do_connect", _make_private_file)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "before_cursor_execute", _begin_before_write)


def _make_private_file(
    dialect: Dialect, entry: ConnectionPoolEntry, args: Sequence[Any], parameters: Mapping[str, Any]
) -> None:
    """Make the file readable for its owner only, where there is none; SQLite gives its journal the same mode.

    A file that exists is never opened here: closing it again would drop the locks that other connections of this
    process hold on it (POSIX advisory locks, sqlite.org/howtocorrupt section 2.2), and other processes then overwrite
    what is being read.
    """
    path = Path(str(args[0]) if args else "")
    if path.is_absolute() and path.parent.is_dir():
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))


def _set_pragmas(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)


def _begin_before_write(
    connection: Connection,
    cursor: sqlite3.Cursor,
    statement: str,
    parameters: Any,
    context: ExecutionContext | None,
    executemany: bool,  # noqa: FBT001 - the signature is SQLAlchemy's
) -> None:
    """Open the transaction before its first write, and before a read that locks."""
    if not cursor.connection.in_transaction and (statement.lstrip()[:9].upper().startswith(WRITES) or _locks(context)):
        cursor.execute("BEGIN IMMEDIATE")


def _refuse_what_is_no_text(
    connection: Connection,
    cursor: Any,
    statement: str,
    parameters: Any,
    context: ExecutionContext | None,
    executemany: bool,  # noqa: FBT001 - the signature is SQLAlchemy's
) -> None:
    """Whatever brought it here: one place for every text of every statement, so that no input is an error of the driver."""
    if not all(map(is_text, _texts(parameters))):
        raise BadRequest("a text has a NUL or half a character", description="A value is not text that can be kept")


def _texts(parameters: Any) -> Iterator[str]:
    """Every text of a statement, of one row or of many."""
    match parameters:
        case str():
            yield parameters
        case Mapping():
            yield from _texts(list(parameters.values()))
        case list() | tuple():
            for one in parameters:
                yield from _texts(one)


def _locks(context: ExecutionContext | None) -> bool:
    return getattr(getattr(context, "invoked_statement", None), "_for_update_arg", None) is not None


def answers() -> bool:
    """Ask the database for nothing at all; raises what the driver raises when it is gone."""
    return bool(db.session.execute(sa.text("SELECT 1")).scalar_one())


def first_line(error: DBAPIError) -> str:
    """Return what the driver said, in one line and without the statement."""
    return (str(error.orig).strip().splitlines() or ["no answer"])[0]
