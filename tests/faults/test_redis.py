"""Redis down at the start, killed, silent, emptied, full or read-only: nothing breaks, and it heals by itself.

On real servers, through a proxy where the fault is on the way. The breaker's clock is moved by hand.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from idp import cache, shortlived
from idp.cache import FIRST_PAUSE, LONGEST_PAUSE, TIMEOUT, Breaker, Cache, CacheUnavailable
from idp.errors import Misconfigured
from idp.extensions import db
from tests.shortlived.conftest import stores_app
from tests.support.postgres import free_port
from tests.support.slow_proxy import SlowProxy
from tests.support.stores import Store, StoreKind
from tests.support.valkey_process import ValkeyProcess

MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).parents[2]

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


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def valkey_process(tmp_path: Path) -> Iterator[ValkeyProcess]:
    with ValkeyProcess(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
def proxy(valkey_process: ValkeyProcess) -> Iterator[SlowProxy]:
    with SlowProxy(valkey_process.port) as proxy:
        yield proxy


@pytest.fixture
def cached(proxy: SlowProxy, watch: Stopwatch) -> Iterator[Cache]:
    """Make a cache behind the proxy."""
    made = Cache.from_url(f"redis://127.0.0.1:{proxy.port}/0", watch)
    yield made
    made.close()


@pytest.fixture
def stores(tmp_path: Path, proxy: SlowProxy, cached: Cache) -> Iterator[Flask]:
    """SQLite, and the cache behind the proxy, with the context of the app pushed."""
    app = stores_app(f"sqlite:///{tmp_path}/stores.sqlite", f"redis://127.0.0.1:{proxy.port}/0")
    app.extensions["idp.cache"] = cached
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def seconds(act: Callable[[], object]) -> float:
    before = time.monotonic()
    act()
    return time.monotonic() - before


def fails(cached: Cache, operation: Callable[[Cache], object] = OPERATIONS["get"], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(CacheUnavailable):
            operation(cached)


# Without a fault


def test_answers(cached: Cache) -> None:
    """What was set is got, once taken is gone, replaced only where it is."""
    cached.set("a", b"1", MINUTE)
    assert cached.get("a") == b"1"
    assert cached.get_many(["a", "b"]) == [b"1", None]
    assert cached.replace("a", b"\0\xff")
    assert not cached.replace("b", b"2")
    assert cached.get("b") is None
    assert cached.take("a") == b"\0\xff"
    assert cached.take("a") is None
    cached.set("a", b"3", MINUTE)
    cached.set("b", b"4", MINUTE)
    cached.delete("a", "b")
    assert cached.get_many(["a", "b"]) == [None, None]
    assert cached.healthy()
    assert cached.configured


def test_keys_are_prefixed_and_leave_by_themselves(cached: Cache, valkey_process: ValkeyProcess) -> None:
    """Every key begins with `idp:` and has an end; `replace` keeps the end."""
    cached.set("a", b"1", MINUTE)
    cached.replace("a", b"2")
    with valkey_process.client() as client:
        assert client.keys() == [b"idp:a"]
        assert 0 < client.ttl("idp:a") <= 60


# No Redis


@operations
def test_absent(operation: Callable[[Cache], object]) -> None:
    """Without a URL every operation says so at once, a thousand times in no time."""
    absent = Cache.from_url(None)
    assert not absent.configured
    assert not absent.healthy()
    assert seconds(lambda: fails(absent, operation, times=1000)) < TIMEOUT * 5


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "redis",
        "redis://localhost:port",
        "redis://localhost?nonsense=1",
        "redis://localhost?socket_timeout=soon",
        "redis+sentinel://localhost:26379",
        "redis+sentinel://:26379/mymaster",
        "redis+cluster://",
        "redis+cluster://a:1,:2",
    ],
)
def test_what_is_no_cache_url_is_said_at_the_start(url: str) -> None:
    """A wrong URL is a ValueError when the cache is made, not at each request; it does not repeat the password."""
    with pytest.raises(ValueError, match=r"^(?!.*secret)"):
        Cache.from_url(url.replace("://", "://user:secret@"))


# Down, killed, back


@operations
def test_down_at_the_start(operation: Callable[[Cache], object], watch: Stopwatch, tmp_path: Path) -> None:
    """Making a cache connects to nothing; every operation then says that it is not there."""
    down = Cache.from_url(ValkeyProcess(tmp_path).url, watch)
    fails(down, operation)
    fails(down, operation)
    assert not down.healthy()


@pytest.mark.usefixtures("clock")
def test_down_at_the_start_values_live_in_sql(tmp_path: Path) -> None:
    """With the server down from the beginning every value gets an SQL handle and lives its whole life."""
    app = stores_app(f"sqlite:///{tmp_path}/stores.sqlite", ValkeyProcess(tmp_path / "valkey").url)
    with app.app_context():
        handle = shortlived.put("code", {"n": 1}, MINUTE)
        assert handle[0] == "s"
        assert shortlived.replace("code", handle, {"n": 2})
        assert shortlived.get("code", handle) == {"n": 2}
        assert shortlived.take("code", handle) == {"n": 2}
        assert shortlived.take("code", handle) is None
        db.session.remove()
        db.engine.dispose()


@pytest.mark.usefixtures("clock", "stores")
def test_killed_midway(valkey_process: ValkeyProcess, watch: Stopwatch) -> None:
    """`kill -9`: what lived there is gone and says None, new values go to SQL; restarted, to Redis again."""
    before = shortlived.put("login", {"n": 1}, MINUTE)
    assert before[0] == "r"
    valkey_process.kill()
    assert shortlived.get("login", before) is None
    assert shortlived.take("login", before) is None
    assert not shortlived.replace("login", before, {"n": 2})
    during = shortlived.put("login", {"n": 3}, MINUTE)
    assert during[0] == "s"
    valkey_process.start()
    assert shortlived.get("login", during) == {"n": 3}
    watch.seconds += FIRST_PAUSE
    after = shortlived.put("login", {"n": 4}, MINUTE)
    assert after[0] == "r"
    assert shortlived.take("login", after) == {"n": 4}
    assert shortlived.take("login", during) == {"n": 3}
    assert shortlived.get("login", before) is None


def test_a_restart_between_two_requests_costs_nothing(cached: Cache, valkey_process: ValkeyProcess) -> None:
    """A pooled connection to the process before is noticed and replaced; the next request just works."""
    cached.set("a", b"1", MINUTE)
    valkey_process.kill()
    valkey_process.start()
    assert cached.get("a") is None
    assert cached.healthy()


def test_cut_connections_heal(cached: Cache, proxy: SlowProxy, watch: Stopwatch) -> None:
    """Every connection cut: at most one pause, and it answers again."""
    cached.set("a", b"1", MINUTE)
    proxy.cut()
    try:
        cached.get("a")
    except CacheUnavailable:
        watch.seconds += FIRST_PAUSE
    assert cached.get("a") == b"1"


# Silent


def test_fifty_calls_to_a_silent_server_cost_one_time_out(cached: Cache, proxy: SlowProxy) -> None:
    """The first call waits its time-out and opens the breaker; the other forty-nine do not wait."""
    cached.set("a", b"1", MINUTE)
    proxy.hang()
    spent = seconds(lambda: fails(cached, times=50))
    assert TIMEOUT * 0.5 < spent < TIMEOUT * 5


def test_fifty_threads_at_a_silent_server_wait_together(cached: Cache, proxy: SlowProxy) -> None:
    """Fifty that come at once each wait one time-out side by side, not in a row."""
    proxy.hang()
    with ThreadPoolExecutor(50) as pool:
        spent = seconds(lambda: list(pool.map(lambda _: fails(cached), range(50))))
    assert spent < TIMEOUT * 10


@pytest.mark.usefixtures("clock", "stores")
def test_values_under_a_silent_server(proxy: SlowProxy) -> None:
    """Fifty values put and taken while the server is silent: all in SQL, each taken once, about one time-out in all."""
    waiting = shortlived.put("login", {"n": 0}, MINUTE)
    proxy.hang()

    def fifty() -> None:
        for n in range(50):
            handle = shortlived.put("code", {"n": n}, MINUTE)
            assert handle[0] == "s"
            assert shortlived.take("code", handle) == {"n": n}
        assert shortlived.get("login", waiting) is None

    assert seconds(fifty) < TIMEOUT * 10


@pytest.fixture
def breaths(watch: Stopwatch, monkeypatch: pytest.MonkeyPatch) -> Breaths:
    """Sleeping that moves the breaker's clock."""
    made = Breaths(watch)
    monkeypatch.setattr("idp.shortlived.redis_home.time.sleep", made)
    return made


