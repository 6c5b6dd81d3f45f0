"""What stands between the web server's ASGI and the application's WSGI: names, values, bodies and answers (PEP 3333)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import Flask, request, stream_with_context

from idp.web.gateway import Gateway, environ_of

Message = dict[str, Any]
SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "raw_path": b"/",
    "query_string": b"",
    "headers": [],
    "client": ("203.0.113.7", "50000"),
    "server": ("127.0.0.1", "8000"),
    "http_version": "1.1",
    "scheme": "http",
}
WHOLE: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]


def ask(
    application: Any, scope: dict[str, Any] | None = None, messages: Iterable[Message] = WHOLE, gone_after: int = 99
) -> list[Message]:
    """Send one request; the client goes away after so many messages of the answer."""
    sent: list[Message] = []
    given = iter(messages)

    async def exchange() -> None:
        gone = asyncio.Event()

        async def receive() -> Message:
            for message in given:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if len(sent) == gone_after:
                gone.set()
                await asyncio.sleep(0)
                await asyncio.sleep(0)

        await Gateway(application, threads=2)(SCOPE | (scope or {}), receive, send)

    asyncio.run(exchange())
    return sent


def answering(body: Callable[[dict[str, Any]], Iterable[bytes]], *headers: tuple[str, str]) -> Any:
    """A WSGI application."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), *headers])
        return body(environ)

    return application


def test_names_with_an_underscore_are_gone() -> None:
    """R79: alone and beside the name that they look like, in any place; nothing of the process's environment is a header."""
    sent = [
        (b"client_cert", b"forged"),
        (b"client-cert", b"true"),
        (b"client_cert", b"forged"),
        (b"content_length", b"9"),
    ]
    environ = environ_of(SCOPE | {"headers": sent})
    assert {name: value for name, value in environ.items() if "CERT" in name or "LENGTH" in name} == {
        "HTTP_CLIENT_CERT": "true"
    }
    assert "PATH" not in environ
    assert "HTTP_CLIENT_CERT" not in environ_of(SCOPE | {"headers": [(b"client_cert", b"forged")]})


def test_values() -> None:
    """PEP 3333: bytes as Latin-1; two headers of one name are one list (RFC 9110 section 5.3), cookies theirs (RFC 6265)."""
    headers = [
        (b"cookie", b"a=1"),
        (b"x-a", b"1"),
        (b"cookie", b"b=2"),
        (b"x-a", b"\xff"),
        (b"content-type", b"text/plain"),
    ]
    environ = environ_of(SCOPE | {"headers": headers, "raw_path": b"/a%2Fb%ff", "query_string": b"c=%ff"})
    assert (environ["HTTP_COOKIE"], environ["HTTP_X_A"]) == ("a=1; b=2", "1,\xff")
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a/b\xff", "c=%ff")
    assert (environ["REMOTE_ADDR"], environ["SERVER_PROTOCOL"]) == ("203.0.113.7", "HTTP/1.1")


@pytest.mark.parametrize("size", [-1, 1, 7, 9000])
def test_a_body_is_read_as_it_comes(size: int) -> None:
    """In pieces of any size, to its end; where the client goes away before that, to there."""
    pieces = [b"one\n", b"", b"two", b"x" * 20_000]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    def read(environ: dict[str, Any]) -> list[bytes]:
        found = iter(lambda: environ["wsgi.input"].read(size), b"")
        return [b"".join(found)]

    ends: tuple[Message, ...] = (
        {"type": "http.request", "body": b"end", "more_body": False},
        {"type": "http.disconnect"},
    )
    for end in ends:
        answer = ask(answering(read, ("Content-Length", "0")), messages=[*messages, end])
        assert answer[-1]["body"] == b"".join(pieces) + end.get("body", b"")


def test_a_body_that_nobody_reads_is_not_waited_for() -> None:
    """The answer comes while the client still sends."""
    assert ask(answering(lambda _: [b"no"], ("Content-Length", "2")), messages=[])[-1]["body"] == b"no"


def test_an_answer_of_known_length_is_one_message() -> None:
    """And what the application opened is closed."""
    closed = threading.Event()

    class Opened(list[bytes]):
        def close(self) -> None:
            closed.set()

    start, body = ask(answering(lambda _: Opened([b"a", b"b"]), ("Content-Length", "2"), ("Set-Cookie", "a=1")))
    assert start["status"] == 200
    assert start["headers"][-1] == (b"set-cookie", b"a=1")
    assert body == {"type": "http.response.body", "body": b"ab"}
    assert closed.is_set()


def test_a_stream_is_sent_as_it_is_made_in_the_context_of_its_request() -> None:
    """Flask's `stream_with_context`, which the files of the console are made with, needs one thread from begin to end."""
    app = Flask(__name__)

    @app.get("/file")
    def file() -> Any:
        return app.response_class(stream_with_context(request.args["word"] + str(n) for n in range(3)))

    sent = ask(app, {"raw_path": b"/file", "query_string": b"word=line"})
    assert [message.get("body") for message in sent] == [None, b"line0", b"line1", b"line2", b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, True, False]


def test_a_stream_ends_where_its_client_goes_away() -> None:
    """R75: nothing more is made for nobody, and what was opened is closed."""
    made: list[int] = []
    closed = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                made.append(1)
                yield b"more"
        finally:
            closed.set()

    ask(answering(lambda _: endless()), gone_after=3)
    assert closed.is_set()
    assert len(made) < 100


def test_a_fault_is_the_servers_to_say() -> None:
    """What the application raises reaches the server, which answers 500 and logs it."""

    def broken(environ: dict[str, Any], start_response: Any) -> Awaitable[None]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(broken)
