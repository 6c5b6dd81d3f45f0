"""From the web server to the application: a thread is taken only when the request is whole, and each header has its own name.

    ASGI: head ─▶ does its address take a body? ─ no ─▶ the application says 404 or 405, or answers without the body
                    │ yes
                    ▼
                  the event loop awaits the body ─ too large, too slow, no room ─▶ the application says 413, 408, 503
                    │ whole
                    ▼
                  one of the threads ─▶ the application (WSGI) ─▶ the answer: in one piece, or as it is made

A WSGI server lets a thread wait for the body, without a limit of time: as many clients as there are threads, each of
which begins a form and says no more, and nobody else is answered. WSGI (PEP 3333, as CGI, RFC 3875 section 4.1.18) also
writes `-` as `_`: in an environ `Client_Cert` is `Client-Cert`, so a header whose own name has `_` is left out here,
where raw names are seen for the last time (RFC 9110 section 17.10).
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout, ServiceUnavailable

from idp.web.input_limits import REFUSED
from idp.web.logs import log

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

FIRST_SECONDS: Final = 10.0
"""In this time a body is whole, or it comes at a speed of `BYTES_A_SECOND` at least."""
BYTES_A_SECOND: Final = 32 * 1024
LONGEST_SECONDS: Final = 25.0
"""No body may take longer, at whatever speed; less than a worker has to end in."""
SMALL_BYTES: Final = 8 * 1024
ROOM_BYTES: Final = 64 * 1024 * 1024
"""What the bodies that one worker holds may be in all; beyond it only small ones are taken."""
LINGER_SECONDS: Final = 2.0
LINGER_BYTES: Final = 1024 * 1024
STALLED_SECONDS: Final = 25.0
"""A client that takes no more of a streamed answer for so long is left."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
MostBytes = Callable[[str, str, str], int | None]
"""How large a body may be, by method, path and content type; None where none is taken."""

_WITHOUT_PREFIX: Final = {"CONTENT_TYPE", "CONTENT_LENGTH"}  # PEP 3333, "environ Variables"


class ClientGone(Exception):
    """The client went away before it had said everything, or heard everything."""


