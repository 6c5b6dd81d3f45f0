"""Who uses an application, and what it was not told.

Revision 0030, after 0029.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from idp.platform.extensions import Instant

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. Only add: the version before this one keeps serving on the new schema."""

    op.create_table(
        "client_uses",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_uses_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_client_uses_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "user_id", name=op.f("pk_client_uses")),
    )
    with op.batch_alter_table("client_uses", schema=None) as batch_op:
        batch_op.create_index("ix_client_uses_client_id_used_at", ["client_id", "used_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_uses_used_at"), ["used_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_uses_user_id"), ["user_id"], unique=False)

    op.execute(
        "INSERT INTO client_uses (client_id, user_id, used_at) "
        "SELECT a.client_id, a.user_id, max(a.created_at) FROM authorization_grants a "
        "JOIN clients c ON c.id = a.client_id WHERE c.tenant_id IS NOT NULL GROUP BY a.client_id, a.user_id"
    )

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("application_id", sa.Uuid(), nullable=True))
        batch_op.create_index(
            "ix_outbox_application_id_created_at_open",
            ["application_id", "created_at"],
            unique=False,
            postgresql_where=sa.text("delivered_at IS NULL"),
            sqlite_where=sa.text("delivered_at IS NULL"),
        )


def downgrade() -> None:
    """Go back to the revision before."""

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_application_id_created_at_open",
            postgresql_where=sa.text("delivered_at IS NULL"),
            sqlite_where=sa.text("delivered_at IS NULL"),
        )
        batch_op.drop_column("application_id")

    with op.batch_alter_table("client_uses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_uses_user_id"))
        batch_op.drop_index(batch_op.f("ix_client_uses_used_at"))
        batch_op.drop_index("ix_client_uses_client_id_used_at")

    op.drop_table("client_uses")
