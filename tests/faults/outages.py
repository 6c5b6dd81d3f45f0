"""What the tests of a broken Redis share: a clock and sleeping that are moved by hand, and the ways to ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.platform.cache import Cache, CacheUnavailable

MINUTE = timedelta(minutes=1)

PATIENTLY = "?socket_timeout=60&socket_connect_timeout=60"
"""The product waits 0.1 s for an answer; where nothing is silent, a machine that is busy with other tests may take longer."""

OPERATIONS: dict[str, Callable[[Cache], object]] = {
    "get": lambda c: c.get("key"),
    "get_many": lambda c: c.get_many(["key", "other"]),
    "set": lambda c: c.set("key", b"value", MINUTE),
    "replace": lambda c: c.replace("key", b"value"),
    "take": lambda c: c.take("key"),
    "delete": lambda c: c.delete("key"),
}
operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


class Stopwatch:
    """The breaker's clock, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Breaths:
    """Sleeping that moves the breaker's clock instead; `then` happens during the first breath."""

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch
        self.taken = 0.0
        self.then: Callable[[], object] = lambda: None

    def __call__(self, seconds: float) -> None:
        if not self.taken:
            self.then()
        self.taken += seconds
        self.watch.seconds += seconds


def fails(cached: Cache, operation: Callable[[Cache], object] = OPERATIONS["get"], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(CacheUnavailable):
            operation(cached)
