"""Sessions that are over although nobody was there to end them. `idp worker` ends them by name.

    too old · unused for too long ────────────────────────────▶ over(): a batch, each ended like any other
    of a company that was disabled, or working for it ────────▶ of_company(): a batch
    the user's proof moved on (another password, disabled, …) ─▶ outdated(): all of that user's

Such a session is worthless from its moment on, whether it was swept or not: it is judged at every use. Sweeping writes down
that it ended, and tells whoever has something of it. A company that shortens its longest session is obeyed at once at
every use; a session that nobody uses is swept when it has been idle for too long.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp import clock
from idp.accounts.models import User
from idp.extensions import db
from idp.login import session as sessions
from idp.login.models import BrowserSession
from idp.tenancy.models import Tenant


def over(most: int) -> int:
    """End so many of the sessions that are over; return how many there were. The caller commits."""
    ended = 0
    for because, which in _over(clock.now()):
        rows = which.limit(most - ended).with_for_update(of=BrowserSession, skip_locked=True)
        for session in db.session.scalars(rows).all():
            sessions.end(session, because)
            ended += 1
    return ended


def of_company(tenant_id: uuid.UUID, before: datetime, most: int) -> int:
    """End so many of the sessions of a company's people, and of those that work for it, that were there by then.

    Return how many there were. The caller commits.
    """
    of_its_people = BrowserSession.user_id.in_(sa.select(User.id).where(User.tenant_id == tenant_id))
    mine = sa.or_(BrowserSession.tenant_id == tenant_id, of_its_people)
    rows = _open().where(mine, BrowserSession.created_at <= before).limit(most)
    found = db.session.scalars(rows.with_for_update(of=BrowserSession, skip_locked=True)).all()
    for session in found:
        sessions.end(session, "tenant_disabled")
    return len(found)


def outdated(user: User) -> None:
    """End the user's sessions that rest on a proof of before. The caller commits."""
    theirs = _open().where(BrowserSession.user_id == user.id, BrowserSession.epoch != user.epoch)
    for session in db.session.scalars(theirs).all():
        sessions.end(session, "proof_ended")


def _over(now: datetime) -> Iterator[tuple[str, sa.Select[BrowserSession]]]:
    yield "expired", _open().where(BrowserSession.expires_at <= now)
    for minutes in db.session.scalars(sa.select(Tenant.session_idle_minutes).distinct()).all():
        unused = _open().where(BrowserSession.seen_at <= now - timedelta(minutes=minutes))
        theirs = sa.select(Tenant.id).where(Tenant.session_idle_minutes == minutes)
        yield "idle", unused.where(BrowserSession.tenant_id.in_(theirs))


def _open() -> sa.Select[BrowserSession]:
    return sa.select(BrowserSession).where(BrowserSession.ended_at.is_(None))
