"""Questions about tenants. Disabled tenants are unknown to everybody but the operator."""

import uuid

import sqlalchemy as sa

from idp.platform.extensions import db
from idp.platform.secrets import sealer
from idp.tenancy.models import Membership, Tenant


def by_slug(slug: str) -> Tenant | None:
    """The enabled tenant of that slug."""
    return db.session.scalar(sa.select(Tenant).where(Tenant.slug == slug, Tenant.disabled_at.is_(None)))


def other_tenants(user_id: uuid.UUID) -> list[Tenant]:
    """The enabled tenants that the user works for besides the home tenant, by slug."""
    return list(db.session.scalars(_others(user_id).order_by(Tenant.slug)))


def names_of_others(user_id: uuid.UUID, at_most: int) -> tuple[list[str], int]:
    """The names of the first of these tenants, and how many there are beside them."""
    first = list(db.session.scalars(_others(user_id).order_by(Tenant.slug).limit(at_most)))
    number = db.session.scalar(sa.select(sa.func.count()).select_from(_others(user_id).subquery())) or 0
    return [tenant.name for tenant in first], number - len(first)


def _others(user_id: uuid.UUID) -> sa.Select[Tenant]:
    member = sa.select(Membership.tenant_id).where(Membership.user_id == user_id)
    return sa.select(Tenant).where(Tenant.id.in_(member), Tenant.disabled_at.is_(None))


def seal_owner(tenant_id: uuid.UUID) -> str:
    """Whom a sealed security code belongs to."""
    return f"security-code:{tenant_id}"


def security_code_of(tenant: Tenant) -> str:
    """The tenant's security code. Raises `SealBroken` when the ring lacks its key."""
    return sealer().open(tenant.security_code_sealed, seal_owner(tenant.id)).decode()


def which_security_code(tenant: Tenant) -> str | None:
    """A name for the tenant's present security code that tells nothing of it: when it was made. None: its first.

    It is compared for equality, so that no clock that was set back revives what an earlier code proved.
    """
    return tenant.security_code_at.isoformat() if tenant.security_code_at else None