@pytest.mark.usefixtures("clock", "stores")
@pytest.mark.parametrize("ask", [shortlived.get, shortlived.take], ids=["get", "take"])
def test_a_hiccup_ends_no_login(
    proxy: SlowProxy, breaths: Breaths, ask: Callable[[str, str], dict[str, int] | None]
) -> None:
    """One answer missed: what lives in Redis alone is found a moment later, and taken once."""
    handle = shortlived.put("login", {"n": 0}, MINUTE)
    assert handle[0] == "r"
    proxy.hang()
    breaths.then = proxy.flow
    assert ask("login", handle) == {"n": 0}
    assert breaths.taken < FIRST_PAUSE * 2
    assert shortlived.replace("login", handle, {"n": 1}) is (ask is shortlived.get)


@pytest.mark.usefixtures("clock", "stores")
def test_patience_ends_with_the_first_probe(proxy: SlowProxy, breaths: Breaths) -> None:
    """Row 3: a silent server costs the first who ask a pause and a second time-out, and then nobody anything."""
    handle = shortlived.put("login", {"n": 0}, MINUTE)
    proxy.hang()
    tries = proxy.accepted
    assert shortlived.get("login", handle) is None
    assert 0 < breaths.taken < FIRST_PAUSE * 2
    first = breaths.taken
    assert seconds(lambda: [shortlived.get("login", handle) for _ in range(50)]) < TIMEOUT * 5
    assert breaths.taken == first
    assert proxy.accepted == tries + 1
    assert shortlived.put("login", {"n": 1}, MINUTE)[0] == "s"


