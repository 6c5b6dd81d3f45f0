"""People of a tenant by their last login.

Revision 0014, after 0013.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("ix_users_tenant_id_last_login_at", ["tenant_id", "last_login_at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index("ix_users_tenant_id_last_login_at")
