"""One Redis, one behind sentinels, a cluster, in forked processes; and what is no address of any of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idp.platform import cache
from idp.platform.cache import Cache
from idp.platform.errors import Misconfigured
from tests.faults.outages import MINUTE, PATIENTLY, Stopwatch, fails
from tests.support.postgres import free_port
from tests.support.stores import Store, StoreKind
from tests.support.valkey_process import ValkeyProcess

ROOT = Path(__file__).parents[2]

FORKS = """
import os, sys
from datetime import timedelta
from idp.platform.cache import Cache

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
    ended = subprocess.run(
        [sys.executable, "-c", FORKS, valkey_process.url + PATIENTLY], cwd=ROOT, timeout=300, check=False
    )
    assert ended.returncode == 0


def test_sentinel(valkey_process: ValkeyProcess, tmp_path: Path, watch: Stopwatch) -> None:
    """The master is found through a sentinel, also when the first sentinel named is down, and its end is noticed."""
    monitor = f"sentinel monitor mymaster 127.0.0.1 {valkey_process.port} 1"
    with ValkeyProcess(tmp_path / "sentinel", "--sentinel", config=monitor) as sentinel:
        nobody = ValkeyProcess(tmp_path / "nobody").port
        url = f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel.port}/mymaster/0{PATIENTLY}"
        found = Cache.from_url(url, watch)
        found.set("a", b"1", MINUTE)
        assert found.take("a") == b"1"
        assert found.healthy()
        valkey_process.kill()
        fails(found)
        found.close()
        fails(Cache.from_url(url.replace("mymaster", "other"), watch))


@pytest.fixture
def one_node_cluster(tmp_path: Path) -> Iterator[ValkeyProcess]:
    with ValkeyProcess(tmp_path / "cluster", config=f"cluster-enabled yes\ncluster-port {free_port()}") as node:
        with node.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            deadline = time.monotonic() + 300
            while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok" and time.monotonic() < deadline:
                time.sleep(0.02)
        yield node


def test_cluster(one_node_cluster: ValkeyProcess, tmp_path: Path, watch: Stopwatch) -> None:
    """Every operation works on a cluster, also of keys in different slots; it is connected to at the first use."""
    url = f"redis+cluster://127.0.0.1:{ValkeyProcess(tmp_path / 'nobody').port},127.0.0.1:{one_node_cluster.port}{PATIENTLY}"
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
    fails(down, times=50)
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
    cache.init_app(app, valkey_process.url + PATIENTLY)
    with app.app_context():
        cache.current().set("a", b"1", MINUTE)
        assert cache.current().get("a") == b"1"
        cache.current().close()


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
