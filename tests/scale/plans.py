"""The statements of a page, and how PostgreSQL answers each: EXPLAIN ANALYZE, read for what grows with the company.

with listening(engine) as heard:
    browser.get("/console/users")
for statement in heard: faults_of(connection, statement, large)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg.rows import scalar_row

MOST_SORTED: Final = 2_000
LARGE: Final = 2_000
"""So many rows make a table large."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What was asked of the database, and with which values."""

    text: str
    values: Any


@contextmanager
def listening(engine: sa.Engine) -> Iterator[list[Statement]]:
    """Hear every statement that the engine executes meanwhile."""
    heard: list[Statement] = []

    def hear(_connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        heard.append(Statement(text, values))

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)


def large_tables(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """The tables that grow with a company, as ANALYZE counted them."""
    counted = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s"
    return frozenset(connection.cursor(row_factory=scalar_row).execute(counted, (LARGE,)).fetchall())


def faults_of(
    connection: psycopg.Connection[Any], statement: Statement, large: Collection[str], most_read: int
) -> list[str]:
    """What is wrong with the way in which a question is answered; what writes is no page's business here."""
    if not statement.text.lstrip().upper().startswith(("SELECT", "WITH")):
        return []
    asked = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}".encode()
    (answer,) = connection.cursor(row_factory=scalar_row).execute(asked, statement.values).fetchall()
    return [fault for node in nodes(answer[0]["Plan"]) for fault in _faults(node, large, most_read)]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every part of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def _faults(node: dict[str, Any], large: Collection[str], most_read: int) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name")
    rows = node["Actual Rows"] * node["Actual Loops"]
    read = rows + sum(
        node.get(f"Rows Removed by {why}", 0) * node["Actual Loops"] for why in ("Filter", "Index Recheck")
    )
    if kind == "Seq Scan" and table in large:
        yield f"reads the whole of {table}"
    sorted_rows = sum(part["Actual Rows"] * part["Actual Loops"] for part in node.get("Plans", ()))
    if kind == "Sort" and sorted_rows > MOST_SORTED:
        yield f"sorts {sorted_rows:.0f} rows"
    if table in large and read > most_read:
        yield f"reads {read:.0f} rows of {table}"
