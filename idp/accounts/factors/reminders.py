"""Asking the people without a second factor, by mail, to set one up. The caller commits.

    remind ────▶ an administrator asks: whoever has none gets an errand and an audit event, so many at once
    begin_due ─▶ (a worker) 14, 7 and 1 days before two-factor becomes mandatory: an errand for the company, each once
    announce ──▶ an administrator who sets the day says: tell them now
                   │
                   ▼
    carry_out ─▶ (a worker) the company's people, heap by heap, as above
    mail_for, mail_before ─▶ (a worker) still without one, still here, still that day? ─▶ the mail

The audit event is what says that somebody was asked: whoever was within a day is not asked again, whatever the reason.
Whoever asks holds the company's lock (`administration.lock`), so that of two at the same moment the second one finds
everybody asked. Which reminder was the last stands with the company's day, and is moved on by one conditional statement.
"""

import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from idp import outbox
from idp.accounts.factors.passkeys import has_second_factor
from idp.accounts.models import User
from idp.accounts.users import administration
from idp.accounts.users.notices import recipient
from idp.accounts.users.queries import by_id, may_log_in, unsafe
from idp.audit.events import TwoFactorReminded
from idp.audit.models import AuditEvent
from idp.audit.record import record_all
from idp.outbox.jobs import CompanyToRemind, Errand, PersonToRemind, PersonWithoutTwoFactor
from idp.outbox.mail.messages import SetUpTwoFactor, TwoFactorSoon
from idp.outbox.mail.render import one_line
from idp.platform import batches, clock
from idp.platform.extensions import changed, db, there_is
from idp.tenancy import policy
from idp.tenancy.models import Tenant

ONCE_IN: Final = timedelta(days=1)
AT_ONCE: Final = 500
"""So many by one press of the button; the others by the next one."""
HEAP: Final = 50
"""So many by one errand: the company's lock is soon free again."""


def anybody_to_remind(tenant: Tenant) -> bool:
    """Whether there is somebody who can be asked now."""
    return bool(db.session.scalar(sa.select(_to_remind(tenant).exists())))


def remind(tenant: Tenant, actor: User) -> int:
    """Ask them, and say how many."""
    found = _some(tenant, AT_ONCE)
    return _ask(tenant, found, actor.id, lambda user_id: PersonWithoutTwoFactor(person_id=str(user_id), by=actor.name))


def announce(tenant: Tenant, actor: User) -> None:
    """Let a worker tell them of the day from which two-factor is mandatory, if it is still to come."""
    if day := tenant.mandatory_soon:
        outbox.ask(CompanyToRemind(tenant_id=str(tenant.id), day=day.isoformat(), actor_id=str(actor.id)))


def begin_due(stop: threading.Event) -> int:
    """Begin the reminders that are due; return how many. Commits, again and again."""
    now = clock.now()
    coming = sa.select(Tenant).where(Tenant.disabled_at.is_(None), Tenant.two_factor_mandatory_from > policy.today(now))
    due = sa.or_(*(_is_due(days, policy.reminder_day(now)) for days in policy.REMINDERS))

    def find(most: int) -> Sequence[Tenant]:
        return db.session.scalars(coming.where(due).limit(most)).all()

    return batches.work_off(find, lambda tenant: _begin(tenant, now), stop)


def carry_out(errand: CompanyToRemind) -> None:
    """Ask the company's people, a heap of them; the others by another errand."""
    tenant = db.session.get(Tenant, uuid.UUID(errand.tenant_id))
    if tenant is None or not _stands(tenant, errand.day):
        return
    actor_id = uuid.UUID(errand.actor_id) if errand.actor_id else None
    found = _some(tenant, HEAP)
    administration.lock(tenant)
    _ask(tenant, found, actor_id, lambda user_id: PersonToRemind(person_id=str(user_id), day=errand.day))
    if len(found) == HEAP:
        outbox.ask(errand)


