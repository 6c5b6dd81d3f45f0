"""A TCP relay on loopback that keeps what clients send, byte for byte.

with Recorder(port) as recorder:
    …                          through recorder.port
    recorder.newest()          [(b"Host", b"…"), …]: the headers of the newest request, with the names that were sent
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import Self

_HEAD = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) [^\r\n]+ HTTP/1\.[01]\r\n(.*?)\r\n\r\n", re.DOTALL)


class Recorder:
    """One listening port that forwards to another."""

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._listener.getsockname()[1]
        self._sent = bytearray()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._sent.clear()

    def newest(self) -> list[tuple[bytes, bytes]]:
        """The headers of the newest request."""
        with self._lock:
            heads = _HEAD.findall(bytes(self._sent))
        lines = heads[-1].split(b"\r\n")
        return [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self.to_port), timeout=60) as far:
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            with suppress(OSError):
                while taken := near.recv(65536):
                    with self._lock:
                        self._sent += taken
                    far.sendall(taken)
            with suppress(OSError):
                far.shutdown(socket.SHUT_WR)
            back.join(60)


def _pump(far: socket.socket, near: socket.socket) -> None:
    with suppress(OSError):
        while taken := far.recv(65536):
            near.sendall(taken)
    with suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)
