"""What a company's administrator chooses of its face, in one unit of work with its audit event. The caller commits."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from idp.audit.events import TenantChanged
from idp.audit.record import record
from idp.platform.extensions import db
from idp.tenancy.branding.logos import Logo
from idp.tenancy.models import Tenant, TenantLogo


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was chosen. `logo`: another one; `without_logo`: none any more; neither: it stays."""

    locale: str
    name: str | None
    colour: str | None
    logo: Logo | None = None
    without_logo: bool = False


def dress(tenant: Tenant, wanted: Wanted, actor_id: uuid.UUID) -> bool:
    """Give the company this face and language; False when it has them already."""
    before = {"locale": tenant.locale, **(tenant.branding or {})}
    after = {"locale": wanted.locale, "name": wanted.name, "colour": wanted.colour, "logo": _logo(before, wanted)}
    fields = [field for field, value in after.items() if value != before.get(field)]
    if not fields:
        return False
    if "logo" in fields:
        _keep(tenant, None if wanted.without_logo else wanted.logo)
    tenant.locale = wanted.locale
    tenant.branding = {name: value for name, value in after.items() if name != "locale" and value} or None
    record(TenantChanged(tenant_id=tenant.id, actor_id=actor_id, fields=fields))
    return True


def _logo(before: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any] | None:
    if wanted.without_logo:
        return None
    if wanted.logo is None:
        kept: Mapping[str, Any] | None = before.get("logo")
        return kept
    return {"digest": wanted.logo.digest, "width": wanted.logo.width, "height": wanted.logo.height}


def _keep(tenant: Tenant, logo: Logo | None) -> None:
    db.session.execute(sa.delete(TenantLogo).where(TenantLogo.tenant_id == tenant.id))
    if logo:
        db.session.add(TenantLogo(tenant_id=tenant.id, digest=logo.digest, content=logo.content))
