"""How the outbox stands, for `idp check`."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from idp import clock
from idp.extensions import db
from idp.outbox.models import Queued

LATE_AFTER = timedelta(minutes=15)
DEAD_FOR = timedelta(days=7)
"""How long a dead letter is reported; the row itself stays longer."""


@dataclass(frozen=True, slots=True)
class State:
    """How many rows wait, how many of them should have been tried long ago, how many are dead letters of late."""

    waiting: int
    late: int
    dead: int
    last_error: str


def look() -> State:
    """Count."""
    now = clock.now()
    newest = (
        sa.select(Queued.last_error).where(Queued.dead_at > now - DEAD_FOR).order_by(Queued.dead_at.desc()).limit(1)
    )
    return State(
        waiting=_count(Queued.due_at.is_not(None)),
        late=_count(Queued.due_at < now - LATE_AFTER),
        dead=_count(Queued.dead_at > now - DEAD_FOR),
        last_error=db.session.scalar(newest) or "",
    )


def _count(*which: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Queued).where(*which)) or 0
