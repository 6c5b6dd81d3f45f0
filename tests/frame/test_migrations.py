"""Migrations make exactly the models; they may run twice at once, be killed, fail, and be ahead of the version that serves."""

import subprocess
import time
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import upgrade

from idp.cli import probes
from idp.platform import paths, schema
from idp.platform.extensions import Base, db
from idp.platform.schema import Schema
from tests.support.browser import Browser
from tests.support.postgres import Databases
from tests.support.relying_party import RelyingParty
from tests.support.server import IDP, surroundings
from tests.support.stores import ISSUER, Store, StoreKind, dispose, make_app
from tests.support.world import World

BEFORE = "0004"
"""The revision before the first one that changes a table which logins read."""

OF_EXPRESSIONS = "ix_users_directory_"
"""Indexes of expressions, which differ between the databases and stand in their migration alone."""


def start(store: Store) -> subprocess.Popen[str]:
    """`idp migrate` on this store."""
    variables = surroundings() | store.environment(ISSUER)
    return subprocess.Popen(
        [str(IDP), "migrate"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def look(store: Store) -> Schema:
    """What the database holds."""
    app = make_app(store.settings())
    with app.app_context():
        try:
            return schema.look()
        finally:
            dispose()


@pytest.fixture
def empty(databases: Databases) -> Store:
    """A PostgreSQL database without a table."""
    return Store(StoreKind.POSTGRES_VALKEY, databases.address(databases.create()))


@pytest.mark.both_stores
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrations_make_exactly_the_models(in_app: Flask) -> None:
    """Nothing is left to generate: tables, columns, types, indexes and constraints are those of the models."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _belongs_to_a_model})
        assert compare_metadata(context, Base.metadata) == []


def _belongs_to_a_model(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "index" and str(name).startswith(OF_EXPRESSIONS))


def test_two_at_once(empty: Store) -> None:
    """One makes the database, the other waits for it and finds nothing to do; neither fails."""
    both = [start(empty) for _ in range(2)]
    outcomes = [(*process.communicate(timeout=300), process.returncode) for process in both]
    assert [code for _, _, code in outcomes] == [0, 0], outcomes
    assert look(empty) is Schema.CURRENT


def test_killed_then_refused_then_whole(empty: Store) -> None:
    """Killed in the middle, or kept from a lock: the old schema stays whole, and the next run brings the new one.

    A migration waits two seconds for a table at most, so that no login waits longer behind it.
    """
    app = make_app(empty.settings())
    with app.app_context():
        upgrade(directory=str(paths.MIGRATIONS), revision=BEFORE)
        dispose()
    with psycopg.connect(empty.database_url) as other:
        other.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        killed = start(empty)
        wait_until(lambda: _waits_for_a_table(empty))
        killed.kill()
        killed.communicate(timeout=300)
        refused = start(empty)
        _, told = refused.communicate(timeout=300)
        assert refused.returncode == 1
        assert "lock timeout" in told
        assert "Traceback" not in told
    assert look(empty) is Schema.OLDER
    whole = start(empty)
    assert whole.communicate(timeout=300)[0].strip() == "The database was brought to the newest schema."
    assert look(empty) is Schema.CURRENT


@pytest.mark.both_stores
def test_this_version_serves_on_the_schema_of_the_next(
    app: Flask, store: Store, world: World, rp: RelyingParty, browser: Browser
) -> None:
    """The next version's migration has run (a column more, a table more): this one starts, logs in, and leaves it be."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE users ADD COLUMN of_the_next_version INTEGER NOT NULL DEFAULT 7"))
        connection.execute(sa.text("CREATE TABLE of_the_next_version (id INTEGER PRIMARY KEY)"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with app.app_context():
        assert schema.look() is Schema.NEWER
        assert [finding.reason for finding in probes.to_serve() if not finding.ok] == []
    assert start(store).communicate(timeout=300)[0].strip() == "The database is newer than this version; nothing to do."
    anna = world.user("anna", world.tenant(), totp=True)
    browser.get(rp.authorize_url()).login(anna)
    assert rp.finish(browser).claims["sub"] == str(anna.id)


def _waits_for_a_table(store: Store) -> bool:
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(store.database_url) as connection:
        row = connection.execute(question).fetchone()
        return bool(row and row[0])


def wait_until(happened: Callable[[], bool]) -> None:
    """Look again until it did."""
    deadline = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
