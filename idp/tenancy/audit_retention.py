"""How long a company keeps its audit log: a choice of its administrators, carried out by `idp worker`.

choose ──▶ the tenant's years, with an event of the change ──▶ due(): the moment before which its events go
remove ──▶ what is older, by the index of (tenant, moment)

Two years unless a company says otherwise: long enough for the yearly audit and for what comes to light after it, and no
longer than that asks (GDPR article 5(1)(e)). Seven years is how long a Dutch company keeps its books (article 52 of the
General State Taxes Act); a log of logins is not part of them, and where an auditor asks for it there is the choice. An
operator may have a floor. Figures by day are kept apart from the events, and name nobody.
"""

import threading
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from idp.audit.events import AuditRetentionChosen
from idp.audit.models import AuditEvent
from idp.audit.record import record
from idp.platform import batches, clock, settings
from idp.platform.extensions import db
from idp.tenancy.models import Tenant

DEFAULT: Final = 2
CHOICES: Final[Mapping[int, Any]] = {
    1: _l("one year"),
    2: _l("two years"),
    5: _l("five years"),
    7: _l("seven years"),
}


def choices() -> Mapping[int, Any]:
    """What a company may choose here, in words."""
    least = settings.current().audit_years
    return {years: words for years, words in CHOICES.items() if years >= least}


def years_of(tenant: Tenant) -> int:
    """How many years the tenant's events are kept: what it chose, and never less than the operator's floor."""
    return next(years for years in choices() if years >= tenant.audit_years)


def choose(tenant: Tenant, years: int, actor_id: uuid.UUID) -> None:
    """Keep the tenant's events so long from now on. The caller commits."""
    before = years_of(tenant)
    if years == before:
        return
    tenant.audit_years = years
    record(AuditRetentionChosen(tenant_id=tenant.id, actor_id=actor_id, years=years, before=before))


def due(years: int) -> datetime:
    """The moment so many years ago; of the 29th of February it is the 28th."""
    now = clock.now()
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - years, day=day)


def older(tenant_id: uuid.UUID, years: int) -> int:
    """How many of the tenant's events are older than that."""
    return db.session.scalar(sa.select(sa.func.count()).where(*_gone(tenant_id, years))) or 0


def remove(tenant_id: uuid.UUID | None, years: int, stop: threading.Event) -> int:
    """Remove the older events, of no company where none is named; say how many went. Commits, again and again."""
    return batches.remove(AuditEvent, *_gone(tenant_id, years), stop=stop)


def _gone(tenant_id: uuid.UUID | None, years: int) -> tuple[sa.ColumnElement[bool], ...]:
    return AuditEvent.tenant_id == tenant_id, AuditEvent.at < due(years)
