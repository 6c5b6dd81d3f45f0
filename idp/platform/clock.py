"""The one clock. Everything that compares, stores or prints a time asks `now()`, and nothing else.

The database and Redis are never asked for the time: an expiry is stored as a value and compared with this clock, so
that stores with clocks of their own cannot disagree about what is over. Tests move the clock with `source`.

    clock.now()                         # 2026-11-24 03:51:13+00:00, aware and in UTC

    with clock.source(lambda: later):   # in this process, until the block ends
        ...

    clock.stopwatch()                   # seconds that only grow, for how long something takes
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

Source = Callable[[], datetime]


def _system() -> datetime:
    return datetime.now(UTC)


_source: Source = _system
_stopwatch: Callable[[], float] = time.monotonic


def now() -> datetime:
    """Return this moment, aware and in UTC."""
    return _source().astimezone(UTC)


@contextmanager
def source(read: Source) -> Iterator[None]:
    """Let `read` say the time, in every thread of this process, until the block ends."""
    global _source  # noqa: PLW0603 - the one place where the clock is replaced
    before, _source = _source, read
    try:
        yield
    finally:
        _source = before


def stopwatch() -> float:
    """Return seconds since some moment: the difference of two is how long something took, whatever was set meanwhile."""
    return _stopwatch()


@contextmanager
def timed_by(read: Callable[[], float]) -> Iterator[None]:
    """Let `read` be the stopwatch, in every thread of this process, until the block ends."""
    global _stopwatch  # noqa: PLW0603 - the one place where the stopwatch is replaced
    before, _stopwatch = _stopwatch, read
    try:
        yield
    finally:
        _stopwatch = before
