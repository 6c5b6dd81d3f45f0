"""How often a company may ask whether usernames are somebody's, which are unique over all companies.

    a file of people ─▶ so many names ─┐
    one invitation ──▶ one name ───────┴─▶ ask ─▶ counted for the company, committed ─▶ the names are looked up
                                            └───▶ beyond a day's: how long to wait; nothing is looked up

Whoever may invite learns which names are taken, or could invite nobody. So much a day is enough for the largest company;
what a day has room for grows again evenly.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from flask_babel import gettext as _

from idp.accounts.users.profile import Fault
from idp.platform.extensions import db
from idp.shortlived import pace

A_DAY: Final = timedelta(days=1)
OF_A_COMPANY: Final = 20_000
"""The largest file four times."""
_KIND: Final = "usernames_asked"


def ask(tenant_id: uuid.UUID, names: int) -> Sequence[Fault]:
    """Count so many names and commit; else the one fault that says how long to wait."""
    wait = pace(_KIND, str(tenant_id), OF_A_COMPANY, A_DAY, names) if names else None
    db.session.commit()
    return [] if wait is None else [Fault("username", _too_many(wait))]


def _too_many(wait: timedelta) -> str:
    minutes = max(1, -(-wait // timedelta(minutes=1)))
    return str(
        _(
            "Too many people were entered for your company today. Wait %(minutes)s minutes, then try again.",
            minutes=minutes,
        )
    )
