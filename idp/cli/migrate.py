"""`idp migrate`: the database to the newest schema."""

import click

from idp.cli.application import with_application
from idp.platform import schema
from idp.platform.schema import Schema


@click.command(short_help="Bring the database to the newest schema.")
@with_application
def migrate() -> None:
    """Bring the database to the newest schema; safe while the old version serves."""
    before = schema.look()
    if before in {Schema.EMPTY, Schema.OLDER}:
        schema.upgrade()
    click.echo(_SAID[before])


_SAID = {
    Schema.CURRENT: "The database is up to date.",
    Schema.NEWER: "The database is newer than this version; nothing to do.",
    Schema.OLDER: "The database was brought to the newest schema.",
    Schema.EMPTY: "The database was made.",
}
