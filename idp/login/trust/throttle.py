"""Slowing down whoever guesses, without letting a stranger lock a person out.

    a try ─▶ must_wait ── in a delay, or 20 second-factor tries in this hour ──▶ Wait: refused unseen, right or wrong
                │
                ▼
             the answer is compared ── not compared (busy, 503) ──▶ nothing was counted
                │
                ▼
             admit: count it, right or wrong, in one conditional statement
                │ a delay has begun meanwhile ──▶ Wait: what the comparison said is told to nobody
                ├─ wrong ─▶ the count stands: the fifth begins 30 s, each further one doubles it, to 15 min
                └─ right ─▶ settle: this try is taken back, in the same unit of work
    a completed login from there, or a day without failures ─▶ the count is nothing

Counts are kept by username (also one that does not exist), by what was asked, and by scope: a network that the user has
logged in from before has a count of its own, all others share one. A try is counted in the unit of work that keeps what
its answer did, after the comparison and before anybody is told: what was never compared leaves no trace, and of tries at
the same moment, right or wrong, no more are told apart than one after the other would be.
"""

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningInsert

from idp import shortlived
from idp.crypto import opaque
from idp.login.models import FailureCount, SecondFactorTry
from idp.login.trust import known_places
from idp.platform import clock
from idp.platform.extensions import db, upsert

FREE = 4
"""So many failures cost no delay."""
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
SECOND_FACTOR_TRIES = 20
SECOND_FACTOR_SPAN = timedelta(hours=1)
OF_A_NETWORK = (300, timedelta(minutes=10))
"""Wrong answers in that time where nobody is named, or nothing is guessed: an office has hundreds of people."""
STRANGERS = "strangers"
_BY_NETWORK = "wrong_answers"
_EVERYWHERE = "everywhere"
_PLAIN = {"synchronize_session": False}


class Asked(enum.StrEnum):
    """What a step asks, as far as guessing is concerned: TOTP and recovery code are guesses at one thing."""

    PASSWORD = "password"  # noqa: S105 - a name
    SECURITY_CODE = "security_code"
    SECOND_FACTOR = "second_factor"
    PASSKEY = "passkey"
    NEW_IP = "new_ip"


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was admitted and counted. `failed_before`: when the failure before it was, if there was one."""

    name: str
    asked: Asked
    scope: str
    failures: int
    failed_before: datetime | None = None
    second_factor_try: int | None = None

    @property
    def delays(self) -> bool:
        """Whether this try, if it is wrong, begins a delay."""
        return self.failures > FREE


@dataclass(frozen=True, slots=True)
class Wait:
    """Not admitted before `until`."""

    until: datetime

    @property
    def seconds(self) -> int:
        """How long that is from now, at least a second."""
        return max(1, -(-(self.until - clock.now()) // timedelta(seconds=1)))


def delay(failures: int) -> timedelta:
    """The delay that begins with this many failures. Pure."""
    if failures <= FREE:
        return timedelta(0)
    doublings: int = 1 << min(failures - FREE - 1, 10)
    return min(FIRST_DELAY * doublings, LONGEST_DELAY)


def must_wait(username_key: str, asked: Asked, network: str | None) -> Wait | None:
    """Until when no try for this canonical username from this network is compared: a flood of them costs reads, no lock."""
    name, now = opaque.digest(username_key), clock.now()
    until, _newest = _before(name, asked, _scope(username_key, network))
    if until is not None and until > now:
        return Wait(until)
    return _hour_is_full(name, now) if asked is Asked.SECOND_FACTOR else None


def admit(username_key: str, asked: Asked, network: str | None) -> Try | Wait:
    """Count a try that was just compared, or say until when none is admitted: then all of it is rolled back.

    Right answers take their turn here too: were wrong ones alone to wait for each other, of many at the same moment the
    right one would always come first. The caller commits.
    """
    name, scope, now = opaque.digest(username_key), _scope(username_key, network), clock.now()
    _until, failed_before = _before(name, asked, scope)
    failures = db.session.execute(_count(name, asked, scope, now), execution_options=_PLAIN).scalar_one_or_none()
    if failures is None:
        until, _newest = _before(name, asked, scope)
        db.session.rollback()
        return Wait(until or now)
    counted = Try(name, asked, scope, failures, failed_before)
    admitted = _within_the_hour(counted, now) if asked is Asked.SECOND_FACTOR else counted
    if isinstance(admitted, Wait):
        db.session.rollback()
    return admitted


def network_must_wait(network: str) -> Wait | None:
    """Until when no answer from there is looked at that is against nobody's name."""
    at_most, within = OF_A_NETWORK
    until = clock.now() + shortlived.ahead(_BY_NETWORK, network, within) + within / at_most - within
    return Wait(until) if until > clock.now() else None


