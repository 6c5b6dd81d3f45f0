"""Familiar places that nobody came back to are found by when they were used.

Revision 0006, after 0005.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    with op.batch_alter_table("familiar_browsers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_familiar_browsers_used_at"), ["used_at"], unique=False)

    with op.batch_alter_table("familiar_networks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_familiar_networks_used_at"), ["used_at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("familiar_networks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_familiar_networks_used_at"))

    with op.batch_alter_table("familiar_browsers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_familiar_browsers_used_at"))
