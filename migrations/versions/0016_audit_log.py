"""The audit log of a tenant by moment.

Revision 0016, after 0015.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_events_tenant_id_id"))
        batch_op.create_index("ix_audit_events_tenant_id_at_id", ["tenant_id", "at", "id"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_tenant_id_at_id")
        batch_op.create_index(batch_op.f("ix_audit_events_tenant_id_id"), ["tenant_id", "id"], unique=False)
