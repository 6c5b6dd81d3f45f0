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
    collation = '"C"' if op.get_bind().dialect.name == "postgresql" else "BINARY"
    for name, text in TEXTS.items():
        op.execute(f"CREATE INDEX ix_users_directory_{name} ON users (tenant_id, ({text}) COLLATE {collation})")


def downgrade() -> None:
    """Go back to the revision before."""
    for name in TEXTS:
        op.execute(f"DROP INDEX ix_users_directory_{name}")
