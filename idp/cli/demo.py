"""`idp demo`: the provider with a sample application, ready to log in; what `make demo` runs after installing."""

from pathlib import Path

import click

from idp.cli.context import database_faults
from idp.demo import content
from idp.demo.addresses import HOST, NAMES, Addresses
from idp.demo.directory import Directory
from idp.demo.processes import forget_settings
from idp.demo.run import run

PORT = click.IntRange(1, 65535)


@click.command(short_help="Start everything on this machine, to try it.")
@click.option("--port", type=PORT, envvar="IDP_PORT", default=8000, show_default=True, show_envvar=True)
@click.option(
    "--sample-app-port", type=PORT, envvar="IDP_SAMPLE_APP_PORT", default=8001, show_default=True, show_envvar=True
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="IDP_DATA_DIR",
    default=".idp-demo",
    show_default=True,
    show_envvar=True,
)
@click.option(
    "--host",
    type=click.Choice(NAMES),
    envvar="IDP_HOST",
    default=HOST,
    show_default=True,
    show_envvar=True,
    help="What this machine is called in the addresses; passkeys need localhost.",
)
@click.option(
    "--reload", is_flag=True, help="Serve anew whenever a file of the provider changes, for whoever works on it."
)
@click.option("--totp", metavar="USERNAME", help="Print the TOTP code of this moment instead, and leave.")
@database_faults()
@click.pass_context
def demo(
    ctx: click.Context, port: int, sample_app_port: int, data_dir: Path, host: str, totp: str | None, *, reload: bool
) -> None:
    """Start everything on this machine: database, Valkey, provider, worker and a sample application.

    Ctrl-C ends it. A second run keeps the data. With other ports and another directory a second demo runs beside it.
    """
    forget_settings()
    directory, addresses = Directory(data_dir), Addresses(port, sample_app_port, host)
    if totp is not None:
        click.echo(content.code_of(totp, directory, directory.kept_secrets(), addresses))
        return
    ctx.exit(run(directory, addresses, reload=reload))
