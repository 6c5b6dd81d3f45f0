"""From which day on two-factor is mandatory.

Revision 0023, after 0022.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("two_factor_mandatory_from", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("two_factor_reminded", sa.Integer(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_tenants_two_factor_mandatory_from"), ["two_factor_mandatory_from"], unique=False
        )


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tenants_two_factor_mandatory_from"))
        batch_op.drop_column("two_factor_reminded")
        batch_op.drop_column("two_factor_mandatory_from")
