"""From the web server to the application, with each header under the name that was sent, and under no other.

    ASGI: raw names ─▶ one that has `_`: gone ─▶ WSGI environ ─▶ a thread ─▶ the application
                                                   body: fetched from the loop when it is read

WSGI (PEP 3333, as CGI, RFC 3875 section 4.1.18) writes `-` as `_`. In an environ `Client_Cert` is therefore
`Client-Cert`, and a proxy that takes away or sets the second lets the first one through. Raw names are seen here for the
last time. A header that is sent twice is joined (RFC 9110 section 5.3), so that who expects one value finds none.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import WSGIApplication

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_WITHOUT_PREFIX: Final = {"CONTENT_TYPE", "CONTENT_LENGTH"}  # PEP 3333, "environ Variables"


class Gateway:
    """An ASGI 3.0 application that lets a WSGI application answer, in threads."""

    def __init__(self, application: "WSGIApplication", threads: int) -> None:
        """Let so many requests be answered at once."""
        self._application = application
        self._threads = ThreadPoolExecutor(threads, "request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        environ = environ_of(scope) | {"wsgi.input": io.BufferedReader(_Body(receive, loop))}
        exchange = _Exchange(receive, send, loop)
        await loop.run_in_executor(self._threads, exchange.run, self._application, environ)
        if exchange.body is not None:
            await send(exchange.start)
            await send({"type": "http.response.body", "body": exchange.body})


def environ_of(scope: Scope) -> dict[str, Any]:
    """The environ of PEP 3333 for this request, without its body."""
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": scope["client"][0],
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": scope["server"][1],
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,  # the body ends where the request ends: Werkzeug then takes one without a length
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **_headers(scope["headers"]),
    }


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers under their names in an environ; those whose own name has `_` are left out."""
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


class _Exchange:
    """One answer of a WSGI application: one whose length it gave is kept for the loop, another is sent as it is made."""

    def __init__(self, receive: Receive, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._send = send
        self._loop = loop
        self.start: dict[str, Any] = {}
        self.body: bytes | None = None

    def run(self, application: "WSGIApplication", environ: dict[str, Any]) -> None:
        """Let it answer. In one thread from begin to end: what it streams lives in the context of its request."""
        chunks = application(environ, self._begin)
        try:
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
        gone = asyncio.run_coroutine_threadsafe(_gone(self._receive), self._loop)
        try:
            _wait(self._send(self.start), self._loop)
            for chunk in chunks:
                if gone.done():
                    return
                _wait(self._send({"type": "http.response.body", "body": chunk, "more_body": True}), self._loop)
            _wait(self._send({"type": "http.response.body", "body": b""}), self._loop)
        finally:
            gone.cancel()


async def _gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        continue


def _no_write(_: bytes) -> object:
    raise NotImplementedError("write() of WSGI")


class _Body(io.RawIOBase):
    """The body of a request, read from a thread: `wsgi.input` once it has a buffer."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._loop = loop
        self._rest = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer, as far as one message goes; 0 at the end, also where the client went away before it."""
        while not (self._rest or self._ended):
            message = _wait(self._receive(), self._loop)
            self._rest = memoryview(message.get("body", b""))
            self._ended = not message.get("more_body", False)
        target = memoryview(buffer).cast("B")
        taken = self._rest[: len(target)]
        target[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _wait(awaitable: Awaitable[Any], loop: asyncio.AbstractEventLoop) -> Any:
    """Wait in a thread for what happens in the loop."""

    async def done() -> Any:
        return await awaitable

    return asyncio.run_coroutine_threadsafe(done(), loop).result()
