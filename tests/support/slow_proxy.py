"""A TCP proxy on loopback between the product and a store, that can fall silent or cut.

with SlowProxy(port) as proxy:
    proxy.hang()      accepts and swallows, never answers           proxy.flow()   answers again
    proxy.cut()       every connection of this moment ends
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Self


class SlowProxy:
    """One listening port that forwards to another."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def hang(self) -> None:
        """Fall silent: bytes are taken and go nowhere until `flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        """Forward again. What was swallowed stays swallowed with its connection."""
        self.cut()
        self._flowing.set()

    def cut(self) -> None:
        """End every connection that is open now."""
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in list(self._threads):
            thread.join(timeout=300)

    def _spawn(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._spawn(self._carry, near)

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._to_port), timeout=60) as far:
            with self._lock:
                self._open |= {near, far}
            try:
                self._pump(near, far)
            finally:
                with self._lock:
                    self._open -= {near, far}

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        while True:
            for source in select.select(list(other), [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                if self._flowing.is_set():
                    other[source].sendall(data)
