"""How long a session counts is each tenant's to say.

Revision 0012, after 0011.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("session_idle_minutes", sa.Integer(), server_default="480", nullable=False))
        batch_op.add_column(sa.Column("session_hours", sa.Integer(), server_default="24", nullable=False))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("session_hours")
        batch_op.drop_column("session_idle_minutes")
