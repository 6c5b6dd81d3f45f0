"""How old a security code is.

Revision 0021, after 0020.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("security_code_at", Instant(), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("security_code_at")
