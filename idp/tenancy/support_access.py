"""The helpdesk's access to a company: an administrator gives it for a month, everybody there sees who looked when.

    give ───▶ live, until the same day of the next month ──▶ over, by itself ─┐
                 ├── revoke ─▶ over at once ───────────────────────────────────┴─▶ a worker tells the applications
                 └── looked ─▶ a line of the history, in the unit of work that shows something

A company has one live access at most. One that is given again is another one: what was issued under the first stays dead.
"""

import calendar
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from idp import outbox
from idp.audit.events import HelpdeskAccessGiven, HelpdeskAccessRevoked
from idp.audit.record import record
from idp.outbox.jobs import RightEnded
from idp.platform import batches, clock
from idp.platform.extensions import db
from idp.tenancy.models import SupportAccess, SupportLook, Tenant

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class History:
    """Some of the looks, the newest first, and the number to go on before."""

    looks: Sequence[SupportLook]
    before: int | None


def is_live(now: datetime) -> sa.ColumnElement[bool]:
    """Whether an access counts at that moment."""
    return sa.and_(SupportAccess.revoked_at.is_(None), SupportAccess.given_at <= now, SupportAccess.expires_at > now)


def of(tenant_id: uuid.UUID) -> SupportAccess | None:
    """The live access to the tenant."""
    return db.session.scalar(sa.select(SupportAccess).where(SupportAccess.live_for == tenant_id, is_live(clock.now())))


def open_tenants() -> sa.Select[uuid.UUID]:
    """The ids of the tenants that let the helpdesk in."""
    return sa.select(SupportAccess.tenant_id).where(SupportAccess.live_for.is_not(None), is_live(clock.now()))


def give(tenant: Tenant, actor_id: uuid.UUID, actor_name: str) -> bool:
    """Let the helpdesk in for a month; False when it is let in already. The caller commits, or rolls back."""
    now = clock.now()
    until = a_month_after(now)
    _end(SupportAccess.live_for == tenant.id, SupportAccess.expires_at <= now)
    facts = {"tenant_id": tenant.id, "live_for": tenant.id, "given_by": actor_name}
    try:
        with db.session.begin_nested():
            db.session.add(SupportAccess(given_at=now, expires_at=until, **facts))
    except IntegrityError:
        return False
    record(HelpdeskAccessGiven(tenant_id=tenant.id, actor_id=actor_id, expires_at=until.isoformat()))
    return True


def revoke(tenant: Tenant, actor_id: uuid.UUID) -> bool:
    """End the live access at once; False when there is none. The caller commits."""
    now = clock.now()
    if not _end(SupportAccess.live_for == tenant.id, is_live(now), revoked_at=now):
        return False
    record(HelpdeskAccessRevoked(tenant_id=tenant.id, actor_id=actor_id))
    return True


def expire(stop: threading.Event) -> int:
    """Write down which accesses are over, so that the applications hear of it; how many. Commits, again and again."""
    over = SupportAccess.live_for.is_not(None), SupportAccess.expires_at <= clock.now()

    def find(most: int) -> Sequence[uuid.UUID]:
        return db.session.scalars(sa.select(SupportAccess.id).where(*over).limit(most)).all()

    return batches.work_off(find, lambda access_id: _end(SupportAccess.id == access_id, *over), stop)


def looked(tenant_id: uuid.UUID, user_id: uuid.UUID, name: str, what: str) -> None:
    """Note who of the helpdesk looked at what. The caller commits before anything is shown."""
    db.session.add(SupportLook(tenant_id=tenant_id, user_id=user_id, name=name, what=what[:200], at=clock.now()))


def history_of(tenant_id: uuid.UUID, before: int | None = None) -> History:
    """Who looked at the tenant when, page by page."""
    which = sa.select(SupportLook).where(SupportLook.tenant_id == tenant_id)
    if before is not None:
        which = which.where(SupportLook.id < before)
    found = list(db.session.scalars(which.order_by(SupportLook.id.desc()).limit(PAGE + 1)))
    return History(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def _end(*which: sa.ColumnElement[bool], revoked_at: datetime | None = None) -> int:
    """These accesses are over; say of how many that is new."""
    ended = sa.update(SupportAccess).where(*which).values(live_for=None, revoked_at=revoked_at)
    returning = ended.returning(SupportAccess.id)
    ids = db.session.scalars(returning, execution_options={"synchronize_session": False}).all()
    outbox.ask_all(RightEnded(right_id=str(access_id)) for access_id in ids)
    return len(ids)


def a_month_after(moment: datetime) -> datetime:
    """The same day of the next month, or its last one where it is shorter."""
    year, month = divmod(moment.year * 12 + moment.month, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
