"""What a tenant's pages and mails wear: a name, a logo, a colour.

Revision 0026, after 0025.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "tenant_logos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_tenant_logos_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant_logos")),
    )
    with op.batch_alter_table("tenant_logos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tenant_logos_digest"), ["digest"], unique=False)

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("branding", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("tenants", schema=None) as batch_op:
        batch_op.drop_column("branding")

    with op.batch_alter_table("tenant_logos", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tenant_logos_digest"))

    op.drop_table("tenant_logos")
