"""Whose mailbox was shown to be read, and when a password was checked for leaks.

Revision 0033, after 0032.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email", sa.String(length=320), nullable=True))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email_proved", sa.String(length=320), nullable=True))
        batch_op.add_column(sa.Column("email_proved_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("password_checked_at", Instant(), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("password_checked_at")
        batch_op.drop_column("email_proved_at")
        batch_op.drop_column("email_proved")

    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.drop_column("email")
