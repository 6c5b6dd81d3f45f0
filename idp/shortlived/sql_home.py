"""The home in SQL, names that may be used once (both in the caller's unit of work), and the removal of what is over.

take    DELETE … RETURNING              of N at once the database lets one find the row
once    INSERT … ON CONFLICT DO UPDATE  of N at once one inserts; only an expired name may be taken over
used    SELECT                          has somebody used the name?
pace    SELECT, then `once` or UPDATE   the name's end is when everything asked so far would be done at an even pace
purge   DELETE, COMMIT, again           a purge that is killed has removed what it committed and hurts nobody
"""

import threading
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import ColumnElement, delete, insert, select, update

from idp import batches, clock
from idp.crypto import opaque
from idp.extensions import db, upsert
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


def pace(kind: str, name: str, at_most: int, within: timedelta) -> timedelta | None:
    """Go on at once (None), or how long to wait: `at_most` together, then one each time that a part of `within` is over.

    The row's end is the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371): one row, however
    many come. A flood is refused by a read, without a lock. Counts when the caller commits.
    """
    now, step = clock.now(), within / at_most
    latest = now + within - step
    ends = _end_of(kind, name) or now
    if ends > latest:
        return ends - latest
    if once(kind, name, step):
        return None
    ends = _end_of(kind, name) or now  # the row is ours until the commit, whatever `once` answered
    if ends > latest:
        return ends - latest
    later = update(UsedName).where(UsedName.digest == _digest(kind, name)).values(expires_at=ends + step)
    db.session.execute(later, execution_options=_PLAIN)
    return None


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
