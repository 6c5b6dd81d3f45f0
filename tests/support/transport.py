"""HTTP into an application in this process, byte for byte as a server would hand it on.

Each request runs in a context of its own, so a test that holds an application context open shares nothing with it.
"""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx
from flask import Flask


class AppTransport(httpx.BaseTransport):
    """Answers requests from `app`; they seem to come from `address`, which a test may change.

    The extension "query" of a request is a query that no well-behaved client would send, as bytes; "parts" is how many
    parts of a long answer are read before the client hangs up.
    """

    def __init__(self, app: Flask, address: str) -> None:
        self.app = app
        self.address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer."""
        return contextvars.Context().run(self._answer, request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answer.update(status=int(status.split(" ", 1)[0]), headers=headers)
            return lambda data: None

        parts = self.app.wsgi_app(self._environ(request), start_response)
        try:
            body = b"".join(islice(parts, request.extensions.get("parts")))
        finally:
            _close(parts)
        return httpx.Response(answer["status"], headers=answer["headers"], content=body, request=request)

    def _environ(self, request: httpx.Request) -> dict[str, Any]:
        body = request.read()
        path, _, query = request.url.raw_path.partition(b"?")
        query = request.extensions.get("query", query)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": request.url.host,
            "SERVER_PORT": str(request.url.port or {"https": 443}.get(request.url.scheme, 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": request.url.scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.raw:
            key = name.decode("latin-1").upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
        return environ


def _close(parts: Iterable[bytes]) -> None:
    close = getattr(parts, "close", None)
    if close:
        close()
