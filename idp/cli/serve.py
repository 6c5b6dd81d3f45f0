"""`idp serve`: the production server.

    check settings, database, schema, keys, port ── a fault? one line each, exit 1
      │
      └─▶ granian ─▶ N worker processes, each makes its own application ─▶ its gateway ─▶ threads that answer
            │          killed or crashed: another takes its place
            └─ SIGTERM, SIGINT: no new connections, open requests are answered (30 s), exit 0
               SIGHUP: workers are replaced one after another; the old one closes each connection with its next answer

Nothing is shared between workers but the database, Redis and the files that /metrics adds up.
"""

import atexit
import ctypes
import errno
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from idp.app import create_app
from idp.cli import probes
from idp.cli.context import database_faults
from idp.oidc.signing_keys import keyring
from idp.platform.errors import Misconfigured
from idp.platform.extensions import db
from idp.platform.settings import Settings
from idp.web import input_limits, logs
from idp.web.gateway import Gateway
from idp.web.metrics import MULTIPROCESS_VARIABLE

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

THREADS: Final = 24
OPEN_CONNECTIONS: Final = 4096
"""Of one worker; further ones wait. A connection costs a file and some kilobytes, a silent one for ten seconds only."""
OTHER_FILES: Final = 256
DRAIN_SECONDS: Final = 30
HEADER_MILLISECONDS: Final = 10_000
MOST_HEADER_BYTES: Final = 64 * 1024
RESPAWNS: Final = 30
WITHIN_SECONDS: Final = 60
PR_SET_PDEATHSIG: Final = 1
READY_LOOK_SECONDS: Final = 0.1
FAREWELL_SECONDS: Final = 1.0


class Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT; an IPv6 host stands in brackets."""

    name = "HOST:PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Take the two apart."""
        host, colon, port = str(value).rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):  # noqa: PLR2004
            self.fail(f"{value!r} is not HOST:PORT, for example 127.0.0.1:8000", param, ctx)
        return host.strip("[]"), int(port)


@click.command(short_help="Serve, or say what is missing or unsafe.")
@click.option("--bind", type=Address(), default="127.0.0.1:8000", show_default=True, help="Where to listen.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    envvar="WEB_CONCURRENCY",
    default=lambda: os.cpu_count() or 1,
    show_default="one for each CPU",
    help="How many processes.",
)
@database_faults()
def serve(bind: tuple[str, int], workers: int) -> None:
    """Serve; refuse to start, with one clear line per fault, on a missing or unsafe setting."""
    if faults := [*_faults_of_settings_and_stores(), *_faults_of_port(*bind)]:
        raise Misconfigured(*faults)
    logs.configure()
    logs.take_over()
    _allow_files(OPEN_CONNECTIONS + OTHER_FILES)
    _warn_of_proxies(Settings.load())
    with _shared_metrics():
        _server(*bind, workers).serve(target_loader=application, wrap_loader=False)


def application(ready: "Event | None" = None) -> Gateway:
    """Make the application of one worker, and say when it is ready to listen."""
    logs.configure()
    logs.take_over()
    _end_with_parent()
    app = create_app(Settings.load())
    keyring.warm(app)
    leaving = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: leaving.set())
    if ready:
        ready.set()
    atexit.register(os._exit, 0)  # Python's finalisation would stop a thread of granian's inside Rust, which aborts
    return Gateway(closing_when(leaving, app), THREADS, partial(input_limits.most_body_bytes, app))


