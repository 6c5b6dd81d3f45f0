"""Phone numbers and addresses of people, and the key of pairwise subjects.

Revision 0019, after 0018.
"""

import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("address", sa.JSON(none_as_null=True), nullable=True))
    made = op.create_table(
        "pairwise_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairwise_keys")),
    )
    op.bulk_insert(made, [{"id": 1, "key": secrets.token_hex(32)}])


def downgrade() -> None:
    """Go back to the revision before."""

    op.drop_table("pairwise_keys")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("address")
        batch_op.drop_column("phone")