def mail_for(errand: PersonWithoutTwoFactor) -> SetUpTwoFactor | TwoFactorSoon | None:
    """The mail for whoever still has none: with the day, where there is one to come."""
    user = by_id(errand.person_id)
    if user is None or not _needs_one(user):
        return None
    if day := user.tenant.mandatory_soon:
        return _soon(user, day.isoformat())
    return SetUpTwoFactor(
        to=recipient(user), at=clock.now(), by=one_line(errand.by), company=one_line(user.tenant.name)
    )


def mail_before(errand: PersonToRemind) -> TwoFactorSoon | None:
    """The mail for whoever still has none before that day."""
    user = by_id(errand.person_id)
    return _soon(user, errand.day) if user and _needs_one(user) and _stands(user.tenant, errand.day) else None


def _soon(user: User, day: str) -> TwoFactorSoon:
    return TwoFactorSoon(to=recipient(user), at=clock.now(), company=one_line(user.tenant.name), day=day)


def _needs_one(user: User) -> bool:
    return may_log_in(user) and not has_second_factor(user, user.tenant.policy)


def _stands(tenant: Tenant, day: str) -> bool:
    """Whether that day is still the one, and still to come."""
    soon = tenant.mandatory_soon
    return tenant.disabled_at is None and soon is not None and soon.isoformat() == day


def _is_due(days: int, morning: date) -> sa.ColumnElement[bool]:
    """Whether the reminder so many days before the company's day is due, and none so late was sent."""
    return sa.and_(Tenant.two_factor_mandatory_from <= morning + timedelta(days=days), _is_left(days))


def _is_left(days: int) -> sa.ColumnElement[bool]:
    return sa.or_(Tenant.two_factor_reminded.is_(None), Tenant.two_factor_reminded > days)


def _begin(tenant: Tenant, now: datetime) -> int:
    """Take the reminder, and leave the rest to an errand; how many that are: none when another worker took it."""
    day = tenant.two_factor_mandatory_from
    days = policy.reminded_until(day, now) if day else None
    if day is None or days is None:
        return 0
    still = Tenant.two_factor_mandatory_from == day, _is_left(days)
    mine = sa.update(Tenant).where(Tenant.id == tenant.id, *still)
    if not changed(mine.values(two_factor_reminded=days)):
        return 0
    outbox.ask(CompanyToRemind(tenant_id=str(tenant.id), day=day.isoformat()))
    return 1


def _some(tenant: Tenant, most: int) -> Sequence[uuid.UUID]:
    """So many of those who can be asked now, read before the lock is taken: in a large company it takes a while."""
    mine = _to_remind(tenant).with_only_columns(User.id, maintain_column_froms=True)
    return db.session.scalars(mine.order_by(User.name, User.id).limit(most)).all()


def _ask(
    tenant: Tenant, some: Sequence[uuid.UUID], actor_id: uuid.UUID | None, errand: Callable[[uuid.UUID], Errand]
) -> int:
    """Ask those of them who still can be asked, and say how many. Whoever calls holds the company's lock."""
    still = _to_remind(tenant).where(User.id.in_(some)).with_only_columns(User.id, maintain_column_froms=True)
    people = db.session.scalars(still.order_by(User.name, User.id)).all()
    if people:
        record_all(TwoFactorReminded(tenant_id=tenant.id, user_id=user_id, actor_id=actor_id) for user_id in people)
        outbox.ask_all(errand(user_id) for user_id in people)
    return len(people)


def _to_remind(tenant: Tenant) -> sa.Select[User]:
    """Whoever is invited has no password yet, and is led to it by the invitation."""
    reminded = sa.select(AuditEvent.id).where(
        AuditEvent.user_id == User.id,
        AuditEvent.kind == TwoFactorReminded.kind,
        AuditEvent.at > clock.now() - ONCE_IN,
    )
    return unsafe(tenant).where(User.invited_at.is_(None), ~there_is(reminded))
