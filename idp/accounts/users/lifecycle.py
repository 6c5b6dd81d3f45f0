"""The life of a user: comes to be, gets a password, is disabled, is enabled again. The caller commits.

    create_user ──▶ enabled ◀── enable ── disabled
                       └────── disable ──────▲

Whatever ends a person's proof (another password, being disabled) moves the user's two epochs on: sessions, evidence,
refresh tokens and known-IP grants of an older epoch are worthless from that commit on, wherever a copy of them lies.
A worker then ends them by name, and tells whoever holds something of them.
"""

import uuid
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from idp import outbox
from idp.accounts.models import WORK_ELSEWHERE, User, UserType
from idp.accounts.users import notices, usernames
from idp.audit.events import PasswordChanged, UserCreated, UserDisabled, UserEnabled
from idp.audit.record import record
from idp.outbox.jobs import ProofEnded, WorkElsewhereEnded
from idp.platform import clock
from idp.platform.extensions import db
from idp.tenancy.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What a user begins with. Without a password nobody can log in."""

    username: str
    name: str
    email: str
    type: UserType = UserType.EMPLOYEE
    locale: str | None = None
    two_factor_every_30_days: bool = False
    password_hash: str | None = None
    phone: str | None = None
    address: dict[str, str] | None = None


def create_user(tenant: Tenant, new: NewUser, actor_id: uuid.UUID | None = None) -> User:
    """A new user of this home tenant. Raises `IntegrityError` when the name is taken."""
    user = User(tenant=tenant, **columns(tenant, new))
    db.session.add(user)
    db.session.flush()
    record(UserCreated(tenant_id=tenant.id, user_id=user.id, actor_id=actor_id, username=new.username))
    return user


def columns(tenant: Tenant, new: NewUser) -> dict[str, Any]:
    """What the row of a new user says."""
    return {"id": uuid.uuid4(), "tenant_id": tenant.id, "username_key": usernames.key(new.username), **asdict(new)}


def set_password(user: User, password_hash: str, actor_id: uuid.UUID | None = None, *, checked: bool = False) -> None:
    """Another password: sessions, grants and refresh tokens of before end. The user is told by mail.

    It is a hash because hashing takes long: whoever calls this hashed before the first write of the unit of work, when
    nobody waited for its lock. `checked`: it was asked of the service of breached passwords, which does not know it.
    """
    user.password_hash, user.password_checked_at = password_hash, clock.now() if checked else None
    user.invited_at = None
    next_epoch(user)
    record(PasswordChanged(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor_id))
    notices.password_changed(user)


def disable(user: User, actor_id: uuid.UUID | None = None) -> bool:
    """End the user's login, sessions, grants and refresh tokens at once; False when that is done already."""
    if user.disabled_at is not None:
        return False
    user.disabled_at = clock.now()
    next_epoch(user)
    record(UserDisabled(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor_id))
    return True


def set_type(user: User, to: UserType) -> None:
    """Make the user somebody else in the company. Only some types work for other companies."""
    if user.type in WORK_ELSEWHERE and to is not user.type:
        outbox.ask(WorkElsewhereEnded(user_id=str(user.id), at=clock.now().isoformat()))
    user.type = to


def enable(user: User, actor_id: uuid.UUID | None = None) -> bool:
    """Let a disabled user log in again, from nothing; False when the user is not disabled."""
    if user.disabled_at is None:
        return False
    user.disabled_at = None
    record(UserEnabled(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor_id))
    return True


def next_epoch(user: User) -> None:
    """Move both epochs on, in the database's own arithmetic so that no step of them is lost."""
    moved = sa.update(User).where(User.id == user.id)
    db.session.execute(moved.values(epoch=User.epoch + 1, grants_epoch=User.grants_epoch + 1))
    db.session.refresh(user, ["epoch", "grants_epoch"])
    outbox.ask(ProofEnded(user_id=str(user.id), at=clock.now().isoformat()))
