"""A silent Redis costs one time-out now and then, whoever asks: the breaker does the rest, and heals by itself.

The breaker's clock is moved by hand. The time-out is longer than the product's, so that an answer of a busy machine is
none. What a call costs is counted in connections that the server was asked for, not in seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp import shortlived
from idp.platform.cache import FIRST_PAUSE, LONGEST_PAUSE, Breaker, Cache, CacheUnavailable
from tests.faults.outages import MINUTE, Breaths, Stopwatch, fails
from tests.support.slow_proxy import SlowProxy

PATIENCE = 0.4
PATIENTLY_SECONDS = 300


@pytest.fixture
def cached(proxy: SlowProxy, watch: Stopwatch) -> Iterator[Cache]:
    """Make a cache behind the proxy."""
    options = f"socket_timeout={PATIENCE}&socket_connect_timeout={PATIENCE}"
    made = Cache.from_url(f"redis://127.0.0.1:{proxy.port}/0?{options}", watch)
    yield made
    made.close()


def test_fifty_calls_to_a_silent_server_cost_one_time_out(cached: Cache, proxy: SlowProxy) -> None:
    """The first call waits its time-out and opens the breaker; the other forty-nine ask nobody."""
    proxy.hang()
    fails(cached)
    asked = proxy.accepted
    assert asked == 1
    fails(cached, times=49)
    assert proxy.accepted == asked


def test_fifty_threads_at_a_silent_server_wait_together(cached: Cache, proxy: SlowProxy) -> None:
    """Fifty that come at once each wait one time-out at most, side by side; who comes after them asks nobody."""
    proxy.hang()
    together = threading.Barrier(50, timeout=PATIENTLY_SECONDS)

    def once(_: int) -> None:
        together.wait()
        fails(cached)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(once, range(50)))
    asked = proxy.accepted
    assert 1 <= asked <= 50
    fails(cached, times=50)
    assert proxy.accepted == asked


@pytest.mark.usefixtures("clock", "stores")
def test_values_under_a_silent_server(proxy: SlowProxy) -> None:
    """Fifty values put and taken while the server is silent: all in SQL, each taken once, one time-out in all."""
    waiting = shortlived.put("login", {"n": 0}, MINUTE)
    proxy.hang()
    asked = proxy.accepted
    for n in range(50):
        handle = shortlived.put("code", {"n": n}, MINUTE)
        assert handle[0] == "s"
        assert shortlived.take("code", handle) == {"n": n}
    assert shortlived.get("login", waiting) is None
    assert proxy.accepted - asked <= 1


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
    assert [shortlived.get("login", handle) for _ in range(50)] == [None] * 50
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


def test_silent_sentinels_cost_one_time_out_each(proxy: SlowProxy, watch: Stopwatch) -> None:
    """Each sentinel is asked once, and the breaker does the rest."""
    proxy.hang()
    found = Cache.from_url(f"redis+sentinel://127.0.0.1:{proxy.port},localhost:{proxy.port}/mymaster", watch)
    fails(found, times=50)
    assert proxy.accepted == 2
