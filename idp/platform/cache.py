"""The connection to Redis or Valkey: fast, short of patience, and never needed.

    operation ──▶ breaker closed? ──no──────────────────────────────▶ CacheUnavailable, at once
                      │ yes
                      ▼
                 one try, at most TIMEOUT per answer ──answer──▶ the answer
                      │ connection refused, cut, silent             ▲
                      ▼                                             │
                 breaker opens: 0.1 s ─── then one probe ──answer───┘ breaker closes
                      ▲                       │ no answer
                      └── twice as long, at most 8 s

Every operation either answers or raises `CacheUnavailable`; no error of the client library leaves this file, and
nothing is tried twice. A server that answers with a refusal (full, read-only, not allowed) is `CacheUnavailable` too,
but leaves the breaker closed: it still reads. One that throws out what it likes when it is full (`evicts`) is good for
copies, and for nothing that is kept nowhere else. Truth lives in SQL, so a caller always has another way; what lives here
alone, for minutes, may be asked for again while `out_of_breath` says that this may be no more than a hiccup.

URLs (each may carry options of redis-py as a query, such as `?socket_timeout=0.2`; the server must know GETDEL, which
Redis does from 6.2 on, and any Valkey):

    redis://[[user]:password@]host[:port][/db]     rediss:// the same over TLS
    redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/service[/db][?sentinel_password=…]
    redis+cluster://[[user]:password@]host[:port][,host[:port]…]          `?ssl=true` for TLS on these two

Threads share a `Cache`; a forked child begins with a breaker and connections of its own.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import structlog
from flask import Flask, current_app
from redis import Redis, RedisCluster, cluster, connection, sentinel
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError, ResponseError
from redis.retry import Retry

from idp.platform.errors import Misconfigured, Unavailable
from idp.platform.settings import split_hosts

PREFIX: Final = "idp:"
TIMEOUT: Final = 0.1
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 8.0
POLICY_KNOWN_FOR: Final = 5.0
_EXTENSION: Final = "idp.platform.cache"
_SENTINEL_PORT: Final = 26379
_PORT: Final = 6379

Client = Redis | RedisCluster
T = TypeVar("T")

# redis-py has no annotations here.
_parse_url: Callable[[str], dict[str, Any]] = connection.parse_url
_new_sentinel: Callable[..., Any] = sentinel.Sentinel
_new_cluster_node: Callable[[str, int], cluster.ClusterNode] = cluster.ClusterNode

log = structlog.get_logger(__name__)


class CacheUnavailable(Unavailable):
    """There is no cache, it does not answer, or it refused. Whether a write arrived is not known."""


class Breaker:
    """Who may try, and until when nobody. Late news of tries that began before the breaker opened is ignored."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._round = 0
        self._pause = 0.0
        self._open_until: float | None = None
        self._probing = False

    @property
    def just_opened(self) -> bool:
        """Whether this is the first pause: no probe has told yet whether it is more than a hiccup."""
        with self._lock:
            return self._open_until is not None and self._pause <= FIRST_PAUSE

    def enter(self) -> int:
        """Begin a try and return its round. Raises `CacheUnavailable` while open, but for one probe after the pause."""
        with self._lock:
            if self._open_until is not None:
                if self._probing or self._monotonic() < self._open_until:
                    raise CacheUnavailable("the cache did not answer a moment ago")
                self._probing = True
            return self._round

    def succeeded(self, round_: int) -> None:
        """Close: the server answered."""
        if self._open_until is None:
            return
        with self._lock:
            if round_ == self._round:
                self._open_until, self._probing, self._pause = None, False, 0.0
                log.info("cache_back")

    def failed(self, round_: int, why: str) -> None:
        """Open: the server did not answer. Twice as long as the last time if this was the probe."""
        with self._lock:
            if round_ != self._round:
                return
            self._round += 1
            self._pause = min(self._pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
            self._open_until = self._monotonic() + self._pause
            self._probing = False
            log.warning("cache_gone", why=why, pause_seconds=self._pause)


class Cache:
    """Bytes under names, for a while. Keys are prefixed `idp:`. Every method may raise `CacheUnavailable`."""

    _breaker: Breaker
    _connecting: threading.Lock
    _client: Client | None
    _evicts: bool
    _policy_known_until: float

    def __init__(self, connect: Callable[[], Client] | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._monotonic = monotonic
        self._begin()
        _begin_again_in_a_fork(self)

    @classmethod
    def from_url(cls, url: str | None, monotonic: Callable[[], float] = time.monotonic) -> "Cache":
        """Make the cache at this URL, not yet connected; no URL: `absent`. Raises ValueError for no such URL."""
        return cls(connector(url), monotonic) if url else cls.absent()

    @classmethod
    def absent(cls) -> "Cache":
        """Make no cache: every operation raises `CacheUnavailable`, at no cost."""
        return cls(None)

    @property
    def configured(self) -> bool:
        """Whether there is a cache to speak of; without one, `healthy` says nothing about the installation."""
        return self._connect is not None

    @property
    def out_of_breath(self) -> bool:
        """Whether an answer was missed for the first time, a moment ago: another try soon may be worth it."""
        return self._breaker.just_opened

    def evicts(self) -> bool:
        """Whether the server throws out what it likes once it is full; asked every few seconds. Raises as every method.

        It does by every `maxmemory-policy` but one, if it has a `maxmemory`: all that is here for a while is `volatile`.
        """
        now = self._monotonic()
        if now >= self._policy_known_until:
            self._evicts = self._ask(_throws_out)
            self._policy_known_until = now + POLICY_KNOWN_FOR
        return self._evicts

    def get(self, key: str) -> bytes | None:
        """Return the value, or None."""
        return self._ask(lambda client: cast("bytes | None", client.get(PREFIX + key)))

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the values of several keys in one round trip, None for each that is not there."""

        def ask(client: Client) -> list[bytes | None]:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.get(PREFIX + key)
            return cast("list[bytes | None]", pipeline.execute())

        return self._ask(ask)

    def set(self, key: str, value: bytes, lifetime: timedelta) -> None:
        """Store for this long by the server's clock. What must end on time carries its own end in the value."""
        self._ask(lambda client: client.set(PREFIX + key, value, px=max(1, int(lifetime / timedelta(milliseconds=1)))))

    def replace(self, key: str, value: bytes) -> bool:
        """Another value for the rest of the time, if the key is still there; whether it was."""
        return self._ask(lambda client: bool(client.set(PREFIX + key, value, xx=True, keepttl=True)))

    def take(self, key: str) -> bytes | None:
        """Return the value and remove it, in one step: of several at once one gets it."""
        return self._ask(lambda client: cast("bytes | None", client.getdel(PREFIX + key)))

    def delete(self, *keys: str) -> None:
        """Forget the keys. Tidiness only: nothing may depend on it."""

        def ask(client: Client) -> None:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.delete(PREFIX + key)
            pipeline.execute()

        self._ask(ask)

    def healthy(self) -> bool:
        """Ask whether the server answers now; False without a cache or while the breaker is open. Never raises."""
        try:
            return self._ask(lambda client: bool(client.ping()))
        except CacheUnavailable:
            return False

    def close(self) -> None:
        """Close the connections. The next operation opens new ones."""
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _begin(self) -> None:
        self._breaker = Breaker(self._monotonic)
        self._connecting = threading.Lock()
        self._client = None
        self._evicts, self._policy_known_until = True, 0.0

    def _ask(self, ask: Callable[[Client], T]) -> T:
        if self._connect is None:
            raise CacheUnavailable("there is no cache")
        breaker = self._breaker
        round_ = breaker.enter()
        try:
            answer = ask(self._client or self._connected(self._connect))
        except ResponseError as refusal:
            if isinstance(refusal, ClusterDownError):
                breaker.failed(round_, _named(refusal))
            else:
                breaker.succeeded(round_)
            raise CacheUnavailable(f"the cache refused: {_named(refusal)}") from refusal
        except (RedisError, RedisClusterException, OSError) as error:
            breaker.failed(round_, _named(error))
            raise CacheUnavailable(f"the cache does not answer: {_named(error)}") from error
        except BaseException as error:
            breaker.failed(round_, _named(error))
            raise
        breaker.succeeded(round_)
        return answer

    def _connected(self, connect: Callable[[], Client]) -> Client:
        # A cluster's client asks for the slots while it is made; threads that come together do not wait in turn.
        if not self._connecting.acquire(timeout=TIMEOUT):
            raise CacheUnavailable("another thread is connecting")
        try:
            if self._client is None:
                self._client = connect()
            return self._client
        finally:
            self._connecting.release()


def _throws_out(client: Client) -> bool:
    """INFO, which hosted servers answer too, unlike CONFIG; of a cluster one node speaks for all."""
    memory = client.info("memory")
    return memory.get("maxmemory") != 0 and memory.get("maxmemory_policy") != "noeviction"


def connector(url: str) -> Callable[[], Client]:
    """Return what makes the client of a URL, and may connect. Raises ValueError, without password, for no such URL."""
    parts = split_hosts(url)
    match parts.scheme:
        case "redis" | "rediss":
            _check(_parse_url(url))
            return lambda: Redis.from_url(url, **_limits())
        case "redis+sentinel":
            return _sentinel(parts)
        case "redis+cluster":
            return _cluster(parts)
        case _:
            raise ValueError("a cache URL begins with redis://, rediss://, redis+sentinel:// or redis+cluster://")


def _limits() -> dict[str, Any]:
    return {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _sentinel(parts: SplitResult) -> Callable[[], Client]:
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("a redis+sentinel:// URL names the service: redis+sentinel://host:26379/mymaster")
    nodes, options = _nodes(parts, _SENTINEL_PORT), _options(parts, db)
    of_sentinel = {
        name.removeprefix("sentinel_"): options.pop(name) for name in list(options) if name.startswith("sentinel_")
    }

    def connect() -> Client:
        manager = _new_sentinel(nodes, sentinel_kwargs=_limits() | of_sentinel)
        return cast("Redis", manager.master_for(service, **(_limits() | options)))

    return connect


def _cluster(parts: SplitResult) -> Callable[[], Client]:
    nodes, options = _nodes(parts, _PORT), _options(parts, "")
    return lambda: RedisCluster(startup_nodes=[_new_cluster_node(*node) for node in nodes], **(_limits() | options))


def _nodes(parts: SplitResult, default_port: int) -> list[tuple[str, int]]:
    """Read the hosts of `user:password@a:1,b,[::1]:3`."""
    nodes = [urlsplit("//" + node) for node in parts.netloc.rpartition("@")[2].split(",")]
    if not all(node.hostname for node in nodes):
        raise ValueError("a cache URL with several hosts names them as host:port,host:port")
    return [(node.hostname or "", node.port or default_port) for node in nodes]


def _options(parts: SplitResult, db: str) -> dict[str, Any]:
    """Read user, password, database and query as redis-py reads them in a plain URL."""
    credentials = parts.netloc.rpartition("@")[0]
    plain = _parse_url(f"redis://{credentials}@host/{db}?{parts.query}")
    switches = {name: plain[name] == "true" for name in ("ssl", "sentinel_ssl") if name in plain}
    options = {name: value for name, value in plain.items() if name != "host"} | switches
    _check({name: value for name, value in options.items() if not name.startswith("sentinel_")})
    return options


def _check(options: dict[str, Any]) -> None:
    """Make a connection and leave it unconnected: an option that redis-py does not know is a fault now, not later."""
    kind = SSLConnection if options.get("ssl") or "connection_class" in options else Connection
    of_pool = {"ssl", "connection_class", "max_connections"}
    try:
        kind(**{name: value for name, value in options.items() if name not in of_pool})
    except (TypeError, RedisError) as error:
        raise ValueError("an option in the query of the cache URL is not known to redis-py") from error


def _named(error: BaseException) -> str:
    """Say the kind of an error and its first words; redis-py's hold addresses and commands, never values."""
    return f"{type(error).__name__}: {str(error)[:200]}"


def _begin_again_in_a_fork(cache: Cache) -> None:
    reference = weakref.ref(cache)

    def begin_again() -> None:
        inherited = reference()
        if inherited is not None:
            inherited._begin()  # noqa: SLF001 - the same class

    os.register_at_fork(after_in_child=begin_again)


def init_app(app: Flask, url: str | None) -> None:
    """Give the app its cache. Nothing is connected yet, so a server that is down does not stop the start."""
    try:
        app.extensions[_EXTENSION] = Cache.from_url(url)
    except ValueError as error:
        raise Misconfigured(f"IDP_REDIS_URL: {error}") from None


def current() -> Cache:
    """Return the cache of the running app."""
    return cast("Cache", current_app.extensions[_EXTENSION])
