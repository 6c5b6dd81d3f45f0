"""Changes to a tenant's security. Each writes its audit event in the same unit of work; the caller commits."""

import secrets
import uuid
from dataclasses import asdict
from datetime import date

import sqlalchemy as sa

from idp import outbox
from idp.audit.events import (
    PolicyChanged,
    SecurityCodeRotated,
    TenantDisabled,
    TwoFactorDayMoved,
    TwoFactorDayRemoved,
    TwoFactorDaySet,
)
from idp.audit.events.base import Event
from idp.audit.record import record
from idp.outbox.jobs import CompanyDisabled
from idp.platform import clock
from idp.platform.extensions import db
from idp.platform.secrets import sealer
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Plan, reminded_until
from idp.tenancy.queries import seal_owner

DIGITS = 6


def change_policy(tenant: Tenant, plan: Plan, actor_id: uuid.UUID | None = None) -> bool:
    """Put the tenant under what was decided; False when it already is.

    Limiting the validity of two-factor moves the tenant's epoch on, and so does lifting the limit: the
    known-IP grants of before never count again, wherever a copy of them is cached.
    """
    switched = _switch(tenant, plan, actor_id)
    return _set_day(tenant, plan.two_factor_mandatory_from, actor_id) or switched


def _switch(tenant: Tenant, plan: Plan, actor_id: uuid.UUID | None) -> bool:
    before, after = asdict(tenant.plan.policy), asdict(plan.policy)
    changed = {name: value for name, value in after.items() if before[name] != value}
    if not changed:
        return False
    for name, value in changed.items():
        setattr(tenant, name, value)
    if "limit_two_factor_validity" in changed:
        next_epoch(tenant)
    record(PolicyChanged(tenant_id=tenant.id, actor_id=actor_id, changed=changed))
    return True


def _set_day(tenant: Tenant, day: date | None, actor_id: uuid.UUID | None) -> bool:
    """Reminders whose time is over by now are not sent for the new day."""
    before = tenant.two_factor_mandatory_from
    if day == before:
        return False
    tenant.two_factor_mandatory_from = day
    tenant.two_factor_reminded = reminded_until(day, clock.now()) if day else None
    record(_day_changed(tenant.id, actor_id, before, day))
    return True


def _day_changed(tenant_id: uuid.UUID, actor_id: uuid.UUID | None, before: date | None, after: date | None) -> Event:
    match before, after:
        case None, date():
            return TwoFactorDaySet(tenant_id=tenant_id, actor_id=actor_id, day=after.isoformat())
        case date(), date():
            days = before.isoformat(), after.isoformat()
            return TwoFactorDayMoved(tenant_id=tenant_id, actor_id=actor_id, before=days[0], after=days[1])
        case _:
            return TwoFactorDayRemoved(tenant_id=tenant_id, actor_id=actor_id, day=str(before))


def rotate_security_code(tenant: Tenant, code: str | None = None, actor_id: uuid.UUID | None = None) -> str:
    """Give the tenant another security code, a made-up one by default; known-IP grants end.

    What sessions and logins under way proved with the old one counts no more (`which_security_code`).
    """
    code = code or made_up_code()
    tenant.security_code_sealed = seal_security_code(tenant.id, code)
    tenant.security_code_at = clock.now()
    next_epoch(tenant)
    record(SecurityCodeRotated(tenant_id=tenant.id, actor_id=actor_id))
    return code


def seal_security_code(tenant_id: uuid.UUID, code: str) -> str:
    """The code as its tenant's row keeps it."""
    return sealer().seal(code.encode(), seal_owner(tenant_id))


def made_up_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def disable(tenant: Tenant) -> bool:
    """Let nobody of the tenant log in, and nobody work for it; False when that is so already."""
    if tenant.disabled_at is not None:
        return False
    tenant.disabled_at = clock.now()
    next_epoch(tenant)
    record(TenantDisabled(tenant_id=tenant.id))
    outbox.ask(CompanyDisabled(tenant_id=str(tenant.id), at=tenant.disabled_at.isoformat()))
    return True


def next_epoch(tenant: Tenant) -> None:
    """Move the tenant's epoch on, in the database's own arithmetic so that no step of it is lost."""
    db.session.flush()
    db.session.execute(sa.update(Tenant).where(Tenant.id == tenant.id).values(epoch=Tenant.epoch + 1))
    db.session.refresh(tenant, ["epoch"])
