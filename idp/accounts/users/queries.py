"""Questions about users."""

import uuid
from datetime import datetime

import sqlalchemy as sa

from idp.accounts.factors import webauthn_ceremonies
from idp.accounts.models import Passkey, RecoveryCode, TotpDevice, User, UserType
from idp.accounts.users import directory, usernames
from idp.platform.extensions import db, there_is
from idp.tenancy.models import Tenant
from idp.tenancy.queries import other_tenants


def by_username(username: str) -> User | None:
    """The user of that name, over all tenants; disabled ones too."""
    if len(username) > usernames.LONGEST:
        return None
    return db.session.scalar(sa.select(User).where(User.username_key == usernames.key(username)))


def by_id(user_id: uuid.UUID | str) -> User | None:
    """The user of that id; disabled ones too. A text that is no id is nobody's."""
    try:
        found = user_id if isinstance(user_id, uuid.UUID) else uuid.UUID(user_id)
    except ValueError:
        return None
    return db.session.get(User, found)


def may_log_in(user: User) -> bool:
    """Whether neither the user nor their home tenant is disabled."""
    return user.disabled_at is None and user.tenant.disabled_at is None


def tenants_of(user: User) -> list[Tenant]:
    """The tenants that the user may work for: the home tenant, then the others by slug."""
    return [user.tenant, *other_tenants(user.id)]


def recovery_codes_left(user_id: uuid.UUID) -> int:
    """How many recovery codes the user has not used."""
    unused = sa.select(sa.func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(unused) or 0


def administrators_of(tenant_id: uuid.UUID, at_most: int = 50) -> list[User]:
    """The enabled administrators of the tenant, of very many the first."""
    able = _enabled(tenant_id).where(User.type == UserType.ADMINISTRATOR)
    return list(db.session.scalars(able.order_by(User.username_key).limit(at_most)))


def people_of(tenant_id: uuid.UUID) -> int:
    """How many enabled users have this home tenant."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(_enabled(tenant_id).subquery())) or 0


def not_here_since(tenant_id: uuid.UUID, moment: datetime, at_most: int) -> tuple[int, list[str]]:
    """How many enabled users have not logged in since that moment, and the names of the first of them."""
    absent = _enabled(tenant_id).where(sa.or_(User.last_login_at.is_(None), User.last_login_at < moment))
    number = db.session.scalar(sa.select(sa.func.count()).select_from(absent.subquery())) or 0
    names = absent.with_only_columns(User.name).order_by(directory.by_name(), User.id).limit(at_most)
    return number, list(db.session.scalars(names))


def unsafe(tenant: Tenant) -> sa.Select[User]:
    """The question for the enabled users of the tenant who have no second factor that counts."""
    return _enabled(tenant.id).where(~has_second_factor(tenant))


def passkeys_count(tenant: Tenant) -> bool:
    """Whether a passkey is a second factor in this company: it takes them, and this provider can."""
    return tenant.policy.passkeys and webauthn_ceremonies.offered()


def has_second_factor(tenant: Tenant) -> sa.ColumnElement[bool]:
    """Whether a user has a second factor that counts in this company."""
    by_totp = there_is(sa.select(TotpDevice.id).where(TotpDevice.user_id == User.id))
    by_passkey = there_is(sa.select(Passkey.id).where(Passkey.user_id == User.id))
    return sa.or_(by_totp, by_passkey) if passkeys_count(tenant) else by_totp


def _enabled(tenant_id: uuid.UUID) -> sa.Select[User]:
    return sa.select(User).where(*able_in(tenant_id))


def able_in(tenant_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of the enabled users whose home is this tenant."""
    return User.tenant_id == tenant_id, User.disabled_at.is_(None)
