"""`make dev`: the provider is made anew when a file changes, on this machine only, without a debugger in a page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from idp.demo import reloading
from tests.demo.running import listening
from tests.support.postgres import free_port

pytestmark = pytest.mark.slow


@contextmanager
def reloaded(directory: Path, port: int, **settings: str) -> Iterator[Path]:
    """The provider under the reloader, which also watches this directory; its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    environment |= {"PYTHONPATH": str(directory), **{f"IDP_{name}": value for name, value in settings.items()}}
    output = directory / "output.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", reloading.__file__, str(port)],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=directory,
            start_new_session=True,
        )
    try:
        yield output
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_until(so: Callable[[], bool], output: Path) -> None:
    deadline = time.monotonic() + 120
    while not so():
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)


def answered(port: int, path: str) -> int | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=60).status_code
    except httpx.HTTPError:
        return None


def test_a_changed_file_is_served(tmp_path: Path) -> None:
    """After a change of a Python file the application is made anew and answers again."""
    port, watched = free_port(), tmp_path / "watched.py"
    watched.write_text("")
    settings = {
        "ISSUER": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{tmp_path}/idp.sqlite",
        "SECRET_KEYS": "ab" * 32,
    }
    with reloaded(tmp_path, port, **settings) as output:
        wait_until(lambda: answered(port, "/healthz") == 200, output)
        os.utime(watched, (1, time.time() + 10))
        wait_until(lambda: output.read_text().count("Restarting with") == 2, output)
        wait_until(lambda: answered(port, "/healthz") == 200, output)
    assert not listening(port)


def test_what_cannot_be_made_says_why(tmp_path: Path) -> None:
    """A fault is a page in plain text, and the reloader goes on waiting for the file that mends it."""
    port = free_port()
    with reloaded(tmp_path, port) as output:
        wait_until(lambda: answered(port, "/") == 500, output)
        page = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        assert page.headers["content-type"] == "text/plain; charset=utf-8"
        assert "IDP_ISSUER" in page.text
        assert "127.0.0.1" in output.read_text()
        assert "0.0.0.0" not in output.read_text()


def test_templates_and_translations_are_watched() -> None:
    """Not only Python files."""
    ends = {Path(file).suffix for file in reloading.files()}
    assert {".html", ".po", ".css", ".js"} <= ends
    assert any(file.endswith("templates/login/password.html") for file in reloading.files())
