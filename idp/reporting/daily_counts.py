"""The figures of each company by day, kept: a page that shows a month reads thirty rows, and no event.

    `idp worker` ─▶ whom() lacks yesterday's row? ─▶ keep(): a row for every day since the last one, from the audit log
    a page ───────▶ last(): the rows, and today counted from the audit log, as is yesterday while its row is not there

A row outlives the events that it counts. How many people are safe is measured when a day is over, and never for a day
that was missed: nobody knows any more. Of a day that is not counted yet, the page has none of the figures.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from idp.accounts.factors import coverage
from idp.accounts.factors.coverage import Figures
from idp.login.models import DailyFigures
from idp.platform import clock
from idp.platform.extensions import db, upsert
from idp.reporting import login_counts
from idp.reporting.login_counts import A_DAY
from idp.tenancy.models import Tenant

REACH = 30
"""So many days back a day that was missed is still counted."""
KEPT = timedelta(days=400)
PEOPLE, SAFE = "people", "safe"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a company. `counts`: None where it is not counted yet; what is not in it did not happen."""

    day: date
    counts: Mapping[str, int] | None


def today() -> date:
    """The day that it is now."""
    return clock.now().date()


def whom(at_most: int) -> Sequence[Tenant]:
    """Some of the tenants that lack yesterday's row and were there."""
    yesterday = today() - A_DAY
    has = sa.exists().where(DailyFigures.tenant_id == Tenant.id, DailyFigures.day == yesterday)
    were_there = Tenant.created_at < login_counts.begins(today())
    return db.session.scalars(sa.select(Tenant).where(~has, were_there).order_by(Tenant.id).limit(at_most)).all()


def keep(tenant: Tenant) -> None:
    """Write the rows of the days since the last one. A row that another worker wrote stands. The caller commits."""
    yesterday = today() - A_DAY
    counted: dict[date, Mapping[str, int]] = dict(login_counts.counted(tenant.id, list(_missed(tenant, yesterday))))
    if yesterday in counted:
        counted[yesterday] = {**counted[yesterday], **_people(coverage.figures(tenant))}
    for day, counts in counted.items():  # everything is counted by now: from here on others wait for the lock
        row = upsert(DailyFigures).values(tenant_id=tenant.id, day=day, counts=counts)
        db.session.execute(row.on_conflict_do_nothing(index_elements=["tenant_id", "day"]))


def last(tenant: Tenant, number: int, now: Figures) -> list[Day]:
    """The last so many days, the oldest first, today with the figures of this moment included."""
    ends, began = today(), tenant.created_at.date()
    kept = _kept(tenant.id, ends, number)
    live = [day for day in (ends - A_DAY, ends) if day not in kept]
    counts = {**kept, **login_counts.counted(tenant.id, live)}
    counts[ends] = {**counts[ends], **_people(now)}
    return [Day(day, counts.get(day, {} if day < began else None)) for day in _days(ends, number)]


def _missed(tenant: Tenant, yesterday: date) -> Iterator[date]:
    kept = _kept(tenant.id, yesterday, REACH)
    newest = max(kept, default=tenant.created_at.date() - A_DAY)
    yield from (day for day in _days(yesterday, REACH) if day > newest)


def _kept(tenant_id: uuid.UUID, until: date, number: int) -> dict[date, Mapping[str, int]]:
    since = until - number * A_DAY
    mine = sa.select(DailyFigures.day, DailyFigures.counts).where(DailyFigures.tenant_id == tenant_id)
    found = db.session.execute(mine.where(DailyFigures.day > since, DailyFigures.day <= until))
    return {row.day: row.counts for row in found}


def _days(until: date, number: int) -> Iterator[date]:
    yield from (until - back * A_DAY for back in reversed(range(number)))


def _people(now: Figures) -> Mapping[str, int]:
    return {PEOPLE: now.people, SAFE: now.safe}
