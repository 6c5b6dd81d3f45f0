"""Invitations: somebody becomes a user by choosing a password themselves; nobody else ever knows one.

    invite ─────▶ a user without a password, and an errand in the outbox
    mail_for ───▶ (a worker) still invited? ─▶ a one-time link for 24 hours, by mail
    invite_to_choose ▶ (the operator) somebody whom a file made without a password, as the first administrator of a company
    send_again ─▶ the links of before end, and there is a new errand; a few an hour for one person
    withdraw ───▶ the user is gone, and every link with them
    accept ─────▶ the link is spent, the password is the first one; nobody is logged in by it

Withdrawing and sending again ask in one statement whether the person is still invited, so that whoever accepts at the
same moment is a user, or too late, and nothing in between. The caller commits.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from idp import outbox, shortlived
from idp.accounts import links
from idp.accounts.links import FoundLink, Purpose
from idp.accounts.models import User, UserType
from idp.accounts.users import lifecycle
from idp.accounts.users.lifecycle import NewUser
from idp.accounts.users.notices import recipient
from idp.accounts.users.queries import by_id, may_log_in
from idp.audit.events import Event, InvitationAccepted, InvitationMailed, InvitationWithdrawn, UserCreated, UserInvited
from idp.audit.record import record, record_all
from idp.outbox.jobs import PersonInvited
from idp.outbox.mail.messages import Invitation
from idp.outbox.mail.render import one_line
from idp.platform import clock, settings
from idp.platform.extensions import changed, db, upsert
from idp.tenancy.models import Tenant

PATH = "/invitation"
LIFETIME = timedelta(hours=24)
FOR_A_PERSON = (5, timedelta(hours=1))


def invite(tenant: Tenant, new: NewUser, actor: User) -> User | None:
    """Invite somebody to be a user of this company; None, and all rolled back, when the username is taken."""
    try:
        user = lifecycle.create_user(tenant, new, actor.id)
    except IntegrityError:
        db.session.rollback()
        return None
    user.invited_at = clock.now()
    _ask(user, actor)
    return user


def invite_all(tenant: Tenant, people: Iterable[NewUser], actor: User) -> frozenset[str]:
    """Invite many, in few statements; return the keys of the usernames that are theirs now, and no longer free.

    Whoever has a username of somebody is left out. By the order of the keys, so that two who invite the same people at the
    same moment wait for one another, and never in a circle.
    """
    rows = sorted(
        ({**lifecycle.columns(tenant, new), "invited_at": clock.now()} for new in people),
        key=itemgetter("username_key"),
    )
    free = upsert(User).on_conflict_do_nothing(index_elements=["username_key"]).returning(User.username_key)
    invited = frozenset(db.session.scalars(free, rows))
    made = [row for row in rows if row["username_key"] in invited]
    record_all(event for row in made for event in _events(row, actor))
    outbox.ask_all(PersonInvited(invited_id=str(row["id"]), by=actor.name) for row in made)
    return invited


def invite_to_choose(user: User) -> bool:
    """Invite a user who has no password yet, and end the links of before; False when there is one.

    It is how a company gets its first administrator, whom nobody of the company can invite.
    """
    still = sa.update(User).where(User.id == user.id, User.password_hash.is_(None))
    if not changed(still.values(invited_at=clock.now())):
        return False
    lifecycle.next_epoch(user)
    outbox.ask(PersonInvited(invited_id=str(user.id), by=user.tenant.name))
    record(UserInvited(tenant_id=user.tenant_id, user_id=user.id))
    return True


def send_again(user: User, actor: User) -> bool:
    """Mail a new link, and end those of before; False when it was accepted, or mailed often enough for now."""
    if not shortlived.room("invitation", str(user.id), *FOR_A_PERSON):
        return False
    still = sa.update(User).where(User.id == user.id, User.invited_at.is_not(None)).values(invited_at=clock.now())
    if not changed(still):
        return False
    lifecycle.next_epoch(user)
    _ask(user, actor)
    return True


def withdraw(user: User, actor: User) -> bool:
    """Take the invitation back; False when it was accepted already."""
    event = InvitationWithdrawn(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor.id, username=user.username)
    if not changed(sa.delete(User).where(User.id == user.id, User.invited_at.is_not(None))):
        return False
    db.session.expunge(user)
    record(event)
    return True


def mail_for(errand: PersonInvited) -> Invitation | None:
    """The mail for whoever is still invited, with a new link. The caller commits."""
    user = by_id(errand.invited_id)
    if user is None or user.invited_at is None or not may_log_in(user):
        return None
    token = links.make(user, Purpose.INVITATION, LIFETIME)
    record(InvitationMailed(tenant_id=user.tenant_id, user_id=user.id))
    return Invitation(
        to=recipient(user),
        at=clock.now(),
        by=one_line(errand.by),
        tenant=one_line(user.tenant.name),
        username=user.username,
        link=f"{settings.current().issuer}{PATH}/{token}",
        hours=int(LIFETIME.total_seconds()) // 3600,
        administrator=user.type is UserType.ADMINISTRATOR,
    )


def find(token: str) -> FoundLink | None:
    """Whose invitation that is, while it may be accepted."""
    return links.find(token, Purpose.INVITATION)


def accept(link: FoundLink, password_hash: str, *, checked: bool = False) -> bool:
    """Spend the link for a first password; False when somebody was faster. The caller commits, or rolls back.

    `password_hash`, `checked`: as in `lifecycle.set_password`.
    """
    if not links.spend(link):
        return False
    user = link.user
    user.password_hash = password_hash
    user.password_checked_at = clock.now() if checked else None
    user.invited_at = None
    lifecycle.next_epoch(user)
    record(InvitationAccepted(tenant_id=user.tenant_id, user_id=user.id))
    return True


def _ask(user: User, actor: User) -> None:
    outbox.ask(PersonInvited(invited_id=str(user.id), by=actor.name))
    record(UserInvited(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor.id))


def _events(row: Mapping[str, Any], actor: User) -> tuple[Event, ...]:
    """What the log says of a user who was made by an invitation."""
    who = {"tenant_id": row["tenant_id"], "user_id": row["id"], "actor_id": actor.id}
    return UserCreated(**who, username=row["username"]), UserInvited(**who)
