"""Delivery, by any number of workers at once.

    claim ─▶ one statement takes the row that is due longest: `due_at` moves on by a lease, `tries` is counted
      │        PostgreSQL: FOR UPDATE SKIP LOCKED, so that workers pass one another; SQLite: one UPDATE at a time
      ▼
    open ─▶ an errand finds the mail, or that there is none ─▶ render ─▶ send
      ├─ sent ───────────▶ delivered, payload cleared
      ├─ put off ────────▶ due again later: 30 s, 2 min, 8 min … 4 h
      └─ refused, too old, tried 20 times ─▶ dead letter, payload cleared; a chore's is kept, for `idp outbox retry`

Chores are claimed apart from mails, and done by several threads while the mails go out: who is slow to answer them holds
up no mail. Nobody is asked by two threads at once, and who does not answer is asked once a round.

The outcome is written only while the claim is still ours. A worker that dies leaves a lease behind, and the row comes due
again by itself. A sending takes less time than a lease, so no two living workers send one mail; a worker that dies
between sending and writing it down makes a second copy, with the same Message-ID.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
import structlog

from idp.crypto.sealed import SealBroken
from idp.outbox import jobs
from idp.outbox.items import Item
from idp.outbox.jobs import CHORES, ERRANDS, Errand
from idp.outbox.mail import messages
from idp.outbox.mail.messages import MAILS, Mail
from idp.outbox.mail.render import letter_of
from idp.outbox.mail.transports import NotDelivered, PutOff, Refused, Sink, Unreachable
from idp.outbox.models import Queued, seal_owner
from idp.platform import clock, secrets
from idp.platform.extensions import Instant, db

LEASES: Final = {kind: item.lease for kind, item in {**MAILS, **ERRANDS}.items() if item.lease != Item.lease}
"""Of each kind that is not leased as long as most."""
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=4)
MOST_TRIES = 20
"""With the delays, that is a little over a weekend."""
MOST_CHORES: Final = 25
"""So many a thread does in a round."""
_LONGEST_ERROR = 300
_PLAIN = {"synchronize_session": False}

Finders = Mapping[type[Errand], Callable[[Any], Mail | None]]
"""For each kind of errand, what finds the mail, or that there is none to send. For a chore: what does it."""

_IS_CHORE: Final = Queued.kind.in_(CHORES)
_IS_NONE: Final = Queued.kind.not_in(CHORES)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that this worker holds until its lease ends."""

    id: uuid.UUID
    kind: str
    payload_sealed: str
    tries: int
    useful_until: datetime


def delay(tries: int) -> timedelta:
    """How long to wait after so many tries: four times as long after each, four hours at most. Pure."""
    times: int = 4 ** min(tries - 1, 10)
    return min(FIRST_DELAY * times, LONGEST_DELAY)


class Round:
    """Whom the threads of a round ask: one after another, and who did not answer no more."""

    def __init__(self) -> None:
        self._turns: dict[str, threading.Lock] = {}
        self._silent: set[str] = set()

    @contextmanager
    def asking(self, whom: str) -> Iterator[None]:
        """Wait for one's turn to ask; nobody in particular is asked by everybody at once."""
        if not whom:
            yield
            return
        with self._turns.setdefault(whom, threading.Lock()):
            if whom in self._silent:
                raise PutOff("did not answer a moment ago")
            try:
                yield
            except Unreachable:
                self._silent.add(whom)
                raise


def deliver_due(sink: Sink, finders: Finders, stop: threading.Event) -> int:
    """Deliver what is due, the longest waiting first; return how many were delivered.

    Leaves when nothing is due, when `stop` is set, and when the sink cannot be reached: the others wait for it too.
    """
    delivered = 0
    while not stop.is_set() and (claimed := claim()) is not None:
        try:
            _attempt(claimed, lambda it: _mail_and_send(it, sink, finders))
            delivered += 1
        except Unreachable as error:
            _put_off(claimed, error)
            break
        except NotDelivered as error:
            _put_off(claimed, error)
    return delivered


def has_chores() -> bool:
    """Whether something is due that needs no mail server."""
    due = _due(_IS_CHORE)
    db.session.rollback()
    return due


def do_chores(finders: Finders, stop: threading.Event, together: Round) -> int:
    """Do what is due and needs no mail server, a thread's part of a round; return how much was done."""
    done = 0
    for _ in range(MOST_CHORES):
        if stop.is_set() or (claimed := claim(_IS_CHORE)) is None:
            break
        try:
            _attempt(claimed, lambda it: _do(it, finders, together))
            done += 1
        except NotDelivered as error:
            _put_off(claimed, error)
    return done


