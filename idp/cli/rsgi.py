"""What stands between granian and the application: a thread is taken only when the request is whole.

    head ─▶ does its address take a body? ─ no ─▶ the application says 404 or 405, or answers without the body
              │ yes
              ▼
            the event loop awaits the body ─ too large, too slow, no room ─▶ the application says 413, 408, 503
              │ whole
              ▼
            one of the threads ─▶ the application (WSGI, PEP 3333) ─▶ the answer, in one piece

Granian's own WSGI lets a thread wait for the body, without a limit of time: as many clients as there are threads, each
of which begins a form and says no more, and nobody else is answered. Its RSGI (the interface that this file implements,
https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md) shows the head first, and header names as they
were sent: WSGI makes `-` and `_` one, so a name with `_` could pass for another and is left out (RFC 9110 section 17.10).
"""

import asyncio
import atexit
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout, ServiceUnavailable

from idp.web.input_limits import REFUSED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from granian.rsgi import Scope

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

MostBytes = Callable[[str, str, str], int | None]
"""How large a body may be, by method, path and content type; None where none is taken."""


class HTTPProtocol(Protocol):
    """What is used of granian's: it brings the body, and takes the answer, from any thread."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Bring the body, as it comes, and nothing at its end or where it breaks off. Once."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Take the answer."""


class WholeRequests:
    """An RSGI application that gives whole requests to a WSGI application, in so many threads."""

    def __init__(self, app: "WSGIApplication", most_bytes: MostBytes, threads: int) -> None:
        """Wrap `app`."""
        self._app = app
        self._most_bytes = most_bytes
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._held = 0

    async def __rsgi__(self, scope: "Scope", protocol: HTTPProtocol) -> None:
        """Answer one request."""
        if not {"content-length", "transfer-encoding"}.intersection(scope.headers.keys()):
            await self._answer(scope, protocol, b"")
            return
        most = self._most_bytes(scope.method, scope.path, scope.headers.get("content-type", ""))
        if most is None:
            await self._answer(scope, protocol, b"")
            await _linger(scope, aiter(protocol))
            return
        await self._answer_with_body(scope, protocol, most)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End this process: every request is answered.

        Granian's threads may be just ending; Python's finalisation would stop one inside Rust, which aborts the process.
        """
        self._threads.shutdown()
        atexit._run_exitfuncs()  # noqa: SLF001 - what `os._exit` leaves out
        os._exit(0)

    async def _answer_with_body(self, scope: "Scope", protocol: HTTPProtocol, most: int) -> None:
        body, chunks = bytearray(), aiter(protocol)
        try:
            refused = await self._receive(body, chunks, _declared(scope), most)
            await self._answer(scope, protocol, b"" if refused else bytes(body), refused)
            if refused and not isinstance(refused, RequestTimeout):
                await _linger(scope, chunks)
        finally:
            self._held -= len(body)

    async def _receive(
        self, body: bytearray, chunks: AsyncIterator[bytes], declared: int, most: int
    ) -> HTTPException | None:
        """Fill `body`; or say why not."""
        if declared > most:
            return RequestEntityTooLarge()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout_at(began + FIRST_SECONDS) as deadline:
                while chunk := await anext(chunks):
                    body += chunk
                    self._held += len(chunk)
                    if len(body) > most:
                        return RequestEntityTooLarge()
                    if len(body) > SMALL_BYTES and self._held > ROOM_BYTES:
                        return ServiceUnavailable()
                    deadline.reschedule(began + patience(len(body)))
        except TimeoutError:
            return RequestTimeout()
        return None

    async def _answer(
        self, scope: "Scope", protocol: HTTPProtocol, body: bytes, refused: HTTPException | None = None
    ) -> None:
        environ = _environ(scope, body)
        if refused:
            environ[REFUSED] = refused
        await asyncio.get_running_loop().run_in_executor(self._threads, self._run, environ, protocol)

    def _run(self, environ: "WSGIEnvironment", protocol: HTTPProtocol) -> None:
        """Run the WSGI application in this thread (PEP 3333). A body that was refused ends its connection."""
        status, headers = 500, list[tuple[str, str]]()

        def start_response(told: str, given: list[tuple[str, str]], *_exc_info: Any) -> Any:
            nonlocal status, headers
            status, headers = int(told.partition(" ")[0]), given

        answer = self._app(environ, start_response)
        try:
            content = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        if REFUSED in environ:
            headers = [*headers, ("Connection", "close")]
        protocol.response_bytes(status, headers, content)


def patience(received: int) -> float:
    """The seconds within which a body of which so many bytes came must be whole, or come on."""
    return min(FIRST_SECONDS + received / BYTES_A_SECOND, LONGEST_SECONDS)


def _declared(scope: "Scope") -> int:
    """The length that the client announced; 0 without one. Granian has refused what is no number, and different ones."""
    return int(scope.headers.get("content-length", "0").partition(",")[0])


async def _linger(scope: "Scope", chunks: AsyncIterator[bytes]) -> None:
    """Let the rest of a body come for a moment, and forget it.

    To close on unread bytes is to reset the connection, and the client may lose the answer (RFC 9112 section 9.6). A
    client that waits to be told to go on sends nothing (RFC 9110 section 10.1.1).
    """
    if "expect" in scope.headers:
        return
    came = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while came < LINGER_BYTES and (chunk := await anext(chunks)):
                came += len(chunk)


def _environ(scope: "Scope", body: bytes) -> "WSGIEnvironment":
    """The request as WSGI describes it, the body whole, so that its length is known."""
    host, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope.path),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    if content_type := scope.headers.get("content-type"):
        environ["CONTENT_TYPE"] = content_type
    for name, value in scope.headers.items():
        if "_" in name or name in {"content-type", "content-length", "transfer-encoding"}:
            continue
        key = f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]}{';' if name == 'cookie' else ','}{value}" if key in environ else value
    return environ


def _path(path: str) -> str:
    """The bytes of the path as WSGI has them. Granian has put U+FFFD for what is no UTF-8: it stays what it was, wrong."""
    return path.encode().replace("\N{REPLACEMENT CHARACTER}".encode(), b"\xff").decode("latin-1")
