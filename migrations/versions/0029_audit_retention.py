"""How long a company keeps its audit log.

Revision 0029, after 0028.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("audit_years", sa.Integer(), server_default="2", nullable=False))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("audit_years")
