"""Requests to addresses that clients registered: their keys, their logout endpoints. Nobody's way to our inside.

    url ─▶ https, no user name in it ─▶ its name is resolved once ─▶ every address public? ─▶ connect to that address
             │ no                                                        │ no                    ▼ TLS by the name
             └──────────────────────────▶ OutgoingFailed ◀───────────────┴── slow · large · no answer

A name is asked once and its answer is what is connected to, so that no second answer can lead elsewhere (DNS
rebinding). A name whose name service is silent holds up nobody else: it has a thread of its own. No redirect is
followed, no proxy of the environment is used, nothing compressed is unpacked. All of it, the name's resolution
included, is over within five seconds. Where the issuer itself is a loopback address, in development, http and loopback
addresses may be asked too; elsewhere never.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpcore

from idp.platform import settings
from idp.web.public_addresses import is_public

PATIENCE_SECONDS: Final = 5.0
MOST_BYTES: Final = 64 * 1024
MOST_NAMES: Final = 32
"""How many names one process resolves at a time."""
_USER_AGENT: Final = "informer-idp"


class OutgoingFailed(Exception):
    """There is no usable answer. Its text says why, for the log."""


def fetch(url: str) -> bytes:
    """What a GET answers with status 200, 64 kB at most. Raises `OutgoingFailed`."""
    status, body = _exchange("GET", url)
    if status != HTTPStatus.OK:
        raise OutgoingFailed(f"status {status}")
    return body


def post(url: str, form: Mapping[str, str]) -> int:
    """The status that a POST of this form is answered with. Raises `OutgoingFailed`."""
    return _exchange("POST", url, urlencode(form).encode("ascii"))[0]


def _exchange(method: str, url: str, content: bytes = b"") -> tuple[int, bytes]:
    development = settings.current().development
    _judge(url, development=development)
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", "Content-Length": str(len(content))}
    if content:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    headers["Host"] = urlsplit(url).netloc
    guard = _Guard(time.monotonic() + PATIENCE_SECONDS, development)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_trust(), network_backend=guard) as pool,
            pool.stream(method, url, headers=list(headers.items()), content=content) as answer,
        ):
            return answer.status, _read(answer.iter_stream())
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ValueError) as error:
        raise OutgoingFailed(f"{type(error).__name__}: {error}"[:200]) from None


def _judge(url: str, *, development: bool) -> None:
    try:
        parts = urlsplit(url)
        well_formed = bool(parts.hostname) and parts.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        well_formed = False
    if not well_formed or parts.username is not None or parts.scheme not in {"https", "http"}:
        raise OutgoingFailed("not an https address")
    if parts.scheme == "http" and not (development and settings.is_loopback(parts.hostname)):
        raise OutgoingFailed("http is for loopback addresses in development only")


def _read(stream: Iterable[bytes]) -> bytes:
    body = b""
    for some in stream:
        body += some
        if len(body) > MOST_BYTES:
            raise OutgoingFailed("more than 64 kB")
    return body


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that this machine trusts."""
    return ssl.create_default_context()


Addresses = list[IPv4Address | IPv6Address]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question to the name service, and since when (of the monotonic clock) it is open."""

    since: float
    answer: Future[Addresses] = field(default_factory=Future)


class _Names:
    """The names that are being resolved: each once, each in a thread of its own, so many in all."""

    def __init__(self) -> None:
        self._open: dict[str, _Asked] = {}
        self._changing = threading.Lock()

    def asked(self, host: str, port: int) -> _Asked:
        """The question for this name. Raises `OutgoingFailed` at once where waiting for it has been in vain."""
        with self._changing:
            asked = self._open.get(host)
            if asked is not None:
                _left(asked.since + PATIENCE_SECONDS)
                return asked
            if len(self._open) >= MOST_NAMES:
                raise OutgoingFailed("too many names are being resolved")
            asked = self._open[host] = _Asked(time.monotonic())
        threading.Thread(target=self._ask, args=(host, port, asked), name=f"resolve {host}", daemon=True).start()
        return asked

    def _ask(self, host: str, port: int, asked: _Asked) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            asked.answer.set_result([ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found])
        except (OSError, ValueError) as error:
            asked.answer.set_exception(error)
        finally:
            with self._changing:
                del self._open[host]


_names: Final = _Names()


@dataclass(frozen=True, slots=True)
class _Guard(httpcore.NetworkBackend):
    """Connects to public addresses only, and to nothing after `until` (of the monotonic clock)."""

    until: float
    development: bool

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, look at all that came, connect to the first of it that answers."""
        addresses = self._resolve(host, port)
        if not all(is_public(address) or (self.development and address.is_loopback) for address in addresses):
            raise OutgoingFailed("not a public address")
        backend, failures = httpcore.SyncBackend(), list[str]()
        for address in map(str, addresses):
            try:
                stream = backend.connect_tcp(address, port, _left(self.until), local_address, socket_options)
                return _InTime(stream, self.until)
            except httpcore.ConnectError as error:
                failures.append(str(error))
        raise OutgoingFailed(f"nobody answers: {'; '.join(failures)}"[:200])

    def _resolve(self, host: str, port: int) -> Addresses:
        return _names.asked(host, port).answer.result(timeout=_left(self.until))


@dataclass(frozen=True, slots=True)
class _InTime(httpcore.NetworkStream):
    """A connection of which every wait ends at the same moment, however slowly the other side drips."""

    stream: httpcore.NetworkStream
    until: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes."""
        return self.stream.read(max_bytes, _left(self.until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes."""
        self.stream.write(buffer, _left(self.until))

    def close(self) -> None:
        """The end."""
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same over TLS; the certificate must be that name's."""
        return _InTime(self.stream.start_tls(ssl_context, server_hostname, _left(self.until)), self.until)

    def get_extra_info(self, info: str) -> object:
        """What the connection says of itself."""
        return self.stream.get_extra_info(info)


def _left(until: float) -> float:
    """The seconds that are left; at least a moment, for none would mean for ever."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("too slow")
    return left
