"""Rows of the SQL home, and of names that may be used once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.platform.extensions import Base, Instant


class ShortLivedValue(Base):
    """A sealed value under the SHA-256 of its handle. Taking it deletes the row."""

    __tablename__ = "short_lived_values"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    sealed: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class UsedName(Base):
    """A name that has been used and may not be used again before it expires; kept as SHA-256 of kind and name."""

    __tablename__ = "used_names"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
