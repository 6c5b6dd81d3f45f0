"""Long logs and many people.

Revision 0027, after 0026.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index("ix_audit_events_actor_id_at_id", ["actor_id", "at", "id"], unique=False)
        batch_op.create_index("ix_audit_events_tenant_id_kind_at_id", ["tenant_id", "kind", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_audit_events_tenant_id_network_at_id", ["tenant_id", "network", "at", "id"], unique=False
        )
        batch_op.create_index("ix_audit_events_user_id_at_id", ["user_id", "at", "id"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_user_id_at_id")
        batch_op.drop_index("ix_audit_events_tenant_id_network_at_id")
        batch_op.drop_index("ix_audit_events_tenant_id_kind_at_id")
        batch_op.drop_index("ix_audit_events_actor_id_at_id")
