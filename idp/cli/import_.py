"""`idp import`: tenants, users and applications from a TOML file."""

from collections.abc import Sequence
from dataclasses import asdict

import click
import sqlalchemy as sa

from idp.accounts.models import User
from idp.cli.application import with_application
from idp.cli.output import json_option, print_json
from idp.crypto.sealed import SealBroken
from idp.platform import schema
from idp.platform.errors import Unavailable
from idp.platform.extensions import db
from idp.platform.schema import Schema
from idp.provisioning.import_file import import_file
from idp.provisioning.people.faults import Refused
from idp.provisioning.people.report import Change

LOOKED_AT = 1000
"""Among so many new users somebody without a password is looked for: a database takes no list without end."""


@click.command("import")
@click.argument("file", type=click.Path())
@click.option("--set-credentials", is_flag=True, help="Set passwords, TOTP secrets, codes of those who exist as well.")
@json_option
@with_application
@click.pass_context
def import_(ctx: click.Context, file: str, *, set_credentials: bool, as_json: bool) -> None:
    """Create or update tenants, users and clients from a TOML FILE. All of it or nothing.

    config/company.example.toml shows what may stand in it. Who has no password there is asked to choose one by
    `idp user invite`.

    What the file does not name stays as it is; the same file again changes nothing. Credentials (passwords, TOTP
    secrets, security codes, client secrets) are set when their owner is new, and for others only with
    --set-credentials.
    """
    if schema.look() in {Schema.EMPTY, Schema.OLDER}:
        raise Unavailable("The database does not have the newest schema; run: idp migrate")
    try:
        changes = import_file(file, set_credentials=set_credentials)
    except Refused as refused:
        _say_refused(refused, as_json=as_json)
        ctx.exit(1)
    except SealBroken as error:
        raise Unavailable(f"IDP_SECRET_KEYS: what is stored does not open: {error}") from error
    _say(changes, as_json=as_json)


def _say(changes: Sequence[Change], *, as_json: bool) -> None:
    if as_json:
        print_json({"changes": [asdict(change) for change in changes]})
        return
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo("nothing changed")
    _say_who_cannot_log_in([change.name for change in changes if change.kind == "user" and change.created])


def _say_who_cannot_log_in(created: Sequence[str]) -> None:
    """Name, on stderr, somebody whom the file gave no password, and what comes next for them."""
    without = sa.select(User.username).where(User.username.in_(created[:LOOKED_AT]), User.password_hash.is_(None))
    if name := db.session.scalar(without.order_by(User.username).limit(1)):
        click.echo(f"without a password, such as {name}: idp user invite {name} mails a link to choose one", err=True)


def _say_refused(refused: Refused, *, as_json: bool) -> None:
    if as_json:
        print_json({"faults": [asdict(fault) for fault in refused.faults]})
        return
    for fault in refused.faults:
        click.echo(str(fault), err=True)
    click.echo("nothing was imported", err=True)
