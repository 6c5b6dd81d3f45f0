"""Sessions that are over although nobody was there to end them. `idp worker` ends them by name.

    too old · unused for too long ────────────────────────────▶ over(), each ended like any other
    of a company that was disabled, or working for it ────────▶ of_company()
    the user's proof moved on (another password, disabled, …) ─▶ outdated(): all of that user's

Such a session is worthless from its moment on, whether it was swept or not: it is judged at every use. Sweeping writes down
that it ended, and tells whoever has something of it. A company that shortens its longest session is obeyed at once at
every use; a session that nobody uses is swept when it has been idle for too long.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from idp.accounts.models import User
from idp.login.models import BrowserSession
from idp.login.session import sessions
from idp.platform import batches, clock
from idp.platform.extensions import db
from idp.tenancy.models import Tenant

Which = tuple[sa.ColumnElement[bool], ...]
_OPEN: Final = BrowserSession.ended_at.is_(None)


def over(stop: threading.Event) -> int:
    """End the sessions that are over; return how many there were. Commits, again and again."""
    return sum(_end_all(which, because, stop) for because, which in _over(clock.now()))


def of_company(tenant_id: uuid.UUID, before: datetime) -> None:
    """End the sessions of a company's people, and those that work for it, that were there by then.

    Commits, again and again.
    """
    of_its_people = BrowserSession.user_id.in_(sa.select(User.id).where(User.tenant_id == tenant_id))
    mine = sa.or_(BrowserSession.tenant_id == tenant_id, of_its_people)
    _end_all((mine, BrowserSession.created_at <= before), "tenant_disabled")


def outdated(user: User) -> None:
    """End the user's sessions that rest on a proof of before. Commits, again and again."""
    _end_all((BrowserSession.user_id == user.id, BrowserSession.epoch != user.epoch), "proof_ended")


def _over(now: datetime) -> Iterator[tuple[str, Which]]:
    yield "expired", (BrowserSession.expires_at <= now,)
    for minutes in db.session.scalars(sa.select(Tenant.session_idle_minutes).distinct()).all():
        theirs = sa.select(Tenant.id).where(Tenant.session_idle_minutes == minutes)
        unused = BrowserSession.seen_at <= now - timedelta(minutes=minutes)
        yield "idle", (unused, BrowserSession.tenant_id.in_(theirs))


def _end_all(which: Which, because: str, stop: threading.Event | None = None) -> int:
    def find(most: int) -> Sequence[uuid.UUID]:
        return db.session.scalars(sa.select(BrowserSession.id).where(_OPEN, *which).limit(most)).all()

    return batches.work_off(find, lambda session_id: _end(session_id, which, because), stop)


def _end(session_id: uuid.UUID, which: Which, because: str) -> int:
    """End that session if it is still one of these, unless another worker has it in hand; how many that were."""
    still = sa.select(BrowserSession).where(BrowserSession.id == session_id, _OPEN, *which)
    session = db.session.scalar(still.with_for_update(of=BrowserSession, skip_locked=True))
    if session is None:
        return 0
    sessions.end(session, because)
    return 1
