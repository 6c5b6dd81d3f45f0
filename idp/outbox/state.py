"""How the outbox stands, for `idp check` and `idp outbox`; and a second chance for what was given up."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from idp.outbox.jobs import CHORES, ERRANDS
from idp.outbox.models import Queued
from idp.platform import clock
from idp.platform.extensions import db

LATE_AFTER = timedelta(minutes=15)
DEAD_FOR = timedelta(days=7)
"""How long a dead letter is reported; the row itself stays longer."""

_FAILED: Final = Queued.delivered_at.is_(None), sa.or_(Queued.dead_at.is_not(None), Queued.last_error.is_not(None))
"""What was tried in vain."""
_GIVEN_UP: Final = Queued.dead_at.is_not(None), Queued.payload_sealed.is_not(None)
_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class State:
    """How many mails wait and how many applications are yet to be told, which of that is late, what is dead of late."""

    waiting: int
    untold: int
    late: int
    dead: int
    last_error: str


def look(*, mails_go: bool) -> State:
    """Count. Where no mails go, the ones that wait are not late."""
    now = clock.now()
    chore, late = Queued.kind.in_(CHORES), Queued.due_at < now - LATE_AFTER
    newest = (
        sa.select(Queued.last_error).where(Queued.dead_at > now - DEAD_FOR).order_by(Queued.dead_at.desc()).limit(1)
    )
    return State(
        waiting=_count(Queued.due_at.is_not(None), ~chore),
        untold=_count(Queued.due_at.is_not(None), chore),
        late=_count(late) if mails_go else _count(late, chore),
        dead=_count(Queued.dead_at > now - DEAD_FOR),
        last_error=db.session.scalar(newest) or "",
    )


def undelivered(most: int) -> Sequence[Queued]:
    """What was given up, the newest first, then what waits, the next one first."""
    open_ones = sa.or_(Queued.dead_at.is_not(None), Queued.due_at.is_not(None))
    order = Queued.dead_at.is_(None), Queued.dead_at.desc(), Queued.due_at
    return db.session.scalars(sa.select(Queued).where(open_ones).order_by(*order).limit(most)).all()


def untold(application_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, int]:
    """How much each of these applications could not be told so far; those that know everything are left out."""
    mine = Queued.application_id.in_(application_ids), *_FAILED
    counted = sa.select(Queued.application_id, sa.func.count()).where(*mine).group_by(Queued.application_id)
    return {mine: count for mine, count in db.session.execute(counted) if mine}


def failed_for(application_id: uuid.UUID, most: int) -> Sequence[Queued]:
    """What this application could not be told so far, the newest first."""
    mine = sa.select(Queued).where(Queued.application_id == application_id, *_FAILED)
    return db.session.scalars(mine.order_by(Queued.created_at.desc()).limit(most)).all()


def given_up(most: int) -> Iterable[Sequence[uuid.UUID]]:
    """The ids of so many that were given up and that something is left of, some at a time."""
    dead = sa.select(Queued.id).where(Queued.kind.in_(CHORES), *_GIVEN_UP).limit(most)
    ids = db.session.scalars(dead).all()
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]


def try_again(which: sa.ColumnElement[bool]) -> int:
    """Let a worker try these as if they were new, if they were given up and something is left of them; say how many.

    The caller commits.
    """
    now = clock.now()
    dead = sa.update(Queued).where(which, *_GIVEN_UP)
    return sum(
        _rows_of(
            dead.where(Queued.kind == kind).values(
                dead_at=None, due_at=now, tries=0, useful_until=now + ERRANDS[kind].useful_for
            )
        )
        for kind in CHORES
    )


def _rows_of(update: sa.Update) -> int:
    returning = update.returning(Queued.id)
    return len(db.session.execute(returning, execution_options={"synchronize_session": False}).all())


def _count(*which: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Queued).where(*which)) or 0
