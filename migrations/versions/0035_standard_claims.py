"""What a person says of their name and time zone, and the time zone of a company.

Revision 0035, after 0034.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("timezone", sa.String(length=64), server_default="Europe/Amsterdam", nullable=False)
        )

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("given_name", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("family_name", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("zoneinfo", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("zoneinfo")
        batch_op.drop_column("family_name")
        batch_op.drop_column("given_name")

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("timezone")
