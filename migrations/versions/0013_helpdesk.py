"""The helpdesk's access to companies, and who looked when.

Revision 0013, after 0012.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "support_accesses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("live_for", sa.Uuid(), nullable=True),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_support_accesses_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_accesses")),
        sa.UniqueConstraint("live_for", name=op.f("uq_support_accesses_live_for")),
    )
    with op.batch_alter_table("support_accesses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_support_accesses_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "support_looks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_support_looks_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_looks")),
    )
    with op.batch_alter_table("support_looks", schema=None) as batch_op:
        batch_op.create_index("ix_support_looks_tenant_id_id", ["tenant_id", "id"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("support_looks", schema=None) as batch_op:
        batch_op.drop_index("ix_support_looks_tenant_id_id")

    op.drop_table("support_looks")
    with op.batch_alter_table("support_accesses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_support_accesses_tenant_id"))

    op.drop_table("support_accesses")
