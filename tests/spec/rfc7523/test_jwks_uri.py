"""Section 3, OpenID Connect Core section 10.1.1: the keys of a client are where it publishes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.spec.rfc7523.conftest import EC, RSA, Assert, ask, believed, public
from tests.support.key_host import KeyHost
from tests.support.moving_clock import MovingClock
from tests.support.world import World

HERE = "http://127.0.0.1:8000"
NEW = ECKey.generate_key("P-256", {"kid": "new"})
pytestmark = pytest.mark.settings(issuer=HERE)


@pytest.fixture
def host(world: World) -> Iterator[KeyHost]:
    """The application's web server; the application is "robot"."""
    with KeyHost() as made:
        made.keys = public(EC, RSA)["keys"]
        world.client("robot", public=True, token_endpoint_auth_method="private_key_jwt", jwks_uri=made.url)
        yield made


@pytest.fixture
def signed(assertion: Assert) -> Assert:
    """Assertions for an issuer on loopback."""
    return lambda *arguments, **changes: assertion(*arguments, **{"aud": HERE, **changes})


def test_it_is_asked_once_and_remembered(http: httpx.Client, host: KeyHost, signed: Assert, clock: MovingClock) -> None:
    """For ten minutes; then it is asked again, and a key that is no longer there is good no longer."""
    for key in (EC, RSA, EC):
        assert believed(ask(http, signed(key)))
    assert host.asked == 1
    host.keys = public(RSA)["keys"]
    clock.advance(minutes=9)
    assert believed(ask(http, signed()))
    clock.advance(minutes=1)
    assert not believed(ask(http, signed()))
    assert believed(ask(http, signed(RSA)))
    assert host.asked == 2


def test_a_new_key(http: httpx.Client, host: KeyHost, signed: Assert, clock: MovingClock) -> None:
    """Section 10.1.1: an unknown `kid` is the sign to look again, at most twice a minute whoever sends it."""
    assert believed(ask(http, signed()))
    host.keys = public(NEW, EC)["keys"]
    assert not believed(ask(http, signed(NEW)))
    assert host.asked == 1
    clock.advance(seconds=30)
    assert believed(ask(http, signed(NEW)))
    assert host.asked == 2
    for _ in range(3):
        assert not believed(ask(http, signed(EC, {"kid": "invented"})))
    assert host.asked == 2
    assert believed(ask(http, signed()))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (302, None),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"keys":"x"}'),
        (200, b'{"keys":[]}'),
        (200, b'{"keys":[' + b'{"kty":"EC"},' * 60 + b'{"kty":"EC"}]}'),
        (200, b"\xff\xfe"),
        (200, b"[" * 50_000),
        (200, b'{"keys":[' + b" " * 70_000 + b"]}"),
    ],
    ids=lambda value: str(value)[:14],
)
def test_what_is_no_key_set(
    http: httpx.Client, host: KeyHost, signed: Assert, clock: MovingClock, status: int, body: bytes | None
) -> None:
    """RFC 6749 section 5.2: invalid_client; it is not asked again at once, and believed when it is well."""
    host.status, host.body = status, body
    assert not believed(ask(http, signed()))
    host.status, host.body = 200, None
    assert not believed(ask(http, signed()))
    assert host.asked == 1
    clock.advance(seconds=30)
    assert believed(ask(http, signed()))


def test_it_does_not_answer_for_a_while(
    http: httpx.Client, host: KeyHost, signed: Assert, clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What was read last is good for an hour, and the log says that it is old."""
    assert believed(ask(http, signed()))
    host.status = 503
    clock.advance(minutes=59)
    assert believed(ask(http, signed()))
    assert "client keys not fetched" in caplog.text
    clock.advance(minutes=2)
    assert not believed(ask(http, signed()))


def test_what_cannot_be_used_is_passed_over(http: httpx.Client, host: KeyHost, signed: Assert) -> None:
    """RFC 7517 section 5; a private key that is published is nobody's."""
    secret = ECKey.generate_key("P-256", {"kid": "secret"})
    host.keys = [7, {"kty": "new"}, {"kty": "oct", "k": "AAAA"}, secret.as_dict(private=True), *host.keys]
    assert believed(ask(http, signed()))
    assert not believed(ask(http, signed(secret)))


def test_many_at_the_same_moment(http: httpx.Client, host: KeyHost, signed: Assert) -> None:
    """One asks and the others wait for it: each is believed, and the application is asked once."""
    host.may_answer.clear()
    answers: list[bool] = []
    assertions = [signed() for _ in range(4)]
    threads = [threading.Thread(target=lambda a=a: answers.append(believed(ask(http, a)))) for a in assertions]
    for thread in threads:
        thread.start()
    assert host.busy.wait(timeout=300)
    host.may_answer.set()
    for thread in threads:
        thread.join(timeout=300)
    assert answers == [True] * 4
    assert host.asked == 1


def test_a_set_that_comes_too_late(http: httpx.Client, host: KeyHost, signed: Assert) -> None:
    """Who waits for another's question waits two seconds: a slow application holds up nobody but itself."""
    host.may_answer.clear()
    early = signed()
    first = threading.Thread(target=lambda: ask(http, early))
    first.start()
    assert host.busy.wait(timeout=300)
    assert not believed(ask(http, signed()))
    host.may_answer.set()
    first.join(timeout=300)
    assert believed(ask(http, signed()))


def test_so_many_applications_are_remembered(
    http: httpx.Client, host: KeyHost, signed: Assert, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was not heard of for longest is asked again."""
    monkeypatch.setattr("idp.oidc.clients.client_keys.MOST_ADDRESSES", 2)
    for name in ("two", "three"):
        world.client(name, public=True, token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{host.url}?{name}")
    for name in ("robot", "two", "three", "two", "three"):
        assert believed(ask(http, signed(iss=name, sub=name)))
    assert host.asked == 3
    assert believed(ask(http, signed()))
    assert host.asked == 4


@pytest.mark.settings(issuer="https://login.informer.example")
def test_an_address_inside(http: httpx.Client, host: KeyHost, assertion: Assert) -> None:
    """RFC 7591 section 5: where we are not in development, no address of our own network is asked."""
    assert not believed(ask(http, assertion()))
    assert host.asked == 0
