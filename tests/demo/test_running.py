"""`idp demo`: one command that works, ends cleanly at any moment, and says in one line what is in its way."""

import logging
import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from tests.demo.running import Demo, begin, listening, login, running
from tests.support.postgres import free_port
from tests.support.server import IDP

pytestmark = pytest.mark.slow

ELSEWHERE = {"IDP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "IDP_CONFIG": "/nonexistent", "IDP_ISSUER": "x"}


def pasted(demo: Demo, words: str) -> str:
    """What the printed command with these words says, pasted into a terminal that knows no setting of ours."""
    line = next(line for line in demo.said.splitlines() if words in line).replace("USERNAME", "bram")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True).stdout


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
    """One table; logins work; Ctrl-C ends everything with exit code 0; a second run has the same people, keys and codes.

    After kill -9 nothing of it is left, and the next start works; while it runs no other one may use its directory.
    """
    with running(tmp_path / "data", **ELSEWHERE) as demo:
        for words in (
            "http://127.0.0.1",
            "/account/",
            "/console/",
            "482915",
            "brood-en-boter-1",
            "JO4MBXVFW3V7MRN3UJH6P27WOLM5Z5WQ",
            "IDP_HOST=localhost",
        ):
            assert words in demo.said
        assert refused(demo.directory) == f"Another demo is running in {demo.directory}; see IDP_DATA_DIR."
        assert login(demo, "anna") == ["password", "security_code"]
        assert re.fullmatch(r"\d{6}\n", pasted(demo, "demo --totp"))
        assert "Anna de Vries" in pasted(demo, "user list")
        assert demo.end() == 0
        assert demo.said.rstrip().endswith(f"Its data stays in {demo.directory}")
    assert nothing_is_left(demo)
    kept = (demo.directory / "secrets.json").read_text()
    with running(tmp_path / "data") as again:
        assert login(again, "anna") == ["password", "security_code"]
        assert (demo.directory / "secrets.json").read_text() == kept
        again.end(signal.SIGKILL)
        wait_until(lambda: processes_in(demo.directory) == [], "processes outlive the demo")
    assert nothing_is_left(again)
    with running(tmp_path / "data") as third:
        assert login(third, "anna") == ["password", "security_code"]
        assert third.end(signal.SIGTERM) == 0


def test_whatever_comes_between_the_next_start_makes_it_whole(tmp_path: Path) -> None:
    """No room for a file, killed while the database is made, interrupted: one line or none, no process, no traceback."""
    directory = tmp_path / "data"
    no_room(directory, 0)
    no_room(directory, 100)
    killed = begin(directory)
    wait_until(killed.directory.joinpath("idp.sqlite").exists, killed.said)
    killed.end(signal.SIGKILL)
    wait_until(lambda: processes_in(directory) == [], "processes outlive the demo")
    no_room(directory, 20_000)
    interrupt(directory, "clients.toml", signal.SIGTERM)
    interrupt(directory, "logs/provider.log", signal.SIGINT)
    with running(directory) as demo:
        assert login(demo, "anna") == ["password", "security_code"]


def interrupt(directory: Path, moment: str, number: signal.Signals) -> Demo:
    """Interrupt a start as soon as this file is made."""
    (directory / moment).unlink(missing_ok=True)
    demo = begin(directory)
    wait_until((directory / moment).exists, f"never came to {moment}")
    assert demo.end(number) == 130
    assert "Traceback" not in demo.said
    assert processes_in(directory) == []
    return demo