def test_one_probe_at_a_time_and_longer_pauses(cached: Cache, proxy: SlowProxy, watch: Stopwatch) -> None:
    """After each pause one try is made; while it fails the pauses double up to their limit."""
    proxy.hang()
    fails(cached)
    pause = FIRST_PAUSE
    for _ in range(7):
        tries, over = proxy.accepted, watch.seconds + pause
        watch.seconds = over - 0.001
        fails(cached)
        assert proxy.accepted == tries
        watch.seconds = over
        fails(cached)
        fails(cached)
        assert proxy.accepted == tries + 1
        pause = min(pause * 2, LONGEST_PAUSE)
    assert pause == LONGEST_PAUSE


def test_only_one_thread_probes(cached: Cache, proxy: SlowProxy, watch: Stopwatch) -> None:
    """When the pause is over one of fifty threads tries; the others do not wait for it."""
    proxy.hang()
    fails(cached)
    watch.seconds += FIRST_PAUSE
    tries = proxy.accepted
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: fails(cached), range(50)))
    assert proxy.accepted == tries + 1


def test_late_news_changes_nothing(watch: Stopwatch) -> None:
    """Of tries begun together the first failure opens; the others neither prolong the pause nor close it again."""
    breaker = Breaker(watch)
    first, second, third = breaker.enter(), breaker.enter(), breaker.enter()
    breaker.failed(first, "silent")
    breaker.failed(second, "silent")
    breaker.succeeded(third)
    with pytest.raises(CacheUnavailable):
        breaker.enter()
    watch.seconds += FIRST_PAUSE
    probe = breaker.enter()
    breaker.succeeded(third)
    breaker.failed(second, "silent")
    with pytest.raises(CacheUnavailable):
        breaker.enter()
    breaker.succeeded(probe)
    breaker.succeeded(breaker.enter())


def test_back_from_silence(cached: Cache, proxy: SlowProxy, watch: Stopwatch) -> None:
    """Answering again: closed after one probe, and the next outage begins with the short pause."""
    cached.set("a", b"1", MINUTE)
    for _ in range(2):
        proxy.hang()
        fails(cached)
        assert not cached.healthy()
        proxy.flow()
        fails(cached)
        watch.seconds += FIRST_PAUSE
        assert cached.get("a") == b"1"
        assert cached.healthy()