class Gateway:
    """An ASGI 3.0 application that lets a WSGI application answer whole requests, in threads."""

    def __init__(self, application: "WSGIApplication", threads: int, most_bytes: MostBytes) -> None:
        """Let so many requests be answered at once."""
        self._application = application
        self._threads = ThreadPoolExecutor(threads, "request")
        self._most_bytes = most_bytes
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        environ = environ_of(scope)
        if not ("CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ):
            await self._answer(environ, receive, send)
            return
        most = self._most_bytes(scope["method"], scope["path"], environ.get("CONTENT_TYPE", ""))
        if most is None:
            await self._answer(_with(environ, b""), receive, send)
            await _linger(environ, receive)
            return
        with suppress(ClientGone):
            await self._answer_with_body(environ, receive, send, most)

    async def _answer_with_body(self, environ: dict[str, Any], receive: Receive, send: Send, most: int) -> None:
        body = bytearray()
        try:
            refused = await self._receive(body, receive, _declared(environ), most)
            if refused is None:
                await self._answer(_with(environ, bytes(body)), receive, send)
                return
            await self._answer({**_with(environ, b""), REFUSED: refused}, receive, send)
            if not isinstance(refused, RequestTimeout):
                await _linger(environ, receive)
        finally:
            self._held -= len(body)

    async def _receive(self, body: bytearray, receive: Receive, declared: int, most: int) -> HTTPException | None:
        """Fill `body`; or say why not."""
        if declared > most:
            return RequestEntityTooLarge()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(began + FIRST_SECONDS) as deadline:
                more = True
                while more:
                    chunk, more = await _chunk(receive)
                    body += chunk
                    self._held += len(chunk)
                    if len(body) > most:
                        return RequestEntityTooLarge()
                    if len(body) > SMALL_BYTES and self._held > ROOM_BYTES:
                        return ServiceUnavailable()
                    more = more and len(body) != declared
                    deadline.reschedule(began + patience(len(body)))
        except TimeoutError:
            return RequestTimeout()
        return None

    async def _answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        exchange = _Exchange(receive, send, loop)
        await loop.run_in_executor(self._threads, exchange.run, self._application, environ)
        if exchange.body is not None:
            await send(exchange.start)
            await send({"type": "http.response.body", "body": exchange.body})


def patience(received: int) -> float:
    """The seconds within which a body of which so many bytes came must be whole, or come on."""
    return min(FIRST_SECONDS + received / BYTES_A_SECOND, LONGEST_SECONDS)


def environ_of(scope: Scope) -> dict[str, Any]:
    """The environ of PEP 3333 for this request, without its body."""
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": scope["client"][0],
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **_headers(scope["headers"]),
    }


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers under their names in an environ; one that is sent twice is joined (RFC 9110 section 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in sent:
        if b"_" in raw_name:
            continue
        name, value = _in_environ(raw_name), raw_value.decode("latin-1")
        between = "; " if name == "HTTP_COOKIE" else ","
        found[name] = f"{found[name]}{between}{value}" if name in found else value
    return found


def _in_environ(raw_name: bytes) -> str:
    name = raw_name.decode("latin-1").upper().replace("-", "_")
    return name if name in _WITHOUT_PREFIX else f"HTTP_{name}"


def _with(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The environ with a body whose length is known, however it came."""
    known = {name: value for name, value in environ.items() if name != "HTTP_TRANSFER_ENCODING"}
    return {**known, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}


def _declared(environ: dict[str, Any]) -> int:
    """The length that the client announced; 0 without one. Granian has refused what is no number, and different ones."""
    return int(environ.get("CONTENT_LENGTH", "0").partition(",")[0])


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    """What came of a body, and whether more is to come. Raises `ClientGone`."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


async def _linger(environ: dict[str, Any], receive: Receive) -> None:
    """Let the rest of a body come for a moment, and forget it.

    To close on unread bytes is to reset the connection, and the client may lose the answer (RFC 9112 section 9.6). A
    client that waits to be told to go on sends nothing (RFC 9110 section 10.1.1).
    """
    if "HTTP_EXPECT" in environ:
        return
    came, more = 0, True
    with suppress(TimeoutError, ClientGone):
        async with asyncio.timeout(LINGER_SECONDS):
            while more and came < LINGER_BYTES:
                chunk, more = await _chunk(receive)
                came += len(chunk)


class _Exchange:
    """One answer of a WSGI application: one whose length it gave is kept for the loop, another is sent as it is made."""

    def __init__(self, receive: Receive, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._send = send
        self._loop = loop
        self.start: dict[str, Any] = {}
        self.body: bytes | None = None

    def run(self, application: "WSGIApplication", environ: dict[str, Any]) -> None:
        """Let it answer. In one thread from begin to end: what it streams lives in the context of its request.

        Where the body was refused the connection ends: its rest would be read as the next request.
        """
        chunks = application(environ, self._begin)
        try:
            if REFUSED in environ:
                self.start["headers"].append((b"connection", b"close"))
            if isinstance(chunks, tuple) or any(name == b"content-length" for name, _ in self.start["headers"]):
                self.body = b"".join(chunks)
            else:
                self._stream(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _begin(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """PEP 3333, start_response; without its `write`, which is for frameworks that came before it."""
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self.start = {"type": "http.response.start", "status": int(status[:3]), "headers": named}
        return _no_write

    def _stream(self, chunks: Iterable[bytes]) -> None:
        """Send what is made, as fast as the client takes it, and for as long as it is there."""
        gone = asyncio.run_coroutine_threadsafe(_gone(self._receive), self._loop)
        try:
            self._hand_on(self.start)
            for chunk in chunks:
                if gone.done():
                    return
                self._hand_on({"type": "http.response.body", "body": chunk, "more_body": True})
            self._hand_on({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.warning("answer not taken", seconds=STALLED_SECONDS)
        finally:
            gone.cancel()

    def _hand_on(self, message: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(_within(STALLED_SECONDS, self._send, message), self._loop).result()


async def _gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def _within(seconds: float, send: Send, message: dict[str, Any]) -> None:
    async with asyncio.timeout(seconds):
        await send(message)


def _no_write(_: bytes) -> object:
    raise NotImplementedError("write() of WSGI")
