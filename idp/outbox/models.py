"""The rows of the outbox."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.platform.extensions import Base, Instant


class Queued(Base):
    """Something to deliver. ``due_at`` says when a worker may take it; null: nobody will, it is delivered or dead.

    A worker that takes it moves ``due_at`` on by a lease and counts ``tries``; it may write the outcome only while
    ``tries`` is still its own.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due_at", "due_at"),
        Index("ix_outbox_dead_at", "dead_at"),
        Index("ix_outbox_created_at", "created_at"),
        Index(
            "ix_outbox_application_id_created_at_open",
            "application_id",
            "created_at",
            postgresql_where=text("delivered_at IS NULL"),
            sqlite_where=text("delivered_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[uuid.UUID | None]
    tenant_id: Mapped[uuid.UUID | None]
    application_id: Mapped[uuid.UUID | None]
    """Of the application that is to be told something."""
    payload_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    useful_until: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    dead_at: Mapped[datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(String(500))


def seal_owner(row_id: uuid.UUID) -> str:
    """Whom the payload of a row is sealed for."""
    return f"outbox:{row_id}"
