"""What somebody else does in the very moment between a look at the database and the write that follows from it.

    with meanwhile(app, "FROM refresh_tokens", lambda: rp.refresh(tokens)) as others:
        mine = rp.refresh(tokens)
    assert (others[0].status_code, mine.status_code) == (200, 400)

The other one is a request of its own on a thread of its own, begun and ended right after the first statement that has
these words. So a race that is lost once in a thousand times is lost every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask

from idp.platform.extensions import db

T = TypeVar("T")


@contextmanager
def meanwhile(app: Flask, words: str, act: Callable[[], T]) -> Iterator[list[T]]:
    """Let `act` happen after the first statement with these words; the list gets what it returns."""
    begun: list[str] = []
    done: list[T] = []

    def look(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if words in statement and not begun:
            begun.append(statement)
            with ThreadPoolExecutor(1) as thread:
                done.append(thread.submit(act).result(timeout=300))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "after_cursor_execute", look)
    try:
        yield done
    finally:
        sa.event.remove(engine, "after_cursor_execute", look)
    assert done, f"there was no statement with the words {words!r}"
