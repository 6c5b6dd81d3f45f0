"""An application's own web server, on loopback: it publishes a key set at its `jwks_uri`.

with KeyHost() as host:
    host.keys = [key.as_dict(private=False)]      what it says
    host.body = b"…"                              or these bytes
    host.status, host.asked                       how it answers, how often it was asked
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class KeyHost:
    """Serves until the block ends."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.body: bytes | None = None
        self.status = 200
        self.asked = 0
        self.busy = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """The `jwks_uri`."""
        return f"http://127.0.0.1:{self._server.server_port}/keys"

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=300)


def _handler(host: KeyHost) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked += 1
            host.busy.set()
            host.may_answer.wait(timeout=300)
            body = json.dumps({"keys": host.keys}).encode() if host.body is None else host.body
            self.send_response(host.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
