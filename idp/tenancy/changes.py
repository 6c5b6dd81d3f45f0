"""Changes to a tenant's security. Each writes its audit event in the same unit of work; the caller commits."""

import secrets
import uuid
from dataclasses import asdict

import sqlalchemy as sa

from idp import clock
from idp.audit.events import PolicyChanged, SecurityCodeRotated
from idp.audit.record import record
from idp.extensions import db
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Policy
from idp.tenancy.queries import seal_owner
from idp.vault import sealer

DIGITS = 6


def change_policy(tenant: Tenant, policy: Policy, actor_id: uuid.UUID | None = None) -> bool:
    """Put the tenant under this policy; False when it already is.

    Limiting the validity of two-factor moves the tenant's epoch on, and so does lifting the limit: the
    known-IP grants of before never count again, wherever a copy of them is cached.
    """
    before, after = asdict(tenant.policy), asdict(policy)
    changed = {name: value for name, value in after.items() if before[name] != value}
    if not changed:
        return False
    for name, value in changed.items():
        setattr(tenant, name, value)
    if "limit_two_factor_validity" in changed:
        next_epoch(tenant)
    record(PolicyChanged(tenant_id=tenant.id, actor_id=actor_id, changed=changed))
    return True


def rotate_security_code(tenant: Tenant, code: str | None = None, actor_id: uuid.UUID | None = None) -> str:
    """Give the tenant another security code, a made-up one by default; known-IP grants end."""
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


def next_epoch(tenant: Tenant) -> None:
    """Move the tenant's epoch on, in the database's own arithmetic so that no step of it is lost."""
    db.session.flush()
    db.session.execute(sa.update(Tenant).where(Tenant.id == tenant.id).values(epoch=Tenant.epoch + 1))
    db.session.refresh(tenant, ["epoch"])
