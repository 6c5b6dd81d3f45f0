"""Rows of one-time links."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import Enum, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from idp.platform import clock
from idp.platform.extensions import Base, Instant


class Purpose(enum.StrEnum):
    """What a link is for; one of another purpose opens nothing."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name
    INVITATION = "invitation"
    NOT_ME = "not_me"


class OneTimeLink(Base):
    """A link that was mailed to a user, kept as a digest. ``epoch`` is the user's when it was made."""

    __tablename__ = "one_time_links"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose] = mapped_column(
        Enum(Purpose, native_enum=False, length=32, values_callable=lambda e: [m.value for m in e])
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(320))
    """Where it was mailed to: whoever uses it reads that mailbox."""
    epoch: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
