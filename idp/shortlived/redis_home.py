"""The home in Redis: one key a value, `idp:shortlived:<kind>:<digest>`, one key a command, so a cluster will do.

What was put here is nowhere else: an answer that is missed once, because the server forks or the machine is busy, must
not end somebody's login. So `get`, `replace` and `take` try again for as long as it may be a hiccup, 0.2 s at most. An
outage costs that wait only those who ask in its first moments; `put` never waits, SQL is as good a home.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Final, TypeVar

from idp.platform import clock
from idp.platform.cache import Cache, CacheUnavailable
from idp.shortlived.types import Address

_SLACK: Final = timedelta(minutes=10)  # how far the server's clock may be ahead of ours without a value ending early
_BREATHS: Final = (0.02, 0.05, 0.05, 0.08)  # seconds: together longer than the cache's first pause and a probe

T = TypeVar("T")


class RedisHome:
    """Every method may raise `CacheUnavailable`; whether a write then arrived is not known."""

    mark: ClassVar[str] = "r"
    remembers: ClassVar[bool] = False

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def put(self, address: Address, sealed: str, expires_at: datetime) -> None:
        """Keep a new value until it expires, and some minutes longer; none where it may be thrown out before."""
        if self._cache.evicts():
            raise CacheUnavailable("the server throws out what it likes once it is full: maxmemory-policy")
        self._cache.set(_key(address), sealed.encode(), expires_at - clock.now() + _SLACK)

    def get(self, address: Address) -> str | None:
        """Return the value, if it is there."""
        return _text(self._patiently(lambda: self._cache.get(_key(address))))

    def replace(self, address: Address, sealed: str) -> bool:
        """SET with XX and KEEPTTL: another value, if the key is there, until the same end."""
        return self._patiently(lambda: self._cache.replace(_key(address), sealed.encode()))

    def take(self, address: Address) -> str | None:
        """GETDEL: one caller gets it. Where the answer that was missed had it, nobody does."""
        return _text(self._patiently(lambda: self._cache.take(_key(address))))

    def _patiently(self, ask: Callable[[], T]) -> T:
        for breath in _BREATHS:
            try:
                return ask()
            except CacheUnavailable:
                if not self._cache.out_of_breath:
                    raise
            time.sleep(breath)
        return ask()


def _key(address: Address) -> str:
    return f"shortlived:{address}"


def _text(stored: bytes | None) -> str | None:
    return None if stored is None else stored.decode("utf-8", "replace")
