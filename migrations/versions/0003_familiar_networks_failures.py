"""Familiar networks, failures.

Revision 0003, after 0002.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "failure_counts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", Instant(), nullable=False),
        sa.Column("blocked_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", "asked", "scope", name=op.f("pk_failure_counts")),
    )
    with op.batch_alter_table("failure_counts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failure_counts_failed_at"), ["failed_at"], unique=False)

    op.create_table(
        "second_factor_tries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor_tries")),
    )
    with op.batch_alter_table("second_factor_tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_second_factor_tries_at"), ["at"], unique=False)
        batch_op.create_index("ix_second_factor_tries_name_at", ["name", "at"], unique=False)

    op.create_table(
        "familiar_networks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.Column("validated_by_mail", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_familiar_networks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "network", name=op.f("pk_familiar_networks")),
    )


def downgrade() -> None:
    """Go back to the revision before."""

    op.drop_table("familiar_networks")
    with op.batch_alter_table("second_factor_tries", schema=None) as batch_op:
        batch_op.drop_index("ix_second_factor_tries_name_at")
        batch_op.drop_index(batch_op.f("ix_second_factor_tries_at"))

    op.drop_table("second_factor_tries")
    with op.batch_alter_table("failure_counts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_failure_counts_failed_at"))

    op.drop_table("failure_counts")
