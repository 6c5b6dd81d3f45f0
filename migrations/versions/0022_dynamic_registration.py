"""Applications that register themselves.

Revision 0022, after 0021.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "initial_access_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_initial_access_tokens_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initial_access_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_initial_access_tokens_token_hash")),
    )
    with op.batch_alter_table("initial_access_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_initial_access_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_initial_access_tokens_tenant_id"), ["tenant_id"], unique=False)
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("registration_token_hash", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("registration_token_hash")
    op.drop_table("initial_access_tokens")
