"""The database as every room sees it: one session, one declarative base, the column types that both databases share.

    request ── first query ──▶ a connection from the pool ── reads, each on the newest committed data
                 │
                 ├─ first write ──▶ PostgreSQL: already inside BEGIN (READ COMMITTED)
                 │                  SQLite: BEGIN IMMEDIATE here, so that reads before it held no stale snapshot
                 │
                 └─ db.session.commit() in the view; the end of the request rolls back whatever is left

SQLite's driver stays in autocommit and `database` opens the transaction, which makes it behave like PostgreSQL at READ
COMMITTED: two conditional updates of one row are serialised, and the second one sees the first.
"""

from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa
from flask import g, request
from flask_babel import Babel
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from idp.platform import settings

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A growing number as primary key; SQLite numbers rows only where the type is INTEGER."""


class Instant(TypeDecorator[datetime]):
    """A moment: an aware datetime in UTC, on both databases. A naive one is a mistake and refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write UTC, without the offset where the database cannot keep one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every row in the house."""

    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)


def there_is(such: sa.Select[Any]) -> sa.ColumnElement[bool]:
    """Whether there is such a row: looked up in an index, once for each row of the statement around it.

    EXISTS leaves PostgreSQL free to read the whole table first, and it does for a company of thousands. The comparison
    makes it expect some of each: were it to expect almost none, it would sort them all for the first fifty.
    """
    one = such.with_only_columns(sa.literal(1), maintain_column_froms=True).limit(1)
    return sa.func.coalesce(one.scalar_subquery(), 0) > 0


class FormProtection(CSRFProtect):
    """Flask-WTF's protection of every form, and a look at the Origin header where the browser sends one."""

    def protect(self, apply_exemptions: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature is Flask-WTF's
        """Refuse a form that another site sent (RFC 6454 section 7.3: `null` is an origin that is not told)."""
        super().protect(apply_exemptions)
        origin = request.headers.get("Origin", "null")
        if g.get("csrf_valid") and origin not in {"null", settings.current().issuer}:
            self._error_response("the form comes from another origin")


def upsert(row: type[Base]) -> "sqlite.Insert | postgresql.Insert":
    """Return an INSERT that can say what happens on conflict; both databases spell it the same."""
    return sqlite.insert(row) if db.engine.dialect.name == "sqlite" else postgresql.insert(row)


def changed(update: sa.Update | sa.Delete) -> bool:
    """Run an UPDATE or DELETE of one row that names what the row must still be; whether it was. The caller commits.

    What may happen once is done by such a statement: of any number of requests at the same moment one hears True.
    A statement that finds several rows is not of this kind, and a mistake.
    """
    rows = changed_rows(update)
    if rows > 1:
        raise MultipleResultsFound(f"{rows} rows were changed where one at most was meant")
    return rows == 1


def changed_rows(update: sa.Update | sa.Delete) -> int:
    """Run an UPDATE or DELETE of any number of rows; how many there were. The caller commits."""
    done = db.session.execute(update, execution_options={"synchronize_session": False})
    return cast("sa.CursorResult[Any]", done).rowcount


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
migrate = Migrate()
babel = Babel()
csrf = FormProtection()