# Emptied, full, read-only


@pytest.mark.usefixtures("clock", "stores")
def test_flushed(valkey_process: ValkeyProcess) -> None:
    """FLUSHALL: what lived there is gone, what was taken stays taken, and the next value lives."""
    taken = shortlived.put("code", {"n": 1}, MINUTE)
    assert shortlived.take("code", taken) == {"n": 1}
    waiting = shortlived.put("code", {"n": 2}, MINUTE)
    with valkey_process.client() as client:
        client.flushall()
    assert shortlived.take("code", taken) is None
    assert shortlived.take("code", waiting) is None
    fresh = shortlived.put("code", {"n": 3}, MINUTE)
    assert shortlived.take("code", fresh) == {"n": 3}


def fill(server: ValkeyProcess) -> None:
    """No room, and nothing may be thrown out."""
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")


def make_read_only(server: ValkeyProcess) -> None:
    """Become a replica of a server that does not exist."""
    with server.client() as client:
        client.config_set("replica-serve-stale-data", "yes")
        client.replicaof("127.0.0.1", "1")


@pytest.mark.usefixtures("clock", "stores")
@pytest.mark.parametrize("spoil", [fill, make_read_only])
def test_refusing_writes(spoil: Callable[[ValkeyProcess], None], valkey_process: ValkeyProcess, cached: Cache) -> None:
    """A full or read-only server still reads; new values go to SQL; what it holds cannot be changed."""
    waiting = shortlived.put("login", {"n": 1}, MINUTE)
    spoil(valkey_process)
    assert shortlived.put("login", {"n": 2}, MINUTE)[0] == "s"
    assert shortlived.get("login", waiting) == {"n": 1}
    assert not shortlived.replace("login", waiting, {"n": 3})
    assert cached.healthy()
    fails(cached, OPERATIONS["set"])
    cached.get("anything")


@pytest.mark.usefixtures("clock", "stores")
def test_evicting(valkey_process: ValkeyProcess) -> None:
    """A server that throws out what it likes: each value is whole or gone, and each is given once."""
    with valkey_process.client() as client:
        client.config_set("maxmemory", str(client.info("memory")["used_memory"] + 300_000))
        client.config_set("maxmemory-policy", "allkeys-lru")
    handles = [shortlived.put("code", {"n": n, "filling": "x" * 1000}, MINUTE) for n in range(600)]
    got = [shortlived.get("code", handle) for handle in handles]
    assert any(value is None for value in got)
    assert any(value is not None for value in got)
    assert all(value is None or value["n"] == n for n, value in enumerate(got))


@pytest.mark.usefixtures("clock", "stores")
def test_a_wrong_password_is_only_a_cache_that_is_not_there(valkey_process: ValkeyProcess, watch: Stopwatch) -> None:
    """A server that refuses to know us is unavailable; put falls back."""
    stranger = Cache.from_url(valkey_process.url.replace("redis://", "redis://:wrong@"), watch)
    fails(stranger)
    assert not stranger.healthy()


# Processes, sentinel, cluster


FORKS = """
import os, sys
from datetime import timedelta
from idp.cache import Cache

cache = Cache.from_url(sys.argv[1])
cache.set("a", b"1", timedelta(minutes=1))
parent_client, parent_breaker = cache._client, cache._breaker
for _ in range(4):
    if os.fork() == 0:
        shared = cache._client is parent_client or cache._breaker is parent_breaker
        right = all(cache.get("a") == b"1" for _ in range(50))
        os._exit(1 if shared or not right else 0)
right = all(cache.get("a") == b"1" for _ in range(50))
ends = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)]
sys.exit(0 if right and ends == [0, 0, 0, 0] else 1)
"""


