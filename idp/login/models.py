"""Rows of browser sessions, known-IP grants, familiar networks and failures."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.platform import clock
from idp.platform.extensions import Base, BigId, Instant


class BrowserSession(Base):
    """A completed login in one browser. Only a digest of the cookie is kept.

    ``id`` is the public name (the ``sid`` claim) and outlives a change of the cookie's secret;
    ``evidence`` is what this browser has proved; ``epoch`` is the user's epoch at that time.
    ``ended_for``: the ids of tenants whose administrators ended it for them; for these nothing of it counts.
    """

    __tablename__ = "browser_sessions"
    __table_args__ = (
        Index("ix_browser_sessions_user_id_ended_at", "user_id", "ended_at"),
        Index("ix_browser_sessions_ended_at_seen_at", "ended_at", "seen_at"),
        Index("ix_browser_sessions_ended_at_expires_at", "ended_at", "expires_at"),
        Index("ix_browser_sessions_tenant_id_ended_at", "tenant_id", "ended_at"),
        Index(
            "ix_browser_sessions_tenant_id_seen_at_id_open",
            "tenant_id",
            "seen_at",
            "id",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    epoch: Mapped[int]
    network: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_because: Mapped[str | None] = mapped_column(String(32))
    ended_for: Mapped[list[str] | None] = mapped_column(JSON)


class KnownIpGrant(Base):
    """A user proved TOTP from a network; for 30 days that may stand in for TOTP.

    ``tenant_epochs`` maps the id of each tenant that the user worked for to that tenant's epoch
    when the grant was earned: where the two differ the grant does not count.
    """

    __tablename__ = "known_ip_grants"
    __table_args__ = (UniqueConstraint("user_id", "network"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(64))
    user_epoch: Mapped[int]
    tenant_epochs: Mapped[dict[str, int]] = mapped_column(JSON)
    browser_hash: Mapped[str | None] = mapped_column(String(64))
    earned_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class FamiliarNetwork(Base):
    """A network from which the user completed a login, or which they validated by mail. It spares no step of a login."""

    __tablename__ = "familiar_networks"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    used_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, index=True)
    validated_by_mail: Mapped[bool] = mapped_column(default=False)


class FamiliarBrowser(Base):
    """A browser in which the user completed a login, by the digest of its cookie."""

    __tablename__ = "familiar_browsers"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, index=True)


class FailureCount(Base):
    """How often answers for a username were wrong, by what was asked and from what kind of network.

    ``name`` is a digest of the username, of names that do not exist as well; ``scope`` a familiar network, or all others.
    """

    __tablename__ = "failure_counts"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked: Mapped[str] = mapped_column(String(16), primary_key=True)
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)


class SecondFactorTry(Base):
    """A try at a second factor that was wrong, or is being judged: an hour has room for a few of them."""

    __tablename__ = "second_factor_tries"
    __table_args__ = (Index("ix_second_factor_tries_name_at", "name", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class DailyFigures(Base):
    """How often what happened in a company on one day (UTC). ``counts``: by the names of `idp.reporting.login_counts`."""

    __tablename__ = "daily_figures"

    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
