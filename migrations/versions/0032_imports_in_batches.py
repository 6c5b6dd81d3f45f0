"""An import of people goes batch by batch, and says how far it is.

Revision 0032, after 0031.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STOP = sa.Enum("asked", "company_disabled", "no_administrator", name="stop", native_enum=False, length=16)


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("people_imports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("handled", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("left_out", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("stopped", STOP, nullable=True))
        batch_op.add_column(sa.Column("moved_at", Instant(), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("people_imports", schema=None) as batch_op:
        batch_op.drop_column("moved_at")
        batch_op.drop_column("stopped")
        batch_op.drop_column("left_out")
        batch_op.drop_column("handled")
