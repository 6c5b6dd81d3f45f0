"""Redis down at the start, killed, cut off, emptied, full or read-only: nothing breaks, and it heals by itself.

On real servers, through a proxy where the fault is on the way. The breaker's clock is moved by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from idp import shortlived
from idp.platform.cache import FIRST_PAUSE, POLICY_KNOWN_FOR, Cache, CacheUnavailable
from idp.platform.extensions import db
from tests.faults.outages import MINUTE, OPERATIONS, Stopwatch, fails, operations
from tests.shortlived.conftest import stores_app
from tests.support.slow_proxy import SlowProxy
from tests.support.valkey_process import ValkeyProcess


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
    """Without a URL every operation says so, however often it is asked: there is nobody to connect to."""
    absent = Cache.from_url(None)
    assert not absent.configured
    assert not absent.healthy()
    fails(absent, operation, times=1000)


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


EVICTING = (
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
)


@pytest.mark.usefixtures("clock", "stores")
@pytest.mark.parametrize("policy", EVICTING)
def test_evicting(valkey_process: ValkeyProcess, policy: str) -> None:
    """R82: a server that throws out what it likes is nobody's home: what is put lives in SQL, whole, and is given once."""
    with valkey_process.client() as client:
        client.config_set("maxmemory", str(client.info("memory")["used_memory"] + 300_000))
        client.config_set("maxmemory-policy", policy)
    handles = [shortlived.put("code", {"n": n, "filling": "x" * 1000}, MINUTE) for n in range(600)]
    got = [shortlived.take("code", handle) for handle in handles]
    assert [value and value["n"] for value in got] == list(range(600))
    assert shortlived.take("code", handles[0]) is None


@pytest.mark.usefixtures("clock", "stores")
def test_a_bound_that_comes_later(valkey_process: ValkeyProcess, cached: Cache, watch: Stopwatch) -> None:
    """Whoever changes the policy of a server that runs is heard within seconds; without a bound nothing is thrown out."""
    with valkey_process.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert not cached.evicts()
        client.config_set("maxmemory", "100mb")
    assert not cached.evicts()
    watch.seconds += POLICY_KNOWN_FOR
    assert cached.evicts()
    with valkey_process.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
    watch.seconds += POLICY_KNOWN_FOR
    assert not cached.evicts()


@pytest.mark.usefixtures("clock", "stores")
def test_a_policy_that_is_not_told(valkey_process: ValkeyProcess) -> None:
    """A server that does not let us ask may throw out what it likes: SQL."""
    with valkey_process.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-info")
    assert shortlived.put("code", {"n": 1}, MINUTE)[0] == "s"


@pytest.mark.usefixtures("clock", "stores")
def test_a_wrong_password_is_only_a_cache_that_is_not_there(valkey_process: ValkeyProcess, watch: Stopwatch) -> None:
    """A server that refuses to know us is unavailable; put falls back."""
    stranger = Cache.from_url(valkey_process.url.replace("redis://", "redis://:wrong@"), watch)
    fails(stranger)
    assert not stranger.healthy()
