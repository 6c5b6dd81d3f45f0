"""The home in SQL, names that may be used once (both in the caller's unit of work), and the removal of what is over.

take    DELETE … RETURNING              of N at once the database lets one find the row
once    INSERT … ON CONFLICT DO UPDATE  of N at once one inserts; only an expired name may be taken over
used    SELECT                          has somebody used the name?
pace    SELECT, then UPDATE or `once`   the name's end is when everything asked so far would be done at an even pace
room    SELECT, then `once`             a name for each place: the first that is free
purge   DELETE, COMMIT, again           a purge that is killed has removed what it committed and hurts nobody
"""

import threading
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import ColumnElement, delete, insert, select, update

from idp.crypto import opaque
from idp.platform import batches, clock
from idp.platform.extensions import db, upsert
from idp.shortlived.models import ShortLivedValue, UsedName
from idp.shortlived.types import Address

_KEPT_LONGER: Final = timedelta(hours=2)  # a clock that is set back by less than this finds every used name still used
_PLAIN: Final = {"synchronize_session": False}


class SqlHome:
    """Rows of `short_lived_values`. Raises what the database raises when it is gone."""

    mark: ClassVar[str] = "s"
    remembers: ClassVar[bool] = True

    def put(self, address: Address, sealed: str, expires_at: datetime) -> None:
        """Insert; it exists for others when the caller commits."""
        row = {"digest": address.digest, "kind": address.kind, "sealed": sealed, "expires_at": expires_at}
        db.session.execute(insert(ShortLivedValue).values(row))

    def get(self, address: Address) -> str | None:
        """Return the value, if it is there."""
        return db.session.execute(select(ShortLivedValue.sealed).where(*_at(address))).scalar_one_or_none()

    def replace(self, address: Address, sealed: str) -> bool:
        """One conditional UPDATE."""
        change = update(ShortLivedValue).where(*_at(address)).values(sealed=sealed).returning(ShortLivedValue.digest)
        return db.session.execute(change, execution_options=_PLAIN).scalar_one_or_none() is not None

    def take(self, address: Address) -> str | None:
        """One DELETE that says what it deleted."""
        removal = delete(ShortLivedValue).where(*_at(address)).returning(ShortLivedValue.sealed)
        return db.session.execute(removal, execution_options=_PLAIN).scalar_one_or_none()


def once(kind: str, name: str, lifetime: timedelta) -> bool:
    """Use a name, such as a `jti`, for that long; False when it is used already. Counts when the caller commits."""
    now = clock.now()
    new = upsert(UsedName).values(digest=_digest(kind, name), kind=kind, expires_at=now + lifetime)
    first = new.on_conflict_do_update(
        index_elements=[UsedName.digest],
        set_={"expires_at": new.excluded.expires_at},
        where=UsedName.expires_at <= now,
    ).returning(UsedName.digest)
    return db.session.execute(first, execution_options=_PLAIN).scalar_one_or_none() is not None


def used(kind: str, name: str) -> bool:
    """Whether the name has been used and may not be used again yet."""
    found = select(UsedName.digest).where(UsedName.digest == _digest(kind, name), UsedName.expires_at > clock.now())
    return db.session.execute(found).scalar_one_or_none() is not None


def room(kind: str, name: str, at_most: int, within: timedelta) -> bool:
    """Take one of so many places, each of which is free again after that time; False when there is none.

    A flood is refused by a read, without a lock. Counts when the caller commits.
    """
    places = [f"{place}:{name}" for place in range(at_most)]
    digests = [_digest(kind, place) for place in places]
    taken = select(UsedName.digest).where(UsedName.digest.in_(digests), UsedName.expires_at > clock.now())
    free = dict(zip(digests, places, strict=True))
    for full in db.session.scalars(taken):
        del free[full]
    return any(once(kind, place, within) for place in free.values())


def pace(kind: str, name: str, at_most: int, within: timedelta, cost: int = 1) -> timedelta | None:
    """Go on at once (None), or how long to wait: `at_most` together, then one each time that a part of `within` is over.

    The row's end is the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371): one row, however
    many come; what comes may count for several. A flood is refused by a read, without a lock. Counts when the caller
    commits.
    """
    step = within * cost / at_most
    for _ in range(2):  # at the second look the row is ours until the commit, whatever `once` answered
        found = _end_of(kind, name)
        used = _used(found, within)
        if used + step > within:
            return used + step - within
        if found is not None and _moved(kind, name, found, clock.now() + used + step):
            return None
        if once(kind, name, step):
            return None
    return None


def ahead(kind: str, name: str, within: timedelta) -> timedelta:
    """How much of its span the pace of this name has used up."""
    return _used(_end_of(kind, name), within)


def _used(ends: datetime | None, within: timedelta) -> timedelta:
    """The part of a pace's span that is used. An end beyond the span is of a clock that was set back: it says nothing."""
    left = timedelta(0) if ends is None else ends - clock.now()
    return left if timedelta(0) < left <= within else timedelta(0)


def _moved(kind: str, name: str, ends: datetime, later: datetime) -> bool:
    """Whether the name ended then, and ends later from now on."""
    mine = UsedName.digest == _digest(kind, name), UsedName.expires_at == ends
    move = update(UsedName).where(*mine).values(expires_at=later).returning(UsedName.digest)
    return db.session.execute(move, execution_options=_PLAIN).scalar_one_or_none() is not None


def _end_of(kind: str, name: str) -> datetime | None:
    found = select(UsedName.expires_at).where(UsedName.digest == _digest(kind, name))
    return db.session.execute(found).scalar_one_or_none()


def _digest(kind: str, name: str) -> str:
    return opaque.digest(f"{kind}:{name}")


def purge(stop: threading.Event | None = None) -> int:
    """Remove what has been over for some hours, and return how many rows went. Commits, again and again."""
    before = clock.now() - _KEPT_LONGER
    return sum(batches.remove(table, table.expires_at < before, stop=stop) for table in (ShortLivedValue, UsedName))


def _at(address: Address) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (ShortLivedValue.digest == address.digest, ShortLivedValue.kind == address.kind)
