"""The figures of the security center: who is safe, how people logged in, and what was answered wrongly, day by day.

daily.last ─▶ a year of shares, one a week once they are many ─▶ a line
           └▶ thirty days of each kind, all on one scale ─────▶ a strip of bars with its name and its sum
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from idp.accounts.factors.coverage import Figures
from idp.console.security import charts
from idp.console.security.charts import Bar, Dot
from idp.reporting import daily_counts
from idp.reporting.daily_counts import Day
from idp.reporting.login_counts import Failure, Proof
from idp.tenancy.models import Tenant

A_YEAR = 365
A_MONTH = 30
_MOST_DOTS = 60
PROOFS: Mapping[Proof, Any] = {
    Proof.PASSKEY: _l("Passkey"),
    Proof.TOTP: _l("Code of an authenticator app"),
    Proof.RECOVERY_CODE: _l("Recovery code"),
    Proof.KNOWN_IP: _l("Password, from a known IP address"),
    Proof.PASSWORD: _l("Password only"),
}
FAILURES: Mapping[Failure, Any] = {
    Failure.PASSWORD: _l("Password"),
    Failure.SECURITY_CODE: _l("Security code"),
    Failure.SECOND_FACTOR: _l("Second factor"),
    Failure.NEW_IP: _l("Validation of a new IP address"),
    Failure.OTHER: _l("Refused for another reason"),
}


@dataclass(frozen=True, slots=True)
class Strip:
    """One kind: its name, how often it was in all, and a bar for each day."""

    words: Any
    number: int
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Row:
    """A day of the table behind a figure: a number for each strip. None: not counted yet."""

    day: date
    numbers: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds that were there in these days, those that were not, and the table. `most`: of one kind on one day."""

    strips: Sequence[Strip]
    absent: Sequence[Any]
    rows: Sequence[Row]
    number: int
    most: int


@dataclass(frozen=True, slots=True)
class OverTime:
    """What the page shows. `uncounted`: whether a day waits for the worker."""

    shares: Sequence[Dot]
    logins: Kinds
    failures: Kinds
    first: date
    uncounted: bool


def over_time(tenant: Tenant, now: Figures) -> OverTime:
    """The figures of the tenant until this moment."""
    days = daily_counts.last(tenant, A_YEAR, now)
    month = days[-A_MONTH:]
    shares = charts.thinned(tuple(_shares(days)), _MOST_DOTS)
    return OverTime(
        shares=charts.dots(shares),
        logins=_kinds(month, PROOFS),
        failures=_kinds(month, FAILURES),
        first=month[0].day,
        uncounted=any(day.counts is None for day in month),
    )


def _shares(days: Iterable[Day]) -> Iterable[tuple[date, int, int]]:
    for day in days:
        if day.counts and daily_counts.PEOPLE in day.counts:
            yield day.day, day.counts[daily_counts.SAFE], day.counts[daily_counts.PEOPLE]


def _kinds(days: Sequence[Day], words: Mapping[Any, Any]) -> Kinds:
    numbers = {kind: [_number(day, kind) for day in days] for kind in words}
    sums = {kind: sum(filter(None, found)) for kind, found in numbers.items()}
    shown = [kind for kind in words if sums[kind]]
    most = max((number or 0 for kind in shown for number in numbers[kind]), default=0)
    dates = [day.day for day in days]
    return Kinds(
        strips=[Strip(words[kind], sums[kind], charts.bars(dates, numbers[kind], most)) for kind in shown],
        absent=[words[kind] for kind in words if not sums[kind]],
        rows=[Row(day.day, [_number(day, kind) for kind in shown]) for day in reversed(days)],
        number=sum(sums.values()),
        most=most,
    )


def _number(day: Day, kind: str) -> int | None:
    return None if day.counts is None else day.counts.get(kind, 0)