def test_nothing_is_shared_after_a_fork(valkey_process: ValkeyProcess) -> None:
    """Four children and their parent read at once over connections of their own: no answer goes to the wrong one."""
    ended = subprocess.run([sys.executable, "-c", FORKS, valkey_process.url], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == 0


def test_sentinel(valkey_process: ValkeyProcess, tmp_path: Path, watch: Stopwatch) -> None:
    """The master is found through a sentinel, also when the first sentinel named is down, and its end is noticed."""
    monitor = f"sentinel monitor mymaster 127.0.0.1 {valkey_process.port} 1"
    with ValkeyProcess(tmp_path / "sentinel", "--sentinel", config=monitor) as sentinel:
        nobody = ValkeyProcess(tmp_path / "nobody").port
        url = f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel.port}/mymaster/0"
        found = Cache.from_url(url, watch)
        found.set("a", b"1", MINUTE)
        assert found.take("a") == b"1"
        assert found.healthy()
        valkey_process.kill()
        fails(found)
        found.close()
        fails(Cache.from_url(url.replace("mymaster", "other"), watch))


def test_silent_sentinels_cost_one_time_out_each(proxy: SlowProxy, watch: Stopwatch) -> None:
    """Each sentinel is asked once, and the breaker does the rest."""
    proxy.hang()
    found = Cache.from_url(f"redis+sentinel://127.0.0.1:{proxy.port},localhost:{proxy.port}/mymaster", watch)
    assert seconds(lambda: fails(found, times=50)) < TIMEOUT * 6
    assert proxy.accepted == 2


@pytest.fixture
def one_node_cluster(tmp_path: Path) -> Iterator[ValkeyProcess]:
    with ValkeyProcess(tmp_path / "cluster", config=f"cluster-enabled yes\ncluster-port {free_port()}") as node:
        with node.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            deadline = time.monotonic() + 10
            while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok" and time.monotonic() < deadline:
                time.sleep(0.02)
        yield node


def test_cluster(one_node_cluster: ValkeyProcess, tmp_path: Path, watch: Stopwatch) -> None:
    """Every operation works on a cluster, also of keys in different slots; it is connected to at the first use."""
    url = f"redis+cluster://127.0.0.1:{ValkeyProcess(tmp_path / 'nobody').port},127.0.0.1:{one_node_cluster.port}"
    cluster = Cache.from_url(url, watch)
    for key in "abc":
        cluster.set(key, key.encode(), MINUTE)
    assert cluster.get_many(["a", "b", "c", "d"]) == [b"a", b"b", b"c", None]
    assert cluster.replace("a", b"A")
    assert cluster.take("a") == b"A"
    cluster.delete("b", "c")
    assert cluster.get_many(["b", "c"]) == [None, None]
    assert cluster.healthy()
    one_node_cluster.kill()
    fails(cluster)
    one_node_cluster.start()
    cluster.close()


def test_cluster_down_at_the_start(tmp_path: Path, watch: Stopwatch) -> None:
    """A cluster that is not there is a cache that is not there."""
    down = Cache.from_url(f"redis+cluster://127.0.0.1:{ValkeyProcess(tmp_path).port}", watch)
    fails(down)
    assert seconds(lambda: fails(down, times=50)) < TIMEOUT
    assert not down.healthy()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@a:6379/0",
        "rediss://user:secret@a:6379/0?ssl_check_hostname=false",
        "redis+sentinel://:secret@a:26379,b,[::1]:26379/mymaster/0?sentinel_password=other&ssl=true",
        "redis+cluster://:secret@a:7000,b:7001?ssl=true&socket_timeout=0.2",
    ],
)
def test_every_kind_of_url_passes_the_settings(url: str, tmp_path: Path) -> None:
    """One server, TLS, several sentinels, several nodes: the settings take them, and so does the cache."""
    store = Store(StoreKind.SQLITE_ALONE, f"sqlite:///{tmp_path}/x.sqlite", url)
    assert Cache.from_url(store.settings().redis_url).configured


def test_a_url_that_only_the_cache_can_judge_names_its_setting() -> None:
    """`idp serve` says which setting is wrong, in one line, without the password."""
    with pytest.raises(Misconfigured, match=r"^IDP_REDIS_URL: .* names the service"):
        cache.init_app(Flask("caches"), "redis+sentinel://:secret@localhost:26379")


def test_the_app_has_its_cache(valkey_process: ValkeyProcess) -> None:
    """`cache.current()` is the one that the app was given."""
    app = Flask("caches")
    cache.init_app(app, valkey_process.url)
    with app.app_context():
        cache.current().set("a", b"1", MINUTE)
        assert cache.current().get("a") == b"1"
        cache.current().close()
