"""Clients that say nothing, or hardly anything, on real sockets of a real `idp serve`: everybody else is answered (R75, R81)."""

from __future__ import annotations

import resource
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from idp.cli.serve import THREADS
from idp.web.gateway import ROOM_BYTES
from idp.web.input_limits import MOST_BODY_BYTES
from tests.support.server import Server, serving
from tests.support.stores import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SLOW_BODIES = 500
SILENT = 3000
PATIENCE_SECONDS = 120
OTHER_FILES = 500
FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as the test needs, where the machine allows them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < SLOW_BODIES + SILENT + OTHER_FILES:
        pytest.skip(f"this machine allows {hard} open files")
    wanted = SLOW_BODIES + SILENT + OTHER_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted) if soft >= 0 else soft, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    """Closes the connections of the test."""
    with ExitStack() as stack:
        yield stack


def connect(server: Server, ends: ExitStack, said: str = "") -> socket.socket:
    """A connection on which this was said, and then nothing."""
    parts = urlsplit(server.issuer)
    connection = ends.enter_context(socket.create_connection(("127.0.0.1", parts.port or 0), PATIENCE_SECONDS))
    connection.sendall(said.replace("\n", "\r\n").encode())
    return connection


def unfinished(path: str = "/token", method: str = "POST", length: int = 1000, more: str = "") -> str:
    """The head of a request whose body does not come, but for its first byte."""
    return f"{method} {path} HTTP/1.1\nHost: localhost\nAccept: application/json\n{FORM}\n{more}Content-Length: {length}\n\na"


def status_of(connection: socket.socket) -> int:
    """The status of the answer that came."""
    head = connection.recv(4096)
    return int(head.split()[1]) if head else 0


def is_healthy(server: Server) -> bool:
    """Whether a new client is answered."""
    return httpx.get(f"{server.issuer}/healthz", trust_env=False, timeout=PATIENCE_SECONDS).status_code == 200


@pytest.mark.usefixtures("many_files")
def test_everybody_else_is_answered(store: Store, tmp_path: Path, ends: ExitStack) -> None:
    """R81: 500 unfinished bodies and 3,000 connections that say nothing; `/healthz` answers until they are ended."""
    with serving(store, tmp_path, workers=2) as server:
        bodies = [connect(server, ends, unfinished()) for _ in range(SLOW_BODIES)]
        silent = [connect(server, ends) for _ in range(SILENT)]
        last = bodies[-1]
        while not _is_readable(last):
            assert is_healthy(server)
        assert {status_of(body) for body in bodies} == {408}
        assert {connection.recv(1) for connection in silent} == {b""}
        assert is_healthy(server)


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def nothing_more(_connection: socket.socket) -> None:
    """A client that has said what it says."""


def one_byte(connection: socket.socket) -> None:
    """A client that keeps talking, as slowly as it can."""
    connection.sendall(b"a")


def one_chunk(connection: socket.socket) -> None:
    """A client whose body has no length (RFC 9112 section 7.1), and no end."""
    connection.sendall(b"1\r\na\r\n")


CHUNKED = f"POST /token HTTP/1.1\nHost: localhost\n{FORM}\nTransfer-Encoding: chunked\n\n"


