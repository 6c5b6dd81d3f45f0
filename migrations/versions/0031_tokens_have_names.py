"""What an initial access token is for.

Revision 0031, after 0030.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("initial_access_tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(length=100), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("initial_access_tokens", schema=None) as batch_op:
        batch_op.drop_column("name")
