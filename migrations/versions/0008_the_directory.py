"""People are found by how their name, username or e-mail address begins.

Revision 0008, after 0007.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXTS = {"username": "username_key", "name": "lower(name)", "email": "lower(email)"}


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""
    for name, text in _texts().items():
        op.execute(f"CREATE INDEX ix_users_directory_{name} ON users (tenant_id, ({text}){_collation()})")


def downgrade() -> None:
    """Go back to the revision before."""
    for name in _texts():
        op.execute(f"DROP INDEX ix_users_directory_{name}")


def _texts() -> dict[str, str]:
    """The texts that need an index: SQLite's order of usernames is the one by code points already."""
    return TEXTS if _is_postgresql() else {name: text for name, text in TEXTS.items() if name != "username"}


def _collation() -> str:
    return ' COLLATE "C"' if _is_postgresql() else ""


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