def count_for_network(network: str) -> None:
    """Count such an answer that was wrong. The caller commits."""
    shortlived.pace(_BY_NETWORK, network, *OF_A_NETWORK)


def settle(right: Try) -> None:
    """Take a right answer's try back: it was no failure. The caller commits."""
    mine = sa.update(FailureCount).where(*_at(right.name, right.asked, right.scope))
    newest = FailureCount.failures == right.failures
    unblocked = sa.case((newest, None), else_=FailureCount.blocked_until)
    failed_at = sa.case(
        (newest, sa.literal(right.failed_before, FailureCount.failed_at.type)), else_=FailureCount.failed_at
    )
    values = {
        "failures": FailureCount.failures - 1,
        "blocked_until": unblocked,
        "failed_at": sa.func.coalesce(failed_at, FailureCount.failed_at),
    }
    db.session.execute(mine.values(values), execution_options=_PLAIN)
    if right.second_factor_try is not None:
        db.session.execute(sa.delete(SecondFactorTry).where(SecondFactorTry.id == right.second_factor_try))


def forgive(username_key: str, network: str | None) -> None:
    """A login was completed from there: its counts are nothing again. The caller commits."""
    name, scope = opaque.digest(username_key), _scope(username_key, network)
    counts = sa.delete(FailureCount).where(FailureCount.name == name, FailureCount.scope == scope)
    db.session.execute(counts, execution_options=_PLAIN)


def _scope(username_key: str, network: str | None) -> str:
    return network if network and known_places.to_somebody(username_key, network) else STRANGERS


def _count(name: str, asked: Asked, scope: str, now: datetime, *, delays: bool = True) -> ReturningInsert[int]:
    """One statement: add a failure, and the delay that it begins, unless a delay runs. Answers the new count or nothing."""
    row = upsert(FailureCount).values(
        name=name, asked=asked.value, scope=scope, failures=1, failed_at=now, blocked_until=None
    )
    forgotten = FailureCount.failed_at <= now - FORGOTTEN_AFTER
    failures = sa.case((forgotten, 1), else_=FailureCount.failures + 1)
    no_delay = sa.or_(FailureCount.blocked_until.is_(None), FailureCount.blocked_until <= now)
    return row.on_conflict_do_update(
        index_elements=["name", "asked", "scope"],
        set_={
            "failures": failures,
            "failed_at": now,
            "blocked_until": _end_of_delay(forgotten, now) if delays else None,
        },
        where=no_delay,
    ).returning(FailureCount.failures)


def _at(name: str, asked: Asked, scope: str) -> tuple[sa.ColumnElement[bool], ...]:
    return FailureCount.name == name, FailureCount.asked == asked.value, FailureCount.scope == scope


def _before(name: str, asked: Asked, scope: str) -> tuple[datetime | None, datetime | None]:
    """The end of the delay that the last failure began, if it began one, and when that failure was."""
    row = sa.select(FailureCount.blocked_until, FailureCount.failed_at).where(*_at(name, asked, scope))
    found = db.session.execute(row).one_or_none()
    return (found.blocked_until, found.failed_at) if found else (None, None)


def _end_of_delay(forgotten: sa.ColumnElement[bool], now: datetime) -> sa.ColumnElement[datetime | None]:
    """When the delay ends that one more failure begins: a table of the few delays there are."""
    fails = FailureCount.failures + 1
    longest = next(n for n in range(FREE + 1, 100) if delay(n) == LONGEST_DELAY)
    table = [(fails == n, sa.literal(now + delay(n), FailureCount.failed_at.type)) for n in range(FREE + 1, longest)]
    none = sa.null()
    at_most = sa.literal(now + LONGEST_DELAY, FailureCount.failed_at.type)
    return sa.case((forgotten, none), (fails <= FREE, none), *table, else_=at_most)


def _within_the_hour(admitted: Try, now: datetime) -> Try | Wait:
    """Room for a second-factor try in the last hour, whatever the network.

    One row for each name is written first, so that tries from different networks queue there and see each other.
    """
    db.session.execute(
        _count(admitted.name, Asked.SECOND_FACTOR, _EVERYWHERE, now, delays=False), execution_options=_PLAIN
    )
    if full := _hour_is_full(admitted.name, now):
        return full
    tried = SecondFactorTry(name=admitted.name, at=now)
    db.session.add(tried)
    db.session.flush()
    return replace(admitted, second_factor_try=tried.id)


def _hour_is_full(name: str, now: datetime) -> Wait | None:
    of_name = sa.select(SecondFactorTry.at).where(
        SecondFactorTry.name == name, SecondFactorTry.at > now - SECOND_FACTOR_SPAN
    )
    recent = db.session.scalars(of_name.order_by(SecondFactorTry.at.desc()).limit(SECOND_FACTOR_TRIES)).all()
    return Wait(recent[-1] + SECOND_FACTOR_SPAN) if len(recent) == SECOND_FACTOR_TRIES else None
