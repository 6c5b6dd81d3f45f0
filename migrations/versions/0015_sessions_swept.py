"""Sessions that are over are found by index.

Revision 0015, after 0014.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_browser_sessions_ended_at_expires_at", ["ended_at", "expires_at"], unique=False)
        batch_op.create_index("ix_browser_sessions_ended_at_seen_at", ["ended_at", "seen_at"], unique=False)
        batch_op.create_index("ix_browser_sessions_tenant_id_ended_at", ["tenant_id", "ended_at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_browser_sessions_tenant_id_ended_at")
        batch_op.drop_index("ix_browser_sessions_ended_at_seen_at")
        batch_op.drop_index("ix_browser_sessions_ended_at_expires_at")
