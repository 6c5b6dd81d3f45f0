"""Two-factor that becomes mandatory on a day to come, as one person meets it: whom it concerns, and putting it off.

concerns ─▶ the day, for whoever has no second factor where they work
asks_now ─▶ after a login: not put off, or that was a while ago
"""

from datetime import date, datetime, timedelta

from idp.accounts.factors.passkeys import has_second_factor
from idp.accounts.models import User
from idp.platform import clock
from idp.tenancy.models import Tenant
from idp.tenancy.policy import today

RESTS = timedelta(days=7)
RESTS_IN_THE_LAST_WEEK = timedelta(hours=12)


def concerns(user: User, tenant: Tenant) -> date | None:
    """From which day on the user needs a second factor to work for this tenant, and has none."""
    day = tenant.mandatory_soon
    return day if day is not None and not has_second_factor(user, tenant.policy) else None


def asks_now(user: User, tenant: Tenant) -> bool:
    """Whether the user is asked after a login: whoever put it off is left alone for a while."""
    day, put_off = concerns(user, tenant), user.two_factor_put_off_at
    return day is not None and (put_off is None or clock.now() >= put_off + rests(day, put_off))


def rests(day: date, put_off: datetime) -> timedelta:
    """For how long putting it off counts: a week, in the last week before the day until the next morning."""
    return RESTS if day - today(put_off) > RESTS else RESTS_IN_THE_LAST_WEEK


def put_off(user: User) -> None:
    """Leave the user alone for a while. The caller commits."""
    user.two_factor_put_off_at = clock.now()
