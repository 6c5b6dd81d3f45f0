"""Requests to addresses that clients registered, on real sockets: where they go, and when they give up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest
from flask import Flask

from idp.platform import settings
from idp.web import outgoing
from idp.web.outgoing import OutgoingFailed, fetch, post
from idp.web.public_addresses import is_public
from tests.support.peer import peer, says

Resolver = Callable[..., list[tuple[object, ...]]]


def drips(connection: socket.socket) -> None:
    """Begins an answer that never ends, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        connection.sendall(f"X-{number}: y\r\n".encode())
        time.sleep(0.02)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def in_development(in_app: Flask) -> None:
    """An issuer on loopback; that of the tests is not."""
    settings.keep(in_app, settings.of(in_app).model_copy(update={"issuer": "http://localhost:8000"}))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of a second in place of five."""
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 0.2)


def answering(*addresses: str) -> Resolver:
    """A name service that answers every name with these addresses, and an address with itself."""
    really = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: int, **options: int) -> list[tuple[object, ...]]:
        if host[0].isdigit():
            return [*really(host, port, *rest, **options)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]

    return resolve


@pytest.mark.usefixtures("in_development")
def test_a_document_is_fetched() -> None:
    """In development a loopback address may be asked; the path and the query are sent as they stand."""
    with peer(says(OK)) as there:
        assert fetch(there.url) == b"hello"
    asked = there.heard[0].decode()
    assert asked.startswith("GET /keys?of=us HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{there.port}\r\n" in asked


@pytest.mark.usefixtures("in_development")
def test_a_form_is_posted() -> None:
    """A POST sends the form and answers with the status, whichever it is."""
    with peer(says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) as there:
        assert post(there.url, {"logout_token": "a+b"}) == 400
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in there.heard[0]
    assert there.heard[0].endswith(b"\r\n\r\nlogout_token=a%2Bb")


@pytest.mark.usefixtures("in_development")
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000, "more than 64 kB"),
        (b"nonsense\r\n\r\n", "ProtocolError"),
        (b"", "ProtocolError"),
    ],
    ids=["redirect", "not found", "large", "nonsense", "nothing"],
)
def test_no_other_answer_is_taken(answer: bytes, why: str) -> None:
    """A redirect is not followed, and an answer that is large, broken or none at all is no document."""
    with peer(says(answer)) as there, pytest.raises(OutgoingFailed, match=why):
        fetch(there.url)
    assert len(there.heard) == 1


@pytest.mark.usefixtures("in_development", "impatient")
def test_a_slow_peer_is_left() -> None:
    """Who drips an answer holds nobody: all waits together end after the one limit."""
    with peer(drips) as there, pytest.raises(OutgoingFailed, match=r"Time|slow"):
        fetch(there.url)


@pytest.mark.usefixtures("in_development", "impatient")
def test_a_slow_name_service_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that a name takes counts."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])
    with pytest.raises(OutgoingFailed, match="TimeoutError"):
        fetch("https://books.example/jwks")
    over.set()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names whose name service was asked and says nothing until the test is over: those that end in `.stuck`."""
    over, asked, really = threading.Event(), list[str](), socket.getaddrinfo

    def resolve(host: str, port: int, *rest: int, **options: int) -> list[tuple[object, ...]]:
        if not host.endswith(".stuck"):
            return [*really(host, port, *rest, **options)]
        asked.append(host)
        over.wait(600)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield asked
    over.set()
    while any(thread.name.startswith("resolve ") for thread in threading.enumerate()):
        next(thread for thread in threading.enumerate() if thread.name.startswith("resolve ")).join(60)


def fetch_in_vain(url: str, why: str) -> None:
    """A fetch that fails, and the reason."""
    with pytest.raises(OutgoingFailed, match=why):
        fetch(url)