def test_a_body_has_a_deadline(store: Store, tmp_path: Path, ends: ExitStack) -> None:
    """RFC 9110 section 15.5.9: 408, and the connection ends, whether or not a byte comes now and then.

    There are more such clients than threads, and none of them holds one.
    """
    kinds = ((unfinished(), nothing_more), (unfinished(length=100_000), one_byte), (CHUNKED, one_chunk))
    with serving(store, tmp_path) as server:
        clients = {connect(server, ends, said): goes_on for said, goes_on in kinds for _ in range(THREADS)}
        waiting = set(clients)
        until = time.monotonic() + PATIENCE_SECONDS
        while waiting and time.monotonic() < until:
            answered, _, _ = select.select(waiting, [], [], 0.2)
            waiting -= set(answered)
            for client in waiting:
                clients[client](client)
            assert is_healthy(server)
        answers = [client.recv(4096) for client in clients]
        assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
        assert all(b"connection: close" in answer.lower() for answer in answers)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (unfinished("/nowhere"), 404),
        (unfinished("/healthz"), 405),
        (unfinished("/nowhere", more="Expect: 100-continue\n"), 404),
        (unfinished(length=MOST_BODY_BYTES + 1), 413),
        (unfinished(length=MOST_BODY_BYTES + 1, more="Expect: 100-continue\n"), 413),
        (unfinished(length=10**18), 413),
        (unfinished(length=10**30), 400),
        (unfinished(more="Content-Length: 1000\n", length=MOST_BODY_BYTES + 1), 400),
        (unfinished("/healthz", method="GET"), 200),
        (unfinished("/token", method="DELETE"), 405),
    ],
    ids=[
        "no address",
        "other method",
        "no address, asks first",
        "large",
        "large, asks first",
        "huge",
        "no number",
        "two lengths",
        "get",
        "delete",
    ],
)
def test_nobody_waits_for_a_body_that_nobody_takes(live: Server, ends: ExitStack, said: str, status: int) -> None:
    """R81: the address, the method and the announced length are judged by the head; no client is told to go on."""
    assert status_of(connect(live, ends, said)) == status


def test_whoever_asks_first_is_told_to_go_on(live: Server, ends: ExitStack) -> None:
    """RFC 9110 section 10.1.1: 100 where the body is wanted, and then the answer."""
    connection = connect(live, ends, unfinished(length=12, more="Expect: 100-continue\n"))
    assert status_of(connection) == 100
    connection.sendall(b"b=c&d=e&f=g")
    assert status_of(connection) == 400


@pytest.mark.parametrize(
    "said",
    ["", "GET /healthz HTTP/1.1\nHost: loc", "PRI * HTTP/2.0\n\nSM\n\n", "\x00" * 24],
    ids=["nothing", "half a head", "the preface of HTTP/2", "noise"],
)
def test_a_connection_without_a_request_ends(live: Server, ends: ExitStack, said: str) -> None:
    """R81: from the first byte on there is a deadline; HTTP/2, where granian has none, is not spoken."""
    connection = connect(live, ends, said)
    while came := connection.recv(4096):
        assert came.startswith(b"HTTP/1.1 4")


def test_large_bodies_share_a_room(store: Store, tmp_path: Path, ends: ExitStack) -> None:
    """R81: what unfinished bodies take of the memory has an end: then 503 for large ones, and small ones still come in."""
    body = "a" * (MOST_BODY_BYTES - 1024)
    with serving(store, tmp_path) as server:
        clients = list[socket.socket]()
        poll = select.poll()
        until = time.monotonic() + PATIENCE_SECONDS
        turned_away = set[int]()
        while 503 not in turned_away and time.monotonic() < until:
            for _ in range(ROOM_BYTES // len(body) + 1):
                clients.append(connect(server, ends, unfinished(length=MOST_BODY_BYTES) + body))
                poll.register(clients[-1], select.POLLIN)
            by_number = {client.fileno(): client for client in clients}
            for number, _ in poll.poll(1000):
                poll.unregister(number)
                turned_away.add(status_of(by_number[number]))
        assert 503 in turned_away
        small = httpx.post(f"{server.issuer}/token", data={"a": "b"}, trust_env=False, timeout=PATIENCE_SECONDS)
        assert small.status_code == 400


def test_a_server_ends_while_clients_say_nothing(store: Store, tmp_path: Path, ends: ExitStack) -> None:
    """R76: SIGTERM drains, and no worker has to be killed for clients that do not go on."""
    with serving(store, tmp_path, workers=2) as server:
        for said in ("", unfinished(), CHUNKED, "GET /healthz HTTP/1.1\nHost: loc"):
            for _ in range(2 * THREADS):
                connect(server, ends, said)
        assert is_healthy(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_SECONDS) == 0
    assert "refused to gracefully stop" not in server.log.read_text()
