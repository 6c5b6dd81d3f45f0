"""Who holds a write lock, since when, and what was done meanwhile.

    watch ───▶ every engine of this process tells of its statements, and of the end of its transactions
    held_here  is a write of this thread not committed yet? Then nothing may be hashed now (R87)
    recorded   for a block: each write transaction with its statements, its rows, and how long a given clock ran meanwhile

SQLite has one lock for the whole file, from the first write (BEGIN IMMEDIATE) to the commit. On PostgreSQL it is the rows
that are locked; whoever hashes with them in hand is found there as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import argon2
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from idp.platform import clock

_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(slots=True)
class Held:
    """A transaction that has written. `began`, `ended`: by the product's stopwatch."""

    thread: int
    still: Callable[[], bool]
    began: float
    statements: list[str] = field(default_factory=list)
    rows: int = 0
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        """From the first write to the commit."""
        return self.ended - self.began


class HashedWithALock(AssertionError):
    """A password or a recovery code was hashed while others waited for the lock."""


_open: dict[int, Held] = {}
_recorders: list[Callable[[Held], None]] = []
_before_each: list[Callable[[int], None]] = []


def watch() -> None:
    """Look at every engine, and at Argon2id, from now on."""
    event.listen(Engine, "after_cursor_execute", _executed)
    event.listen(Engine, "commit", _ended)
    event.listen(Engine, "rollback", _ended)
    for name in ("hash", "verify"):
        setattr(argon2.PasswordHasher, name, _guarded(getattr(argon2.PasswordHasher, name)))


def held_here() -> Held | None:
    """The transaction in which this thread has written, if there is one."""
    here = threading.get_ident()
    return next((held for held in list(_open.values()) if held.thread == here and held.still()), None)


@contextmanager
def recorded() -> Iterator[list[Held]]:
    """The write transactions that end in this block, in any thread."""
    found: list[Held] = []
    _recorders.append(found.append)
    try:
        yield found
    finally:
        _recorders.remove(found.append)


@contextmanager
def each_statement(tell: Callable[[int], None]) -> Iterator[None]:
    """Tell, in this block, how many rows each statement was about."""
    _before_each.append(tell)
    try:
        yield
    finally:
        _before_each.remove(tell)


def _executed(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    many = len(parameters) if executemany else 1
    if _holds(connection, cursor, statement):
        held = _open.setdefault(id(connection), Held(threading.get_ident(), _still(connection), clock.stopwatch()))
        held.statements.append(statement)
        held.rows += many
    for tell in _before_each:
        tell(many)


def _holds(connection: Connection, cursor: Any, statement: str) -> bool:
    if connection.dialect.name == "sqlite":
        return bool(cursor.connection.in_transaction)
    return statement.lstrip().upper().startswith(_WRITES) or "FOR UPDATE" in statement or id(connection) in _open


def _still(connection: Connection) -> Callable[[], bool]:
    """Tells whether the transaction goes on: a connection that was lost, or thrown away, tells of no end."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        return lambda: bool(getattr(driver, "in_transaction", False))
    return lambda: not connection.closed and connection.in_transaction()


def _ended(connection: Connection) -> None:
    held = _open.pop(id(connection), None)
    if held is not None:
        held.ended = clock.stopwatch()
        for recorder in _recorders:
            recorder(held)


def _guarded(costly: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(costly)
    def guarded(*args: Any, **named: Any) -> Any:
        held = held_here()
        if held is not None:
            raise HashedWithALock(f"hashed after {held.statements[0][:200]}")
        return costly(*args, **named)

    return guarded
