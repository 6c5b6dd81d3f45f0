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

import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from idp import clock, outbox
from idp.accounts import administration
from idp.accounts.models import User
from idp.accounts.notices import recipient
from idp.accounts.passkeys import has_second_factor
from idp.accounts.queries import by_id, may_log_in, unsafe
from idp.audit.events import TwoFactorReminded
from idp.audit.models import AuditEvent
from idp.audit.record import record_all
from idp.extensions import changed, db, there_is
from idp.outbox.errands import CompanyToRemind, Errand, PersonToRemind, PersonWithoutTwoFactor
from idp.outbox.mail.letters import SetUpTwoFactor, TwoFactorSoon
from idp.outbox.mail.render import one_line
from idp.tenancy import policy
from idp.tenancy.models import Tenant

ONCE_IN: Final = timedelta(days=1)
AT_ONCE: Final = 500
"""So many by one press of the button; the others by the next one."""


def anybody_to_remind(tenant: Tenant) -> bool:
    """Whether there is somebody who can be asked now."""
    return bool(db.session.scalar(sa.select(_to_remind(tenant).exists())))


def remind(tenant: Tenant, actor: User) -> int:
    """Ask them, and say how many."""
    return len(_ask(tenant, actor.id, lambda user: PersonWithoutTwoFactor(person_id=str(user.id), by=actor.name)))


def announce(tenant: Tenant, actor: User) -> None:
    """Let a worker tell them of the day from which two-factor is mandatory, if it is still to come."""
    if day := tenant.mandatory_soon:
        outbox.ask(CompanyToRemind(tenant_id=str(tenant.id), day=day.isoformat(), actor_id=str(actor.id)))


def begin_due(most: int) -> int:
    """Begin so many of the reminders that are due; return how many."""
    now = clock.now()
    coming = sa.select(Tenant).where(Tenant.disabled_at.is_(None), Tenant.two_factor_mandatory_from > policy.today(now))
    due = sa.or_(*(_is_due(days, policy.reminder_day(now)) for days in policy.REMINDERS))
    return sum(_begin(tenant, now) for tenant in db.session.scalars(coming.where(due).limit(most)).all())


def carry_out(errand: CompanyToRemind) -> None:
    """Ask the company's people, a heap of them; the others by another errand."""
    tenant = db.session.get(Tenant, uuid.UUID(errand.tenant_id))
    if tenant is None or not _stands(tenant, errand.day):
        return
    administration.lock(tenant)
    actor_id = uuid.UUID(errand.actor_id) if errand.actor_id else None
    asked = _ask(tenant, actor_id, lambda user: PersonToRemind(person_id=str(user.id), day=errand.day))
    if len(asked) == AT_ONCE:
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


def _begin(tenant: Tenant, now: datetime) -> bool:
    """Take the reminder, and leave the rest to an errand; False when another worker took it."""
    day = tenant.two_factor_mandatory_from
    days = policy.reminded_until(day, now) if day else None
    if day is None or days is None:
        return False
    still = Tenant.two_factor_mandatory_from == day, _is_left(days)
    mine = sa.update(Tenant).where(Tenant.id == tenant.id, *still)
    if not changed(mine.values(two_factor_reminded=days)):
        return False
    outbox.ask(CompanyToRemind(tenant_id=str(tenant.id), day=day.isoformat()))
    return True


def _ask(tenant: Tenant, actor_id: uuid.UUID | None, errand: Callable[[User], Errand]) -> Sequence[User]:
    """Ask so many of those who can be asked now."""
    people = db.session.scalars(_to_remind(tenant).order_by(User.name, User.id).limit(AT_ONCE)).all()
    if people:
        record_all(TwoFactorReminded(tenant_id=tenant.id, user_id=user.id, actor_id=actor_id) for user in people)
        outbox.ask_all(errand(user) for user in people)
    return people


def _to_remind(tenant: Tenant) -> sa.Select[User]:
    """Whoever is invited has no password yet, and is led to it by the invitation."""
    reminded = sa.select(AuditEvent.id).where(
        AuditEvent.user_id == User.id,
        AuditEvent.kind == TwoFactorReminded.kind,
        AuditEvent.at > clock.now() - ONCE_IN,
    )
    return unsafe(tenant).where(User.invited_at.is_(None), ~there_is(reminded))
