"""Rows of tenants and memberships."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.platform import clock
from idp.platform.extensions import Base, BigId, Instant
from idp.tenancy.policy import ZONE, Plan, Policy


class Tenant(Base):
    """One customer: its policy, its security code, its epoch."""

    __tablename__ = "tenants"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(8), default="nl")
    timezone: Mapped[str] = mapped_column(String(64), default=ZONE, server_default=ZONE)
    """Of its people who chose none themselves."""
    security_code_sealed: Mapped[str] = mapped_column(Text)
    security_code_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when it is this code; None: since the tenant is there."""
    epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)

    security_code: Mapped[bool] = mapped_column(default=True)
    two_factor_mandatory: Mapped[bool] = mapped_column(default=False)
    limit_two_factor_validity: Mapped[bool] = mapped_column(default=False)
    block_new_ip: Mapped[bool] = mapped_column(default=False)
    known_ip_same_browser: Mapped[bool] = mapped_column(default=False)
    passkeys: Mapped[bool] = mapped_column(default=True)
    session_idle_minutes: Mapped[int] = mapped_column(default=480, server_default="480")
    session_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    audit_years: Mapped[int] = mapped_column(default=2, server_default="2")
    """How long events are kept: `idp.tenancy.audit_retention`."""
    two_factor_mandatory_from: Mapped[date | None] = mapped_column(index=True)
    two_factor_reminded: Mapped[int | None]
    """The last reminder of that day that was sent, or whose time was over when the day was set: so many days before."""
    branding: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What was chosen of: name (that it is shown by), colour (#rrggbb), logo (digest, width, height)."""

    @property
    def shown_name(self) -> str:
        """By which name its pages call it."""
        return (self.branding or {}).get("name") or self.name

    @property
    def policy(self) -> Policy:
        """What holds at this moment. Nothing else says whether two-factor is mandatory."""
        return self.plan.at(clock.now())

    @property
    def mandatory_soon(self) -> date | None:
        """The day on which two-factor becomes mandatory, while that is still to come."""
        return self.plan.coming(clock.now())

    @property
    def plan(self) -> Plan:
        """The tenant's switches and limits, and what it planned, as one frozen value."""
        return Plan(self._switches(), self.two_factor_mandatory_from)

    def _switches(self) -> Policy:
        return Policy(
            security_code=self.security_code,
            two_factor_mandatory=self.two_factor_mandatory,
            limit_two_factor_validity=self.limit_two_factor_validity,
            block_new_ip=self.block_new_ip,
            known_ip_same_browser=self.known_ip_same_browser,
            passkeys=self.passkeys,
            session_idle_minutes=self.session_idle_minutes,
            session_hours=self.session_hours,
        )


class Membership(Base):
    """A user of one tenant who works for another tenant as well."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "tenant_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


class TenantLogo(Base):
    """The picture that a tenant's pages show: a PNG of our own making. ``digest``: by which its address names it."""

    __tablename__ = "tenant_logos"

    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SupportAccess(Base):
    """The helpdesk's access to a tenant. ``live_for`` is the tenant's id until it ends: there is one at most."""

    __tablename__ = "support_accesses"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    live_for: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    given_by: Mapped[str] = mapped_column(String(200))
    given_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class SupportLook(Base):
    """Somebody of the helpdesk looked at something of a tenant. The name is kept as it was."""

    __tablename__ = "support_looks"
    __table_args__ = (Index("ix_support_looks_tenant_id_id", "tenant_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
