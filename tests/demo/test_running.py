"""`idp demo`: one command that works, ends cleanly at any moment, and says in one line what is in its way."""

import os
import re
import resource
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.demo.running import Demo, Visitor, begin, listening, running
from tests.support.postgres import free_port
from tests.support.server import IDP

pytestmark = pytest.mark.slow

ELSEWHERE = {"IDP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "IDP_CONFIG": "/nonexistent", "IDP_ISSUER": "x"}


def code(demo: Demo, name: str) -> subprocess.CompletedProcess[str]:
    """`idp demo --totp NAME` for this demo's data."""
    environment = {**os.environ, "IDP_DATA_DIR": str(demo.directory)}
    return subprocess.run([IDP, "demo", "--totp", name], env=environment, capture_output=True, text=True, check=False)


def pasted(demo: Demo, words: str) -> str:
    """What the printed command with these words says, pasted into a terminal that knows no setting of ours."""
    line = next(line for line in demo.said.splitlines() if words in line).replace("USERNAME", "bram")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True).stdout


def login(demo: Demo, username: str) -> list[str]:
    """Log in at the sample application, and say which steps were asked."""
    visitor = Visitor(demo)
    try:
        visitor.log_in(demo.person(username))
        assert "Hello" in visitor.page.text
        return visitor.browser.steps
    finally:
        visitor.leave()


def processes_in(directory: Path) -> list[str]:
    """The command lines of all processes that run in this directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == directory and (line := (process / "cmdline").read_bytes()):
                found.append(line.replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_until(so: Callable[[], bool], what: str, seconds: float = 40) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_it_runs_ends_and_keeps_its_data(tmp_path: Path) -> None:
    """One table; logins work; Ctrl-C ends everything with exit code 0; a second run has the same people, keys and codes."""
    with running(tmp_path / "data", **ELSEWHERE) as demo:
        for words in (
            "http://127.0.0.1",
            "/account/",
            "/console/",
            "482915",
            "brood-en-boter-1",
            "JO4MBXVFW3V7MRN3UJH6P27WOLM5Z5WQ",
        ):
            assert words in demo.said
        assert login(demo, "anna") == ["password", "security_code"]
        assert re.fullmatch(r"\d{6}\n", pasted(demo, "demo --totp"))
        assert "Anna de Vries" in pasted(demo, "user list")
        assert demo.end() == 0
        assert demo.said.rstrip().endswith(f"Its data stays in {demo.directory}")
    assert not listening(demo.port)
    assert not listening(demo.sample_app_port)
    assert processes_in(demo.directory) == []
    kept = (demo.directory / "secrets.json").read_text()
    with running(tmp_path / "data") as again:
        assert login(again, "anna") == ["password", "security_code"]
        assert (demo.directory / "secrets.json").read_text() == kept
        assert again.end(signal.SIGTERM) == 0


def test_what_it_keeps_is_for_its_owner_only(tmp_path: Path) -> None:
    """Secrets, database and the filled-in file are readable for the owner alone, and so is the directory."""
    demo = begin(tmp_path / "data")
    try:
        wait_until((demo.directory / "clients.toml").exists, demo.said)
    finally:
        demo.end()
    for name in ("secrets.json", "idp.sqlite", "clients.toml"):
        assert stat.S_IMODE((demo.directory / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(demo.directory.stat().st_mode) == 0o700


def test_two_demos_side_by_side(tmp_path: Path) -> None:
    """With other ports and another directory a second demo disturbs nobody."""
    first, second = begin(tmp_path / "one"), begin(tmp_path / "two")
    try:
        for demo in (first, second):
            demo.wait_until_ready()
        assert login(first, "anna") == login(second, "anna")
        assert first.end() == 0
        assert login(second, "joost")[:2] == ["password", "set_up_totp"]
    finally:
        first.end()
        second.end()


def test_killed_it_takes_its_processes_with_it(tmp_path: Path) -> None:
    """After kill -9 nothing of the demo is left, and the next start works."""
    with running(tmp_path / "data") as demo:
        demo.end(signal.SIGKILL)
        wait_until(lambda: processes_in(demo.directory) == [], "processes outlive the demo")
        assert not listening(demo.port)
        assert not listening(demo.sample_app_port)
    with running(tmp_path / "data") as again:
        assert login(again, "anna") == ["password", "security_code"]


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("logs", signal.SIGINT),
        ("secrets.json", signal.SIGTERM),
        ("idp.sqlite", signal.SIGINT),
        ("clients.toml", signal.SIGTERM),
        ("logs/provider.log", signal.SIGINT),
    ],
)
def test_interrupted_in_the_middle_of_the_start(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    """Whenever it is interrupted, it ends without a traceback, leaves no process, and the data is whole or not there."""
    demo = begin(tmp_path / "data")
    wait_until((demo.directory / moment).exists, f"never came to {moment}")
    assert demo.end(number) == 130
    assert "Traceback" not in demo.said
    assert processes_in(demo.directory) == []
    if moment in {"secrets.json", "idp.sqlite"}:
        with running(tmp_path / "data") as again:
            assert login(again, "anna") == ["password", "security_code"]


def test_killed_in_the_middle_of_the_migration(tmp_path: Path) -> None:
    """Killed with -9 while the database is made: the next start makes it whole."""
    demo = begin(tmp_path / "data")
    wait_until((demo.directory / "idp.sqlite").exists, demo.said)
    demo.end(signal.SIGKILL)
    with running(tmp_path / "data") as again:
        assert login(again, "anna") == ["password", "security_code"]


# What is in its way


def refused(directory: Path, *, limit: int | None = None, settings: Mapping[str, str] = MappingProxyType({})) -> str:
    """The one line of a demo that does not start."""
    usual = {"IDP_PORT": str(free_port()), "IDP_SAMPLE_APP_PORT": str(free_port()), "IDP_DATA_DIR": str(directory)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    result = subprocess.run(
        [IDP, "demo"],
        env=kept | usual | dict(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert processes_in(directory) == []
    return result.stderr.strip()


@pytest.mark.parametrize("setting", ["IDP_PORT", "IDP_SAMPLE_APP_PORT"])
def test_a_port_in_use(tmp_path: Path, setting: str) -> None:
    """The line names the port and the setting that moves it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (
            refused(tmp_path / "data", settings={setting: str(port)})
            == f"Port {port} is in use; set {setting} to another one."
        )


