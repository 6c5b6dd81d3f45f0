"""The home in Redis: one key a value, `idp:shortlived:<kind>:<digest>`, one key a command, so a cluster will do."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from idp import clock
from idp.cache import Cache
from idp.shortlived.types import Address

_SLACK: Final = timedelta(minutes=10)  # how far the server's clock may be ahead of ours without a value ending early


class RedisHome:
    """Every method may raise `CacheUnavailable`; whether a write then arrived is not known."""

    mark: ClassVar[str] = "r"
    remembers: ClassVar[bool] = False

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def put(self, address: Address, sealed: str, expires_at: datetime) -> None:
        """Keep a new value until it expires, and some minutes longer."""
        self._cache.set(_key(address), sealed.encode(), expires_at - clock.now() + _SLACK)

    def get(self, address: Address) -> str | None:
        """Return the value, if it is there."""
        return _text(self._cache.get(_key(address)))

    def replace(self, address: Address, sealed: str) -> bool:
        """SET with XX and KEEPTTL: another value, if the key is there, until the same end."""
        return self._cache.replace(_key(address), sealed.encode())

    def take(self, address: Address) -> str | None:
        """GETDEL: one caller gets it."""
        return _text(self._cache.take(_key(address)))


def _key(address: Address) -> str:
    return f"shortlived:{address}"


def _text(stored: bytes | None) -> str | None:
    return None if stored is None else stored.decode("utf-8", "replace")
