"""The examples of config/deployment/, run by the real programs on a loopback port; only places and ports are replaced.

Where a program is not installed its tests are skipped; `.ci/run` installs all of them on Debian.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.postgres import free_port
from tests.support.server import UP_WITHIN, stop, surroundings

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "config" / "deployment"
ASKS = "127.0.0.1:8000"
HOST = "login.example.com"

NGINX = """
daemon off;
{user}
pid {place}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/example;
}}
"""
APACHE_MODULES = (
    *("mpm_event", "authz_core", "ssl", "socache_shmcb", "headers", "proxy", "proxy_http", "unique_id", "reqtimeout"),
    "rewrite",
)
APACHE = """
ServerRoot {place}
PidFile {place}/pid
ErrorLog {place}/error.log
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
Define APACHE_RUN_DIR {place}
{modules}
{user}
Include {place}/example
"""


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of proxy. `replaced`: what of the example says `port` and is not the same in all of them."""

    name: str
    example: str
    replaced: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    around: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


PROGRAMS: Sequence[Program] = (
    Program(
        "nginx",
        "nginx.conf",
        (("listen 443 ", "listen 127.0.0.1:{port} "),),
        ("-e", "stderr", "-c", "{place}/main"),
        NGINX,
    ),
    Program("apache2", "apache.conf", (("*:443", "127.0.0.1:{port}"),), ("-f", "{place}/main", "-DFOREGROUND"), APACHE),
    Program("haproxy", "haproxy.cfg", (("bind :443", "bind 127.0.0.1:{port}"),), ("-db", "-f", "{place}/example")),
    Program(
        "caddy",
        "Caddyfile",
        (
            (f"\n{HOST} {{", "\nhttps://localhost:{port} {{\n\tbind 127.0.0.1"),
            ("\n{{", "\n{{\n\tadmin off\n\tauto_https disable_redirects"),
        ),
        ("run", "--adapter", "caddyfile", "--config", "{place}/example"),
        variables={"XDG_DATA_HOME": "{place}", "XDG_CONFIG_HOME": "{place}"},
    ),
)


@contextmanager
def running(program: Program, upstream_port: int, place: Path) -> Iterator[str]:
    """Run it before that port; `place` has its certificate and key. The block gets its address."""
    path = shutil.which(program.name) or shutil.which(program.name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program.name} is not installed")
    port = free_port()
    values = {
        "place": place,
        "port": port,
        "modules": "\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in APACHE_MODULES
        ),
        "user": _user(program),
    }
    (place / "example").write_text(_here(program, values, upstream_port))
    (place / "main").write_text(program.around.format_map(values))
    command = [path, *(part.format_map(values) for part in program.command)]
    variables = {name: value.format_map(values) for name, value in program.variables.items()}
    with started(command, port, place, variables):
        yield f"https://localhost:{port}"


@contextmanager
def go_proxy(upstream_port: int, place: Path) -> Iterator[str]:
    """Run the proxy of Go's standard library."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed")
    port, binary = free_port(), place / "reverse_proxy"
    subprocess.run([go, "build", "-o", binary, Path(__file__).with_name("reverse_proxy.go")], check=True, timeout=300)
    with started([str(binary), f"127.0.0.1:{port}", f"http://127.0.0.1:{upstream_port}"], port, place):
        yield f"http://localhost:{port}"


@contextmanager
def started(command: Sequence[str], port: int, place: Path, variables: Mapping[str, str] = {}) -> Iterator[None]:
    """Run a program that listens, until the block ends."""
    log = place / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**surroundings(), **variables}, cwd=place, stdout=output, stderr=output
        )
    try:
        _listens(port, process, log)
        yield
    finally:
        stop(process)


def _here(program: Program, values: Mapping[str, object], upstream_port: int) -> str:
    """The example, with our places instead of an operator's; each of them is in it."""
    text = (EXAMPLES / program.example).read_text()
    place = values["place"]
    paths = [
        (ASKS, f"127.0.0.1:{upstream_port}"),
        (f"/etc/ssl/{HOST}", f"{place}/server"),
        ("/etc/ssl/client-ca.pem", f"{place}/ca.pem"),
    ]
    for old, new in [*paths, *((old.replace("{{", "{"), new.format_map(values)) for old, new in program.replaced)]:
        assert old in text, f"{program.example} has no {old!r}"
        text = text.replace(old, new, 1) if old.startswith("\n") else text.replace(old, new)
    return text


def _user(program: Program) -> str:
    """As root, either would serve as a user who may not read the places of tests."""
    if os.geteuid() != 0:
        return ""
    return "user root;" if program.name == "nginx" else "User www-data\nGroup www-data"


def _listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody can connect."""
    deadline = time.monotonic() + UP_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