def test_one_port_for_both(tmp_path: Path) -> None:
    """The provider and the sample application cannot share a port."""
    port = str(free_port())
    assert "both" in refused(tmp_path / "data", settings={"IDP_PORT": port, "IDP_SAMPLE_APP_PORT": port})


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """A file where the directory should be, or above it, is said."""
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "data"):
        line = refused(place)
        assert line.startswith(f"The directory {place} cannot be used (")
        assert line.count("\n") == 0


def test_two_demos_in_one_directory(tmp_path: Path) -> None:
    """The second says so, and the first goes on."""
    demo = begin(tmp_path / "data")
    try:
        wait_until((demo.directory / "secrets.json").exists, demo.said)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
        settings = {"IDP_PORT": str(free_port()), "IDP_SAMPLE_APP_PORT": str(free_port())}
        second = subprocess.run(
            [IDP, "demo", "--data-dir", demo.directory],
            env=kept | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert second.stderr == f"Another demo is running in {demo.directory}; see IDP_DATA_DIR.\n"
        assert demo.process.poll() is None
    finally:
        demo.end()


def test_no_room_for_files(tmp_path: Path) -> None:
    """Where files cannot grow one line says so; with room again the next start works."""
    for limit in (0, 100, 20_000):
        line = refused(tmp_path / "data", limit=limit)
        assert len(line.splitlines()) == 1
        assert str(tmp_path / "data") in line
    with running(tmp_path / "data") as again:
        assert login(again, "anna") == ["password", "security_code"]


def test_secrets_that_are_gone(tmp_path: Path) -> None:
    """A database without its secrets cannot be read: said, and nothing is overwritten."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "idp.sqlite").write_bytes(b"precious")
    assert "secrets.json is gone" in refused(directory)
    assert (directory / "idp.sqlite").read_bytes() == b"precious"


def test_a_database_that_is_none(tmp_path: Path) -> None:
    """A damaged database is one line."""
    directory = tmp_path / "data"
    demo = begin(directory)
    wait_until((directory / "secrets.json").exists, demo.said)
    demo.end()
    for part in directory.glob("idp.sqlite*"):
        part.unlink()
    (directory / "idp.sqlite").write_bytes(b"no database at all, but longer than a header" * 100)
    assert refused(directory) == f"The database {directory}/idp.sqlite cannot be used: file is not a database"


def test_codes_of_the_moment(tmp_path: Path) -> None:
    """--totp gives the code of a user or of a secret that a page shows; whatever else is one line."""
    demo = begin(tmp_path / "data")
    wait_until((demo.directory / "logs" / "provider.log").exists, demo.said)
    demo.end()
    assert re.fullmatch(r"\d{6}\n", code(demo, "BRAM").stdout)
    assert re.fullmatch(r"\d{6}\n", code(demo, "jbsw y3dp ehpk 3pxp").stdout)
    for name, why in (("anna", "anna has not set up"), ("nobody", "There is no user 'nobody'")):
        result = code(demo, name)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(why)
    nowhere = Demo(demo.process, tmp_path / "nowhere", 1, 2, demo.output)
    assert code(nowhere, "bram").stderr == f"There is no demo in {tmp_path}/nowhere; start one: make demo\n"