def claim(which: sa.ColumnElement[bool] = _IS_NONE) -> Claim | None:
    """Take the row that is due longest, of those that end in a mail if nothing else is said. Commits."""
    if not _due(which):
        db.session.rollback()
        return None
    now = clock.now()
    first = sa.select(Queued.id).where(Queued.due_at <= now, which).order_by(Queued.due_at).limit(1)
    taken = (
        sa.update(Queued)
        .where(Queued.id == first.with_for_update(skip_locked=True).scalar_subquery(), Queued.due_at <= now)
        .values(due_at=_leased(now), tries=Queued.tries + 1)
        .returning(Queued.id, Queued.kind, Queued.payload_sealed, Queued.tries, Queued.useful_until)
    )
    row = db.session.execute(taken, execution_options=_PLAIN).one_or_none()
    db.session.commit()
    return None if row is None else Claim(row.id, row.kind, row.payload_sealed or "", row.tries, row.useful_until)


def _leased(now: datetime) -> sa.ColumnElement[datetime]:
    """Until when a row that is taken now is the taker's."""
    ends = {kind: sa.literal(now + lease, Instant()) for kind, lease in LEASES.items()}
    return sa.case(ends, value=Queued.kind, else_=sa.literal(now + Item.lease, Instant()))


def _due(which: sa.ColumnElement[bool]) -> bool:
    return bool(db.session.scalar(sa.select(sa.exists().where(Queued.due_at <= clock.now(), which))))


def _attempt(claimed: Claim, do: Callable[[Claim], str]) -> None:
    """Do it, and log what that was. Raises `NotDelivered`; whatever else goes wrong is one, too."""
    if clock.now() >= claimed.useful_until:
        raise Refused("it came too late to be of use")
    try:
        done = do(claimed)
    except NotDelivered:
        db.session.rollback()
        raise
    except SealBroken as error:
        raise Refused(str(error)) from None
    except Exception as error:
        db.session.rollback()
        log.exception("delivery_failed", kind=claimed.kind, id=str(claimed.id))
        raise PutOff(type(error).__name__) from error
    _outcome(claimed, delivered_at=clock.now(), due_at=None, payload_sealed=None, last_error=None)
    log.info(done, kind=claimed.kind, id=str(claimed.id), tries=claimed.tries)


def _mail_and_send(claimed: Claim, sink: Sink, finders: Finders) -> str:
    mail = _mail(claimed, finders)
    db.session.commit()  # nothing is held while the mail server thinks
    if mail is None:
        return "errand_done"
    sink.send(letter_of(claimed.id, mail))
    return "mail_delivered"


def _mail(claimed: Claim, finders: Finders) -> Mail | None:
    if claimed.kind in MAILS:
        return messages.read(claimed.kind, _record(claimed))
    errand = jobs.read(claimed.kind, _record(claimed))
    return finders[type(errand)](errand)


def _do(claimed: Claim, finders: Finders, together: Round) -> str:
    chore = jobs.read(claimed.kind, _record(claimed))
    db.session.commit()  # nothing is held while this one waits for its turn
    with together.asking(chore.whom):
        finders[type(chore)](chore)
    return "errand_done"


def _record(claimed: Claim) -> Any:
    return json.loads(secrets.sealer().open(claimed.payload_sealed, seal_owner(claimed.id)))


def _put_off(claimed: Claim, error: NotDelivered) -> None:
    """Try again later, or give up."""
    why = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    now = clock.now()
    if isinstance(error, Refused) or claimed.tries >= MOST_TRIES:
        kept = claimed.payload_sealed if claimed.kind in CHORES else None
        _outcome(claimed, dead_at=now, due_at=None, payload_sealed=kept, last_error=why)
        log.error("delivery_given_up", kind=claimed.kind, id=str(claimed.id), tries=claimed.tries, why=why)
        return
    _outcome(claimed, due_at=now + delay(claimed.tries), last_error=why)
    log.warning("delivery_put_off", kind=claimed.kind, id=str(claimed.id), tries=claimed.tries, why=why)


def _outcome(claimed: Claim, **values: object) -> None:
    """Write it while the claim is ours. Commits."""
    ours = sa.update(Queued).where(Queued.id == claimed.id, Queued.tries == claimed.tries, Queued.due_at.is_not(None))
    db.session.execute(ours.values(**values), execution_options=_PLAIN)
    db.session.commit()
