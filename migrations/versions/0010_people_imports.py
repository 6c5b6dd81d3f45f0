"""Many people are invited from a file.

Revision 0010, after 0009.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "people_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("previewed", "waiting", "done", "failed", name="state", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("people_sealed", sa.Text(), nullable=True),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_people_imports_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_imports")),
    )
    with op.batch_alter_table("people_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_people_imports_created_at"), ["created_at"], unique=False)
        batch_op.create_index("ix_people_imports_tenant_id_created_at", ["tenant_id", "created_at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("people_imports", schema=None) as batch_op:
        batch_op.drop_index("ix_people_imports_tenant_id_created_at")
        batch_op.drop_index(batch_op.f("ix_people_imports_created_at"))

    op.drop_table("people_imports")
