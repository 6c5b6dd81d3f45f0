"""The database's schema and the one that this version was written for.

Migrations only add, so that a version keeps serving on the schema of the next one: newer is fine, older is not.
"""

from enum import Enum

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask_migrate import upgrade as run_migrations

from idp.platform import paths
from idp.platform.extensions import db


class Schema(Enum):
    """What a database holds, seen from this version."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    EMPTY = "empty"


def look() -> Schema:
    """Compare the database with the migrations of this version."""
    with db.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    script = _script()
    if set(found) == set(script.get_heads()):
        return Schema.CURRENT
    if not found:
        return Schema.EMPTY
    return Schema.OLDER if all(_knows(script, revision) for revision in found) else Schema.NEWER


def upgrade() -> None:
    """Bring the database to the newest schema."""
    run_migrations(directory=str(paths.MIGRATIONS))


def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _knows(script: ScriptDirectory, revision: str) -> bool:
    try:
        return script.get_revision(revision) is not None
    except CommandError:
        return False
