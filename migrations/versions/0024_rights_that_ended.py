"""What was given by a right is found by index.

Revision 0024, after 0023.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("authorization_grants", schema=None) as batch_op:
        batch_op.create_index(
            "ix_authorization_grants_right_id",
            ["right_id"],
            unique=False,
            postgresql_where=sa.text("right_id IS NOT NULL"),
            sqlite_where=sa.text("right_id IS NOT NULL"),
        )


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("authorization_grants", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_authorization_grants_right_id",
            postgresql_where=sa.text("right_id IS NOT NULL"),
            sqlite_where=sa.text("right_id IS NOT NULL"),
        )