@pytest.mark.usefixtures("in_development", "impatient")
def test_a_silent_name_service_holds_up_nobody_else(stuck: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: other names are resolved while some are not, and whoever asks for such a one again is not kept waiting."""
    for number in range(10):
        fetch_in_vain(f"https://{number}.stuck/jwks", "TimeoutError")
    for _ in range(3):
        fetch_in_vain("https://1.stuck/jwks", "TimeoutError: too slow")
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 60)
    with peer(says(OK)) as there:
        assert fetch(f"http://localhost:{there.port}/") == b"hello"
    assert stuck == [f"{number}.stuck" for number in range(10)]


@pytest.mark.usefixtures("in_development", "impatient")
def test_names_that_are_being_resolved_have_a_bound(stuck: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: so many threads wait for name services, and no more."""
    monkeypatch.setattr(outgoing, "MOST_NAMES", 3)
    for number in range(3):
        fetch_in_vain(f"https://{number}.stuck/jwks", "TimeoutError")
    fetch_in_vain("https://3.stuck/jwks", "too many names")
    assert len(stuck) == 3


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize(
    "url",
    [
        "http://books.example/jwks",
        "http://127.0.0.1/jwks",
        "ftp://books.example/jwks",
        "file:///etc/passwd",
        "https://anna@books.example/jwks",
        "https:///jwks",
        "https://[::1/jwks",
        "https://books.example:99999/jwks",
        "https://books.example/a\r\nX: y",
        "https://bücher.example/jwks",
    ],
)
def test_an_address_must_be_plain_https(url: str) -> None:
    """Anything but https to a named host is refused before a name is resolved."""
    with pytest.raises(OutgoingFailed, match=r"https|http is for"):
        fetch(url)


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("10.1.2.3",), ("169.254.169.254",), ("8.8.8.8", "127.0.0.1"), ("fe80::1%eth0",)]
)
def test_a_name_that_leads_inside_is_refused(addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name with an address of our inside, alone or among others, is connected to nowhere."""
    monkeypatch.setattr(socket, "getaddrinfo", answering(*addresses))
    with pytest.raises(OutgoingFailed, match="not a public address"):
        fetch("https://books.example/jwks")


@pytest.mark.usefixtures("in_development")
def test_a_name_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked at is what is connected to, so a name that answers otherwise the next time leads nowhere else."""
    asked = list[str]()
    first, later = answering("127.0.0.1"), answering("10.0.0.1")

    def resolve(host: str, port: int, *rest: int, **options: int) -> list[tuple[object, ...]]:
        asked.extend({host} - {"127.0.0.1"})
        return (first if len(asked) == 1 else later)(host, port, *rest, **options)

    with peer(says(OK)) as there:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert fetch(f"http://localhost:{there.port}/") == b"hello"
    assert asked == ["localhost"]


@pytest.mark.usefixtures("in_development")
def test_the_address_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name's addresses the first that can be connected to; none: a failure."""
    with peer(says(OK)) as there:
        monkeypatch.setattr(socket, "getaddrinfo", answering("127.0.0.2", "127.0.0.1"))
        assert fetch(f"http://localhost:{there.port}/") == b"hello"
    with pytest.raises(OutgoingFailed, match="nobody answers"):
        fetch(f"http://localhost:{there.port}/")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("2002:808:808::1", True),
        ("2a00:1450:400e::1", True),
        ("64:ff9b:1::1", False),
        ("64:ff9b:1::808:808", False),
        ("64:ff9b:1:ffff::a00:1", False),
        ("fec0::1", False),
        ("feff::1", False),
        ("::808:808", False),
        ("::7f00:1", False),
        ("::", False),
        ("::ffff:0:808:808", False),
        ("2002:a00:1::1", False),
        ("2002:c0a8:101::1", False),
        ("2001::1", False),
        ("2001:0:808:808::f5ff:fffe", False),
        ("2001:20::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("4000::1", False),
        ("100::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("2a00:1450:400e::1%eth0", False),
        ("ff02::1", False),
        ("5f00::1", False),
        ("::ffff:100.64.0.1", False),
        ("64:ff9b::c612:1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("100.127.255.255", False),
        ("192.0.0.1", False),
        ("192.0.0.9", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("198.19.255.255", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("239.1.2.3", False),
        ("1.1.1.1", True),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    """Private, loopback, link-local, shared, multicast, special and unspecified addresses are not, whatever wraps them."""
    assert is_public(ip_address(address)) is public
