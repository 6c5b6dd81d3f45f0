"""Who is at work for a company at this moment: its live sessions, the last used first, page by page.

A page goes on after the last session of the page before, by the index of (tenant, last use).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from idp.accounts.models import User
from idp.login.models import BrowserSession
from idp.login.session.sessions import live
from idp.platform import clock
from idp.platform.extensions import db, there_is
from idp.tenancy.models import Tenant

PAGE = 50


@dataclass(frozen=True, slots=True)
class AtWork:
    """A live session and whose it is."""

    session: BrowserSession
    user: User


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them, and the session to go on after; None: these are the last."""

    at_work: Sequence[AtWork]
    after: uuid.UUID | None


def page_of(tenant_id: uuid.UUID, after: uuid.UUID | None = None, size: int = PAGE) -> Page:
    """The sessions that work for this tenant. One that lies idle too long is left out, so a page may be shorter."""
    statement = select(tenant_id).limit(size + 1)
    if after is not None:
        last = _of(tenant_id, after)
        older = (
            sa.false() if last is None else sa.tuple_(BrowserSession.seen_at, BrowserSession.id) < (last.seen_at, after)
        )
        statement = statement.where(older)
    found = [AtWork(session, user) for session, user in db.session.execute(statement)]
    more = found[size - 1].session.id if len(found) > size else None
    return Page([one for one in found[:size] if live(one.session)], more)


def numbers(tenant: Tenant, unused_for: Sequence[timedelta]) -> Sequence[int]:
    """How many sessions work for the tenant, then how many of them were not used for so long, for each of the times."""
    now = clock.now()
    same_epoch = there_is(
        sa.select(User.id).where(User.id == BrowserSession.user_id, User.epoch == BrowserSession.epoch)
    )
    number = sa.func.count()
    counted = sa.select(
        number, *(number.filter(BrowserSession.seen_at <= now - so_long) for so_long in unused_for)
    ).where(
        BrowserSession.tenant_id == tenant.id,
        BrowserSession.ended_at.is_(None),
        BrowserSession.seen_at > now - timedelta(minutes=tenant.session_idle_minutes),
        BrowserSession.expires_at > now,
        same_epoch,
    )
    return list(db.session.execute(counted).one())


def one_of(tenant_id: uuid.UUID, session_id: uuid.UUID) -> AtWork | None:
    """The open session of that id that works for this tenant; another tenant's is as unknown as none."""
    found = db.session.execute(select(tenant_id).where(BrowserSession.id == session_id)).one_or_none()
    return None if found is None else AtWork(*found)


def select(tenant_id: uuid.UUID) -> sa.Select[BrowserSession, User]:
    """The open sessions of the tenant, with their users."""
    opened = sa.select(BrowserSession, User).join(User, User.id == BrowserSession.user_id)
    mine = opened.where(
        BrowserSession.tenant_id == tenant_id,
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at > clock.now(),
        BrowserSession.epoch == User.epoch,
    )
    return mine.order_by(BrowserSession.seen_at.desc(), BrowserSession.id.desc())


def _of(tenant_id: uuid.UUID, session_id: uuid.UUID) -> BrowserSession | None:
    """A session of the tenant, ended or not, to go on after."""
    found = db.session.get(BrowserSession, session_id)
    return found if found is not None and found.tenant_id == tenant_id else None
