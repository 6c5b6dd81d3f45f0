"""Who is at work for a tenant.

Revision 0017, after 0016.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_browser_sessions_tenant_id_seen_at_id_open",
            ["tenant_id", "seen_at", "id"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_browser_sessions_tenant_id_seen_at_id_open",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
