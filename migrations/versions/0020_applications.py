"""Applications that a tenant keeps itself.

Revision 0020, after 0019.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("old_secret_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("old_secret_ends_at", Instant(), nullable=True))
        batch_op.create_index("ix_clients_tenant_id_client_id", ["tenant_id", "client_id"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_index("ix_clients_tenant_id_client_id")
        batch_op.drop_column("old_secret_ends_at")
        batch_op.drop_column("old_secret_hash")
