"""How commands print: one record as `name: value` lines, several as a table, or all of it as JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from idp.platform.errors import NotFound

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

Record = Mapping[str, Any]


def print_json(value: object) -> None:
    """Print the value as JSON; moments as ISO 8601."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def print_record(record: Record, *, as_json: bool) -> None:
    """Print one record."""
    if as_json:
        print_json(record)
        return
    width = max(map(len, record))
    for name, value in record.items():
        click.echo(f"{name:<{width}}  {said(value)}")


def print_records(records: Sequence[Record], *, as_json: bool) -> None:
    """Print several records with the same fields; nothing at all for none, except in JSON."""
    if as_json:
        print_json(records)
    elif records:
        rows = [[str(name) for name in records[0]], *([said(value) for value in row.values()] for row in records)]
        for line in columns(rows):
            click.echo(line)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines whose columns stand under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (zip(row, widths, strict=True) for row in rows)
    return ["  ".join(f"{value:<{width}}" for value, width in row).rstrip() for row in padded]


def said(value: object) -> str:
    """A value as a person reads it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list() | tuple():
            return ", ".join(map(said, value)) or "-"
        case dict():
            return json.dumps(value, default=_plain, ensure_ascii=False)
        case _:
            return str(value)


def unknown(kind: str, name: str) -> NotFound:
    """The fault of a name that does not exist."""
    return NotFound(f"There is no {kind} {name!r}.")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
