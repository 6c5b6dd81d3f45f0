"""Background work, done in transactions so short that nobody who logs in waits for their lock.

    find ─▶ what there is to do, some hundreds of it, read without any lock
      │
      ▼
    do, do, do … ─▶ HELD has passed ─▶ commit ─▶ leave the lock alone for as long ─▶ do, do, do … ─▶ find again
                                                                                       └─ nothing was found, or stop: done

SQLite has one lock for all who write, from the first write to the commit. Whoever waits for it looks now and then, for two
seconds, and then a login is a 503: so it must be free soon, and for long enough to be found free. On PostgreSQL it is rows
that are locked, and the other half of the time is everybody else's all the same.

Time is measured while the work is done, as nobody knows beforehand what hangs on a row. Whatever takes long itself (a hash,
a key, a letter, an answer from elsewhere) is made before `do` writes for the first time.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from idp.platform import clock
from idp.platform.extensions import Base, db

HELD: Final = 0.02
"""So many seconds a transaction goes on writing; with its last item and the commit it stays below 50 ms."""
FOUND: Final = 500
"""So much is looked for at once."""
AT_ONCE: Final = 20
"""So many rows one statement removes: a row may have others that go with it."""
_PLAIN: Final = {"synchronize_session": False}

T = TypeVar("T")


def work_off(find: Callable[[int], Iterable[T]], do: Callable[[T], int], stop: threading.Event | None = None) -> int:
    """Do what is found until nothing is left, or nothing can be done; how much was done. Commits, again and again.

    `find` answers at most so many items; `do` does one of them, and says how much that was: 0, for instance, where another
    worker has it in hand.
    """
    stop, total = stop or threading.Event(), 0
    while not stop.is_set() and (items := deque(find(FOUND))):
        done = _work_off(items, do, stop)
        total += done
        if not done:
            break
    return total


def _work_off(items: deque[T], do: Callable[[T], int], stop: threading.Event) -> int:
    done = 0
    while items:
        began = clock.stopwatch()
        done += do(items.popleft())
        while items and clock.stopwatch() - began < HELD:
            done += do(items.popleft())
        db.session.commit()
        if stop.wait(clock.stopwatch() - began):
            break
    return done


def remove(table: type[Base], *which: sa.ColumnElement[bool], stop: threading.Event | None = None) -> int:
    """Delete these rows, leaving alone what another worker holds; say how many went. Commits, again and again."""
    key = sa.inspect(table).primary_key
    one = key[0] if len(key) == 1 else sa.tuple_(*key)

    def find(most: int) -> Iterable[Sequence[Any]]:
        found = db.session.execute(sa.select(*key).where(*which).limit(most)).all()
        keys = [row[0] if len(key) == 1 else tuple(row) for row in found]
        return [keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE)]

    def do(keys: Sequence[Any]) -> int:
        free = sa.select(*key).where(one.in_(keys), *which).with_for_update(skip_locked=True)
        removal = sa.delete(table).where(one.in_(free)).returning(*key)
        return len(db.session.execute(removal, execution_options=_PLAIN).all())

    return work_off(find, do, stop)
