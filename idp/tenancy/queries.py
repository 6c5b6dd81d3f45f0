"""Questions about tenants. Disabled tenants are unknown to everybody but the operator."""

import uuid

import sqlalchemy as sa

from idp.extensions import db
from idp.tenancy.models import Membership, Tenant
from idp.vault import sealer


def by_slug(slug: str) -> Tenant | None:
    """The enabled tenant of that slug."""
    return db.session.scalar(sa.select(Tenant).where(Tenant.slug == slug, Tenant.disabled_at.is_(None)))


def other_tenants(user_id: uuid.UUID) -> list[Tenant]:
    """The enabled tenants that the user works for besides the home tenant, by slug."""
    member = sa.select(Membership.tenant_id).where(Membership.user_id == user_id)
    found = sa.select(Tenant).where(Tenant.id.in_(member), Tenant.disabled_at.is_(None)).order_by(Tenant.slug)
    return list(db.session.scalars(found))


def seal_owner(tenant_id: uuid.UUID) -> str:
    """Whom a sealed security code belongs to."""
    return f"security-code:{tenant_id}"


def security_code_of(tenant: Tenant) -> str:
    """The tenant's security code. Raises `SealBroken` when the ring lacks its key."""
    return sealer().open(tenant.security_code_sealed, seal_owner(tenant.id)).decode()
