"""A server of somebody else's, on a real socket: it does with each connection what the test says.

with peer(says(OK)) as books:
    books.url                           # http://127.0.0.1:…
    books.heard                         # the requests that came, as bytes; `books.forms` what was posted
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl

Handle = Callable[[socket.socket], None]


class Peer:
    """Something that listens on loopback and does with a connection what the test says. `heard`: what it was sent."""

    def __init__(self, handle: Handle) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/keys?of=us"
        self.heard: list[bytes] = []
        self._handle = handle
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.heard.append(_whole_request(connection))
                try:
                    self._handle(connection)
                except OSError:
                    continue

    @property
    def forms(self) -> list[dict[str, str]]:
        """What was posted, in order."""
        return [dict(parse_qsl(request.partition(b"\r\n\r\n")[2].decode())) for request in self.heard]

    def close(self) -> None:
        """Stop listening."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(timeout=300)


def _whole_request(connection: socket.socket) -> bytes:
    heard = connection.recv(65536)
    head, _, body = heard.partition(b"\r\n\r\n")
    (length,) = re.findall(rb"Content-Length: (\d+)", head)
    while len(body) < int(length):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def peer(handle: Handle) -> Iterator[Peer]:
    """A peer until the block ends."""
    made = Peer(handle)
    try:
        yield made
    finally:
        made.close()


def says(answer: bytes) -> Handle:
    """Answers with these bytes."""
    return lambda connection: connection.sendall(answer)
