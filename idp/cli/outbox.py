"""`idp outbox`: look at what is not delivered, and try again what was given up."""

import uuid

import click

from idp.cli.application import with_application
from idp.cli.output import json_option, print_records, unknown
from idp.outbox import state
from idp.outbox.models import Queued
from idp.platform import batches
from idp.platform.errors import Conflict
from idp.platform.extensions import db


@click.group()
def outbox() -> None:
    """What must still be sent, and what was given up: list, retry."""


@outbox.command("list", short_help="List what was given up, then what waits.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@json_option
@with_application
def list_(*, limit: int, as_json: bool) -> None:
    """List what was given up, the newest first, then what waits; never what it says."""
    print_records([_in_short(row) for row in state.undelivered(limit)], as_json=as_json)


@outbox.command()
@click.argument("row_id", metavar="ID", required=False)
@click.option("--all", "everything", is_flag=True, help="All that was given up and that something is left of.")
@with_application
def retry(row_id: str | None, *, everything: bool) -> None:
    """Try again what was given up. Of a mail nothing is left: ask for a new one where it came from."""
    if everything == (row_id is not None):
        raise click.UsageError("Name one ID, or say --all.")
    tried = (
        _one_again(row_id)
        if row_id
        else batches.work_off(state.given_up, lambda some: state.try_again(Queued.id.in_(some)))
    )
    click.echo(f"{tried} will be tried again")


def _one_again(row_id: str) -> int:
    tried = state.try_again(Queued.id == _id(row_id))
    if not tried:
        raise Conflict(f"{row_id} was not given up, or nothing is left of it.")
    db.session.commit()
    return tried


def _id(row_id: str) -> uuid.UUID:
    try:
        found = db.session.get(Queued, uuid.UUID(row_id))
    except ValueError:
        found = None
    if found is None:
        raise unknown("row of the outbox", row_id)
    return found.id


def _in_short(row: Queued) -> dict[str, object]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "created_at": row.created_at,
        "tries": row.tries,
        "due_at": row.due_at,
        "dead_at": row.dead_at,
        "last_error": row.last_error,
    }
