"""How a migration runs, on PostgreSQL and SQLite, from a checkout and from an installed wheel.

    idp migrate ─▶ one transaction ─▶ every missing revision in order ─▶ commit          one at a time, all or nothing

PostgreSQL: an advisory lock keeps a second `idp migrate` waiting; a statement may take its time, but a lock that is not had in
two seconds ends the migration rather than the logins behind it. SQLite: BEGIN IMMEDIATE does the same, and foreign keys
are not enforced while tables are rebuilt, but checked before the commit.
"""

import importlib

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from idp.platform import paths
from idp.platform.extensions import Base, db

LOCK_NUMBER = 4_816_277


def _know_all_models() -> None:
    """Import every models.py, so that the metadata is whole."""
    for file in sorted(paths.PACKAGE.rglob("models.py")):
        importlib.import_module(".".join(("idp", *file.relative_to(paths.PACKAGE).with_suffix("").parts)))


def _run(connection: Connection) -> None:
    options = current_app.extensions["migrate"].configure_args
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        transaction_per_migration=False,
        **{**options, "render_as_batch": connection.dialect.name == "sqlite"},
    )
    with context.begin_transaction():
        context.run_migrations()


def _on_postgresql(connection: Connection) -> None:
    connection.execute(sa.text("SET statement_timeout = 0"))
    connection.commit()
    with connection.begin():
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
        connection.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
        _run(connection)


def _on_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    _run(connection)
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]}")
    connection.commit()
    connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def _online() -> None:
    _know_all_models()
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _on_sqlite(connection)
        else:
            _on_postgresql(connection)


def _offline() -> None:
    """Print the SQL instead (`flask db upgrade --sql`)."""
    _know_all_models()
    context.configure(url=db.engine.url, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _offline()
else:
    _online()
