"""What happened in a company, by day.

Revision 0028, after 0027.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "daily_figures",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_daily_figures_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "day", name=op.f("pk_daily_figures")),
    )
    with op.batch_alter_table("daily_figures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_daily_figures_day"), ["day"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("daily_figures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_daily_figures_day"))

    op.drop_table("daily_figures")
