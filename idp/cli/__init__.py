"""The command line: `idp --help`.

Each command is a file of this package and one line in COMMANDS. A command that needs the application says
`@with_appcontext`; the settings are read only then, so that `idp --help` works on an empty machine. Faults end a command
with one line each on stderr and exit code 1.
"""

import re

import click
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy.exc import DBAPIError

from idp import create_app
from idp.cli.check import check
from idp.cli.client import client
from idp.cli.demo import demo
from idp.cli.explain import explain
from idp.cli.grants import grants
from idp.cli.import_ import import_
from idp.cli.keys import keys
from idp.cli.migrate import migrate
from idp.cli.outbox import outbox
from idp.cli.routes import routes
from idp.cli.serve import serve
from idp.cli.shell import shell
from idp.cli.tenant import tenant
from idp.cli.user import user
from idp.cli.worker import worker
from idp.database import first_line
from idp.errors import Fault, Misconfigured
from idp.settings import Settings
from idp.version import __version__

NOT_THERE = re.compile(r"no such (table|column)|(relation|column) \S+ does not exist")
"""How SQLite and PostgreSQL say that the schema is older than the program."""

COMMANDS: tuple[click.Command, ...] = (
    demo,
    serve,
    worker,
    migrate,
    import_,
    check,
    explain,
    tenant,
    user,
    client,
    grants,
    keys,
    outbox,
    routes,
    shell,
)


class IdpGroup(click.Group):
    """The commands, with faults said in one line each."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; the application is made when one asks for it."""
        ctx.obj = ctx.obj or ScriptInfo(create_app=_application, set_debug_flag=False)
        try:
            return super().invoke(ctx)
        except Misconfigured as error:
            for line in error.faults:
                click.echo(line, err=True)
        except Fault as error:
            click.echo(error.detail, err=True)
        except DBAPIError as error:
            said = first_line(error)
            click.echo(f"IDP_DATABASE_URL: {said}{'; run: idp migrate' if NOT_THERE.search(said) else ''}", err=True)
        return ctx.exit(1)


def _application() -> Flask:
    return create_app(Settings.load())


@click.group(cls=IdpGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="idp")
def main() -> None:
    """Informer's identity provider.

    Settings come from the environment (IDP_ISSUER, IDP_DATABASE_URL, IDP_SECRET_KEYS, …) or from a TOML file named by
    IDP_CONFIG; the environment wins.
    """


for command in COMMANDS:
    main.add_command(command)
