"""Asking the people without a second factor, by mail, to set one up. The caller commits.

    remind ───▶ whoever has none, and was not asked within a day: an audit event and an errand each, so many at once
    mail_for ─▶ (a worker) still without one, still here? ─▶ the mail

The audit event is what says that somebody was asked. Whoever asks holds the company's lock (`administration.lock`), so
that of two administrators at the same moment the second one finds everybody asked.
"""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from idp import clock, outbox
from idp.accounts.models import User
from idp.accounts.notices import recipient
from idp.accounts.passkeys import has_second_factor
from idp.accounts.queries import by_id, may_log_in, unsafe
from idp.audit.events import TwoFactorReminded
from idp.audit.models import AuditEvent
from idp.audit.record import record_all
from idp.extensions import db
from idp.outbox.errands import PersonWithoutTwoFactor
from idp.outbox.mail.letters import SetUpTwoFactor
from idp.outbox.mail.render import one_line
from idp.tenancy.models import Tenant

ONCE_IN: Final = timedelta(days=1)
AT_ONCE: Final = 500
"""So many by one press of the button; the others by the next one."""


def anybody_to_remind(tenant: Tenant) -> bool:
    """Whether there is somebody who can be asked now."""
    return bool(db.session.scalar(sa.select(_to_remind(tenant).exists())))


def remind(tenant: Tenant, actor: User) -> int:
    """Ask them, and say how many."""
    people = list(db.session.scalars(_to_remind(tenant).order_by(User.name, User.id).limit(AT_ONCE)))
    if people:
        record_all(TwoFactorReminded(tenant_id=tenant.id, user_id=user.id, actor_id=actor.id) for user in people)
        outbox.ask_all(PersonWithoutTwoFactor(person_id=str(user.id), by=actor.name) for user in people)
    return len(people)


def mail_for(errand: PersonWithoutTwoFactor) -> SetUpTwoFactor | None:
    """The mail for whoever still has none."""
    user = by_id(errand.person_id)
    if user is None or not may_log_in(user) or has_second_factor(user, user.tenant.policy):
        return None
    return SetUpTwoFactor(
        to=recipient(user), at=clock.now(), by=one_line(errand.by), company=one_line(user.tenant.name)
    )


def _to_remind(tenant: Tenant) -> sa.Select[User]:
    """Whoever is invited has no password yet, and is led to it by the invitation."""
    reminded = sa.exists().where(
        AuditEvent.user_id == User.id,
        AuditEvent.kind == TwoFactorReminded.kind,
        AuditEvent.at > clock.now() - ONCE_IN,
    )
    return unsafe(tenant).where(User.invited_at.is_(None), ~reminded)
