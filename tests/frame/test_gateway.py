"""What the application sees of a request, and the client of its answer, through the gateway (RFC 9110 section 17.10)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING

import httpx

from idp.web.gateway import BYTES_A_SECOND, FIRST_SECONDS, LONGEST_SECONDS, Gateway, patience

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def through(application: WSGIApplication, request: httpx.Request) -> httpx.Response:
    """The answer of a WSGI application to this request, through the gateway."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Gateway(application, 1, lambda *_: 1000))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.send(request)

    return asyncio.run(asked())


def seen(request: httpx.Request) -> WSGIEnvironment:
    """What the application sees of it."""
    found: WSGIEnvironment = {}

    def look(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found.update(environ, body=environ["wsgi.input"].read())
        start_response("204 No Content", [])
        return ()

    assert through(look, request).status_code == 204
    return found


def test_each_header_has_its_own_name() -> None:
    """R79: one whose own name has `_` is never taken for another; one that is sent twice is joined (section 5.3)."""
    sent = [("X-A", "1"), ("x_a", "2"), ("X_A", "3"), ("X-A", "4"), ("Cookie", "a=1"), ("Cookie", "b=2"), ("B_", "5")]
    environ = seen(httpx.Request("GET", "http://localhost/", headers=sent))
    assert environ["HTTP_X_A"] == "1,4"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert not [name for name in environ if name.startswith("HTTP_B")]


def test_the_path_is_what_was_sent() -> None:
    """PEP 3333: bytes as Latin-1, unquoted once, also what is no UTF-8."""
    assert seen(httpx.Request("GET", "http://localhost/a%2525%ffb?c=%ff"))["PATH_INFO"] == "/a%25\xffb"


def test_a_body_has_its_length_however_it_came() -> None:
    """RFC 9112 section 6.3: chunked or not, the application sees a whole body; and none of a GET."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    chunked = seen(httpx.Request("POST", "http://localhost/", content=chunks()))
    assert (chunked["CONTENT_LENGTH"], chunked["body"]) == ("3", b"abc")
    assert "HTTP_TRANSFER_ENCODING" not in chunked
    assert seen(httpx.Request("POST", "http://localhost/", content=b"abcd"))["body"] == b"abcd"


def test_an_answer_is_sent_as_it_is_made() -> None:
    """PEP 3333: in one thread from its first piece to its last, and closed at the end."""
    threads = list[threading.Thread]()

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(20):
                threads.append(threading.current_thread())
                yield b"%d\n" % number

        def close(self) -> None:
            threads.append(threading.current_thread())

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/csv")])
        return Pieces()

    assert through(application, httpx.Request("GET", "http://localhost/")).text.split() == [str(n) for n in range(20)]
    assert len(threads) == 21
    assert len(set(threads)) == 1


def test_a_body_has_less_time_than_a_worker_has_to_end_in() -> None:
    """R75, R76: ten seconds, a second for each 32 kB that came, and never more than 25."""
    assert patience(0) == FIRST_SECONDS == 10
    assert patience(2 * BYTES_A_SECOND) == 12
    assert patience(10**9) == LONGEST_SECONDS == 25
