"""The command line: `idp --help`.

Each command is a file of this package and one line in COMMANDS. The file is imported when the command is asked for, so that
`idp --help` costs what it prints, and works on an empty machine. A command that needs the application says
`@with_application`, one that only looks into the stores `@with_stores` (context.py); the settings are read only then.
Faults end a command with one line each on stderr and exit code 1.
"""

import gc
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import click

from idp import __version__
from idp.platform.errors import Fault, Misconfigured


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is, as "module:attribute", and what the list of all commands says of it."""

    place: str
    short_help: str

    def load(self) -> click.Command:
        """Import it."""
        module, _, attribute = self.place.partition(":")
        with _nothing_is_garbage():
            command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


COMMANDS: Final[Mapping[str, Command]] = {
    "demo": Command("idp.cli.demo:demo", "Start everything on this machine, to try it."),
    "serve": Command("idp.cli.serve:serve", "Serve, or say what is missing or unsafe."),
    "worker": Command("idp.cli.worker:worker", "Deliver mails, remove what is over, rotate keys."),
    "migrate": Command("idp.cli.migrate:migrate", "Bring the database to the newest schema."),
    "import": Command("idp.cli.import_:import_", "Create or update tenants, users and clients from a TOML FILE."),
    "check": Command("idp.cli.check:check", "Say whether everything that the settings name is usable."),
    "explain": Command("idp.cli.explain:explain", "Say which login steps USER would be asked now, and why."),
    "tenant": Command("idp.cli.tenant:tenant", "Tenants: list, show, disable, enable."),
    "user": Command("idp.cli.user:user", "Users: list, show, invite, disable, enable, reset."),
    "client": Command("idp.cli.client:client", "Applications: list, show, disable, enable, token."),
    "known-ip": Command("idp.cli.known_ip:known_ip", "Known-IP grants: list, revoke."),
    "keys": Command("idp.cli.keys:keys", "Keys: list, rotate, revoke, reseal, new-secret."),
    "outbox": Command("idp.cli.outbox:outbox", "What must still be sent, and what was given up: list, retry."),
    "routes": Command("idp.cli.routes:routes", "List every address: method, path, endpoint."),
    "shell": Command("idp.cli.shell:shell", "Open a Python shell inside the application."),
}


@contextmanager
def _nothing_is_garbage() -> Iterator[None]:
    """Spare the garbage collector what is imported here: it stays until the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class IdpGroup(click.Group):
    """The commands, imported when they are asked for, with faults said in one line each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name, if there is one."""
        found = COMMANDS.get(cmd_name)
        return found.load() if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the commands, and import none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].short_help) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Misconfigured as error:
            for line in error.faults:
                click.echo(line, err=True)
        except Fault as error:
            click.echo(error.detail, err=True)
        return ctx.exit(1)


@click.group(cls=IdpGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="idp")
def main() -> None:
    """Informer's identity provider.

    Settings come from the environment (IDP_ISSUER, IDP_DATABASE_URL, IDP_SECRET_KEYS, …) or from a TOML file named by
    IDP_CONFIG; the environment wins.
    """
