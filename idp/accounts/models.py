"""Rows of users and their factors."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    event,
    inspect,
)
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from idp.platform import clock
from idp.platform.extensions import Base, Instant
from idp.tenancy.models import Tenant


class UserType(enum.StrEnum):
    """What a person is to their tenant."""

    EMPLOYEE = "employee"
    ADMINISTRATOR = "administrator"
    ACCOUNTANT = "accountant"
    SUPPORT = "support"


OF_A_COMPANY = frozenset(UserType) - {UserType.SUPPORT}
"""What an administrator may make of somebody. Of the helpdesk is only whom the operator imports as such."""

WORK_ELSEWHERE = frozenset({UserType.ACCOUNTANT, UserType.SUPPORT})
"""Who may work for other companies than their own, each by a right of their own."""


TOLD = (
    "username",
    "name",
    "given_name",
    "family_name",
    "email",
    "email_proved",
    "type",
    "phone",
    "address",
    "locale",
    "zoneinfo",
)
"""The columns of a user that applications are told of."""


class User(Base):
    """A person with one home tenant."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    username: Mapped[str] = mapped_column(String(150))
    username_key: Mapped[str] = mapped_column(String(600), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    family_name: Mapped[str | None] = mapped_column(String(200))
    """The two parts of the name as the person says them on their own page; nobody takes a name apart."""
    email: Mapped[str] = mapped_column(String(320))
    type: Mapped[UserType] = mapped_column(
        Enum(UserType, native_enum=False, length=16, values_callable=lambda e: [m.value for m in e])
    )
    email_proved: Mapped[str | None] = mapped_column(String(320))
    """The address whose mailbox the person was last shown to read: `idp.accounts.users.mailbox`."""
    email_proved_at: Mapped[datetime | None] = mapped_column(Instant)
    phone: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """By the members of the address claim (OpenID Connect Core section 5.1.1)."""
    locale: Mapped[str | None] = mapped_column(String(8))
    zoneinfo: Mapped[str | None] = mapped_column(String(64))
    """The time zone that the person chose; None: the company's."""
    password_hash: Mapped[str | None] = mapped_column(Text)
    password_checked_at: Mapped[datetime | None] = mapped_column(Instant)
    """When this password was chosen and the service of breached passwords said that it knows it not; None: nobody asked it."""
    two_factor_every_30_days: Mapped[bool] = mapped_column(default=False)
    block_new_ip: Mapped[bool | None]
    epoch: Mapped[int] = mapped_column(default=1)
    grants_epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    """When something of `TOLD` last changed: what the claim of that name says (OpenID Connect Core section 5.1)."""
    last_login_at: Mapped[datetime | None] = mapped_column(Instant)
    two_factor_put_off_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the user last said "later" to setting it up before it becomes mandatory."""
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    invited_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when an invitation waits for the person to choose a first password; None: none waits."""

    tenant: Mapped[Tenant] = relationship(lazy="joined", innerjoin=True)
    totp_devices: Mapped[list[TotpDevice]] = relationship(
        lazy="selectin", order_by="TotpDevice.created_at", cascade="all, delete-orphan"
    )

    passkeys: Mapped[list[Passkey]] = relationship(order_by="Passkey.created_at", cascade="all, delete-orphan")

    __table_args__ = (
        Index("ix_users_tenant_id_username_key", "tenant_id", "username_key"),
        Index("ix_users_tenant_id_last_login_at", "tenant_id", "last_login_at"),
    )


@event.listens_for(User, "before_update")
def _note_the_change(_mapper: Mapper[User], _connection: Connection, user: User) -> None:
    """Whoever changes what is told of a person, in whatever way, moves `updated_at`; a login moves nothing."""
    now = inspect(user).attrs
    if any(now[column].history.has_changes() for column in TOLD):
        user.updated_at = clock.now()


class TotpDevice(Base):
    """A confirmed authenticator. ``last_step`` is the newest 30-second step it was used for."""

    __tablename__ = "totp_devices"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    secret_sealed: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


class Passkey(Base):
    """A WebAuthn credential: its public key, and the newest count of signatures that its authenticator told.

    ``synced``: the key may be copied to other devices of the person, so that it is not of one piece of hardware.
    """

    __tablename__ = "passkeys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    synced: Mapped[bool]
    transports: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class ConnectCode(Base):
    """The code with which a company connects an accountant; each accountant has one at most. Used, it is gone."""

    __tablename__ = "connect_codes"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class RecoveryCode(Base):
    """One of ten codes for a lost phone. ``hint`` is its first two characters."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("ix_recovery_codes_user_id_hint", "user_id", "hint"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    hint: Mapped[str] = mapped_column(String(2))
    code_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