def nothing_is_left(demo: Demo) -> bool:
    """Nobody answers, and no process runs."""
    return not (listening(demo.port) or listening(demo.sample_app_port) or processes_in(demo.directory))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a demo that was interrupted as soon as it had its secrets: what it had begun is whole."""
    directory = tmp_path_factory.mktemp("interrupted") / "data"
    interrupt(directory, "secrets.json", signal.SIGINT)
    return directory


def test_what_it_keeps_is_for_its_owner_only(interrupted: Path) -> None:
    """Secrets, database and the filled-in file are readable for the owner alone, and so is the directory."""
    for name in ("secrets.json", "idp.sqlite", "clients.toml"):
        assert stat.S_IMODE((interrupted / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(interrupted.stat().st_mode) == 0o700


def test_codes_of_the_moment(interrupted: Path, tmp_path: Path) -> None:
    """--totp gives the code of a user or of a secret that a page shows; whatever else is one line."""
    for name in ("BRAM", "jbsw y3dp ehpk 3pxp"):
        assert re.fullmatch(r"\d{6}\n", here(interrupted, "--totp", name).stdout)
    for name, why in (("anna", "anna has not set up"), ("nobody", "There is no user 'nobody'")):
        result = here(interrupted, "--totp", name)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(why)
    nowhere = here(tmp_path / "nowhere", "--totp", "bram")
    assert nowhere.stderr == f"There is no demo in {tmp_path}/nowhere; start one: make demo\n"


# What is in its way


def here(directory: Path, *arguments: str, **settings: str) -> Result:
    """`idp demo` in this process, of which it keeps nothing: for whatever ends before a database is begun."""
    variables, level = dict(os.environ), logging.getLogger().level
    os.environ |= {"IDP_PORT": str(free_port()), "IDP_SAMPLE_APP_PORT": str(free_port()), **settings}
    try:
        return CliRunner().invoke(main, ["demo", "--data-dir", str(directory), *arguments])
    finally:
        os.environ.clear()
        os.environ |= variables
        logging.getLogger().setLevel(level)


def refused(directory: Path, **settings: str) -> str:
    """The one line of a demo that does not start."""
    result = here(directory, **settings)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.exception
    return result.stderr.strip()


def no_room(directory: Path, limit: int) -> None:
    """A demo whose files cannot grow any larger says so in one line."""
    result = subprocess.run(
        [IDP, "demo"],
        env={
            **os.environ,
            "IDP_PORT": str(free_port()),
            "IDP_SAMPLE_APP_PORT": str(free_port()),
            "IDP_DATA_DIR": str(directory),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert result.returncode == 1, result.stdout + result.stderr
    (line,) = result.stderr.splitlines()
    assert str(directory) in line
    assert processes_in(directory) == []


@pytest.mark.parametrize("setting", ["IDP_PORT", "IDP_SAMPLE_APP_PORT"])
def test_a_port_in_use(tmp_path: Path, setting: str) -> None:
    """The line names the port and the setting that moves it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (
            refused(tmp_path / "data", **{setting: str(port)})
            == f"Port {port} is in use; set {setting} to another one."
        )


def test_one_port_for_both(tmp_path: Path) -> None:
    """The provider and the sample application cannot share a port."""
    port = str(free_port())
    assert "both" in refused(tmp_path / "data", IDP_PORT=port, IDP_SAMPLE_APP_PORT=port)


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """A file where the directory should be, or above it, is said."""
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "data"):
        line = refused(place)
        assert line.startswith(f"The directory {place} cannot be used (")
        assert line.count("\n") == 0


def test_secrets_that_are_gone(tmp_path: Path) -> None:
    """A database without its secrets cannot be read: said, and nothing is overwritten."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "idp.sqlite").write_bytes(b"precious")
    assert "secrets.json is gone" in refused(directory)
    assert (directory / "idp.sqlite").read_bytes() == b"precious"


def test_a_database_that_is_none(interrupted: Path, tmp_path: Path) -> None:
    """A damaged database is one line."""
    directory = shutil.copytree(interrupted, tmp_path / "data")
    for part in directory.glob("idp.sqlite*"):
        part.unlink()
    (directory / "idp.sqlite").write_bytes(b"no database at all, but longer than a header" * 100)
    assert refused(directory) == f"The database {directory}/idp.sqlite cannot be used: file is not a database"
    assert processes_in(directory) == []
