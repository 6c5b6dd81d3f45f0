"""What a tenant asks of a login, as frozen values. Pure: no database, no clock.

    Plan ── what is kept: the switches, and perhaps a day from which two-factor is mandatory
      └─ at(now) ─▶ Policy: what holds at that moment. Logins, pages and commands know nothing else

A day begins at 00:00 in the Netherlands, where the companies are. What holds is computed anew at every use, so that
nobody has to switch anything on that day, and a clock that is set back sets this back as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from babel.dates import get_timezone

SESSION_LIMITS: Mapping[str, range] = {"session_idle_minutes": range(10, 1441), "session_hours": range(1, 721)}
"""What a tenant may set: ten minutes to a day without use, an hour to thirty days after logging in."""


ZONE = "Europe/Amsterdam"
"""Where a day begins and ends."""
REMINDERS = (14, 7, 1)
"""So many days before two-factor becomes mandatory whoever has none is mailed."""
_ZONE = get_timezone(ZONE)
_MORNING = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches of one tenant; the defaults are those of a new tenant.

    ``security_code``: ask the tenant's security code after the password.
    ``two_factor_mandatory``: every user must have set up a second factor.
    ``limit_two_factor_validity``: the second factor at every login; no known-IP grant counts.
    ``block_new_ip``: an address that is new for the user is validated by mail first.
    ``known_ip_same_browser``: a known-IP grant also needs the browser that earned it.
    ``passkeys``: people may register and use passkeys.
    ``session_idle_minutes``: a session ends so long after it was last used.
    ``session_hours``: a session ends so long after the login, whatever is done in it.
    """

    security_code: bool = True
    two_factor_mandatory: bool = False
    limit_two_factor_validity: bool = False
    block_new_ip: bool = False
    known_ip_same_browser: bool = False
    passkeys: bool = True
    session_idle_minutes: int = 480
    session_hours: int = 24


@dataclass(frozen=True, slots=True)
class Plan:
    """What a tenant has decided. ``two_factor_mandatory_from``: the day that turns ``two_factor_mandatory`` on.

    One decision in two fields: where the switch is on there is no day to wait for.
    """

    policy: Policy = Policy()
    two_factor_mandatory_from: date | None = None

    def at(self, now: datetime) -> Policy:
        """The policy that holds at this moment."""
        if self.coming(now) is None and self.two_factor_mandatory_from is not None:
            return replace(self.policy, two_factor_mandatory=True)
        return self.policy

    def coming(self, now: datetime) -> date | None:
        """The day on which two-factor becomes mandatory, while that is still to come."""
        day = self.two_factor_mandatory_from
        return day if day is not None and today(now) < day else None


def decided(policy: Policy, *, mandatory: bool, since: date | None = None) -> Plan:
    """The plan that makes two-factor mandatory, from that day or at once, or does not."""
    at_once = mandatory and since is None
    return Plan(replace(policy, two_factor_mandatory=at_once), since if mandatory else None)


def today(now: datetime) -> date:
    """The day that it is for the people."""
    return now.astimezone(_ZONE).date()


def reminder_day(now: datetime) -> date:
    """The day whose reminders may go out by now: they wait for eight in the morning."""
    return (now.astimezone(_ZONE).replace(tzinfo=None) - _MORNING).date()


def reminded_until(day: date, now: datetime) -> int | None:
    """The last of the reminders of that day whose moment has come; None: the first is to come."""
    return min((days for days in REMINDERS if day <= reminder_day(now) + timedelta(days=days)), default=None)


def reminders_left(day: date, reminded: int | None) -> tuple[date, ...]:
    """On which days reminders are still to come, after that one."""
    return tuple(day - timedelta(days=days) for days in REMINDERS if reminded is None or days < reminded)