def closing_when(leaving: threading.Event, app: "WSGIApplication") -> "WSGIApplication":
    """Say `Connection: close` on every answer from the moment that `leaving` is set (RFC 9112 section 9.6).

    A connection that is closed without a word may be closed at the very moment when its client sends the next request.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            farewell = [("Connection", "close")] if leaving.is_set() else []
            return start_response(status, headers + farewell, *exc_info)

        return app(environ, start)

    return answer


def _faults_of_settings_and_stores() -> list[str]:
    """Look with an application of our own, whose connections are closed before any worker is made."""
    try:
        app = create_app(Settings.load())
    except Misconfigured as error:
        return list(error.faults)
    with app.app_context():
        try:
            return [finding.reason for finding in probes.to_serve() if not finding.ok]
        finally:
            db.session.remove()
            db.engine.dispose()


def _warn_of_proxies(settings: Settings) -> None:
    """Say it where every client would have the proxy's address: one person's known IP would be everybody's."""
    if not (settings.trusted_proxies or settings.development):
        logs.log.warning("trusted proxies", reason=probes.NO_PROXIES, setting="IDP_TRUSTED_PROXIES")


def _faults_of_port(host: str, port: int) -> list[str]:
    """Try the port: granian itself would silently share it with another granian."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return [f"--bind: port {port} is in use on {host}"]
        return [f"--bind: {host}:{port} cannot be used: {error.strerror or error}"]
    return []


class Server(MPServer):
    """Granian, with three things of ours.

    It gives up after two quick crashes of one worker; we only do where crashing is all that happens. It stops a worker
    an interval after it started the next one, which by then may still be loading; ours is ready first. And it closes the
    connections of that worker without a word; ours is told first (SIGHUP), and has the interval to say so to its clients.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Remember when workers were replaced."""
        super().__init__(*args, **options)
        self._replaced: deque[float] = deque(maxlen=RESPAWNS)
        self._old_ones_serve = False
        self._serving: dict[int, tuple[Any, Event]] = {}

    def _spawn_worker(self, idx: Any, target: Any, callback_loader: Any) -> Any:  # type: ignore[override]
        """Make a worker; while old ones serve, its start lasts until it is ready, or has failed."""
        ready = multiprocessing.Event()
        worker: Any = super()._spawn_worker(idx, target, partial(callback_loader, ready))
        worker.start = partial(self._start, idx, worker, worker.start, ready)
        return worker

    def _start(self, idx: int, worker: Any, start: Callable[[], None], ready: "Event") -> None:
        start()
        while self._old_ones_serve and not ready.wait(READY_LOOK_SECONDS) and worker.is_alive():
            continue
        old, old_is_ready = self._serving.get(idx, (None, ready))
        if self._old_ones_serve and old_is_ready.is_set() and old.is_alive():
            os.kill(old.inner.pid, signal.SIGHUP)
        self._serving[idx] = worker, ready

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        self._old_ones_serve = delay > 0
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        now = time.monotonic()
        self._replaced.append(now)
        if len(self._replaced) < RESPAWNS or now - self._replaced[0] > WITHIN_SECONDS:
            self.respawned_wrks.clear()


def _server(host: str, port: int, workers: int) -> Server:
    multiprocessing.set_start_method("spawn", force=True)
    return Server(
        "idp.cli.serve:application",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,  # a connection that says nothing has a limit of time there, and in HTTP/2 none
        workers=workers,
        backpressure=_open_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=MOST_HEADER_BYTES),
        websockets=False,
        log_level=LogLevels.info,
        log_dictconfig=logs.for_granian(),
        log_access=False,
        respawn_failed_workers=True,
        respawn_interval=FAREWELL_SECONDS,
        workers_kill_timeout=DRAIN_SECONDS,
    )


def _allow_files(wanted: int) -> None:
    """Raise this process's limit of open files, which workers inherit, as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _open_connections() -> int:
    """How many connections a worker takes: fewer where it may not open so many files, or it would take one and fail."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = OPEN_CONNECTIONS if soft == resource.RLIM_INFINITY else soft - OTHER_FILES
    return max(1, min(OPEN_CONNECTIONS, room))


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """Give the workers a directory for the numbers that /metrics adds up."""
    if MULTIPROCESS_VARIABLE in os.environ:
        yield
        return
    directory = tempfile.mkdtemp(prefix="idp-metrics-")
    os.environ[MULTIPROCESS_VARIABLE] = directory
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _end_with_parent() -> None:
    """Ask Linux to end this worker when its parent is killed: an orphan would hold the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
