"""Rows of applications, what people allowed them, and what was issued to them."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Enum, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from idp.platform import clock
from idp.platform.extensions import Base, Instant


class Client(Base):
    """A relying application (RFC 6749 section 2). ``registration`` has its RFC 7591 metadata.

    ``old_secret_hash``: of the secret before a new one was made; it works until ``old_secret_ends_at``.
    """

    __tablename__ = "clients"
    __table_args__ = (Index("ix_clients_tenant_id_client_id", "tenant_id", "client_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    client_id: Mapped[str] = mapped_column(String(200), unique=True)
    tenant_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[str | None] = mapped_column(String(64))
    old_secret_hash: Mapped[str | None] = mapped_column(String(64))
    old_secret_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    registration_token_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the token with which a client that registered itself looks after its registration (RFC 7592)."""
    first_party: Mapped[bool] = mapped_column(default=False)
    require_pkce: Mapped[bool] = mapped_column(default=True)
    registration: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)


class ClientUse(Base):
    """When a person last logged in to an application of a company's own; for the company, which keeps an eye on it."""

    __tablename__ = "client_uses"
    __table_args__ = (Index("ix_client_uses_client_id_used_at", "client_id", "used_at"),)

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    used_at: Mapped[datetime] = mapped_column(Instant, index=True)


class ClientRefusal(Base):
    """That an application of a company's own could not prove who it is: why the last time, and how often (`client_refusals`).

    ``method`` is the one by which it tried, as RFC 7591 calls it.
    """

    __tablename__ = "client_refusals"

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(32))
    refusals: Mapped[int]
    refused_at: Mapped[datetime] = mapped_column(Instant)


class InitialAccessToken(Base):
    """Who has it may register applications of the tenant; of no tenant: for everybody's people (RFC 7591)."""

    __tablename__ = "initial_access_tokens"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None] = mapped_column(String(100))
    """What it is for, in the words of whoever made it in the console."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Consent(Base):
    """The scopes that a user allowed a third-party application."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("user_id", "client_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


class AuthorizationGrant(Base):
    """One answer to an authorization request: its code, and the family of tokens that grew from it.

    ``login`` is what the login was worth when the code was made (acr, amr, auth_time as seconds);
    ``request`` what the application asked and its tokens must repeat (nonce, claims, …).
    ``right_id`` is the membership, or the helpdesk's access, by which the user worked for a tenant that is not their own.
    ``session_id`` is null once the ended session has been swept away: offline access outlives it.
    """

    __tablename__ = "authorization_grants"
    __table_args__ = (
        Index("ix_authorization_grants_user_id", "user_id"),
        Index(
            "ix_authorization_grants_right_id",
            "right_id",
            postgresql_where=text("right_id IS NOT NULL"),
            sqlite_where=text("right_id IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    session_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("browser_sessions.id", ondelete="SET NULL"), index=True
    )
    right_id: Mapped[uuid.UUID | None]
    user_epoch: Mapped[int]
    scope: Mapped[str] = mapped_column(Text)
    login: Mapped[dict[str, Any]] = mapped_column(JSON)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    redirect_uri: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_challenge: Mapped[str | None] = mapped_column(String(128))
    code_expires_at: Mapped[datetime] = mapped_column(Instant)
    code_used_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    client: Mapped[Client] = relationship(lazy="joined", innerjoin=True)


class DeviceState(enum.StrEnum):
    """What the person said to a device's request."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"


class DeviceAuthorization(Base):
    """A device that waits for a person to allow it (RFC 8628). ``request`` is what its application asked.

    ``device_code_hash`` is also where its authorization's code is found once it is allowed. The user code is short, so
    that only a keyed digest of it is kept. ``interval`` is how many seconds the device leaves between two questions.
    """

    __tablename__ = "device_authorizations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    device_code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_code_hash: Mapped[str] = mapped_column(String(64), index=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[DeviceState] = mapped_column(
        Enum(DeviceState, native_enum=False, length=16, values_callable=lambda e: [m.value for m in e]),
        default=DeviceState.WAITING,
    )
    interval: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)

    client: Mapped[Client] = relationship(lazy="joined", innerjoin=True)


class RefreshToken(Base):
    """A refresh token of a grant; of a family only the newest is unused (RFC 9700 section 4.14)."""

    __tablename__ = "refresh_tokens"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("authorization_grants.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    issued_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


THE_PAIRWISE_KEY = 1


class PairwiseKey(Base):
    """The key of pairwise subjects, as 64 hexadecimal digits: one row, made by the migration, never changed."""

    __tablename__ = "pairwise_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64))


class KeyState(enum.StrEnum):
    """The life of a signing key."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    REVOKED = "revoked"


class SigningKey(Base):
    """A key that signs tokens.

    ``signs`` is unique and says the key's place: "RS256" for the active key of RS256, "RS256 next" for the one that
    will take over, null for those that have had their time.
    """

    __tablename__ = "signing_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    algorithm: Mapped[str] = mapped_column(String(16))
    signs: Mapped[str | None] = mapped_column(String(16), unique=True)
    state: Mapped[KeyState] = mapped_column(
        Enum(KeyState, native_enum=False, length=16, values_callable=lambda e: [m.value for m in e])
    )
    private_sealed: Mapped[str] = mapped_column(Text)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    activated_at: Mapped[datetime | None] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
