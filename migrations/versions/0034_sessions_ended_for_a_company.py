"""For which companies a browser session has been ended, where the login itself goes on.

Revision 0034, after 0033.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ended_for", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.drop_column("ended_for")
