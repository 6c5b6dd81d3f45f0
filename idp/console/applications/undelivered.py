"""Logouts that an application was not told of: what went wrong, in words, and another try.

    idp worker ─▶ no answer, or a wrong one ─▶ tried again for a few days ─▶ given up ─▶ "Try again" ─▶ the worker

Somebody whose login is over may still be at work in such an application, so its page says so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.oidc.models import Client
from idp.outbox import state
from idp.outbox.models import Queued

SHOWN: Final = 10
_STATUS: Final = re.compile(r"PutOff: .*: answers (\d{3})", re.DOTALL)
_WHY: Final[Mapping[str, Any]] = {
    "too late to be of use": _l("It was too late by then: every login that it is about has ended by itself."),
    "not a public address": _l("Its address for this is not on the internet."),
    "Timeout": _l("It did not answer in time."),
    "did not answer": _l("It did not answer in time."),
    "nobody answers": _l("Nobody answers at its address for this."),
    "certificate": _l("Its certificate is not valid."),
    "Unreachable": _l("It could not be reached."),
}
"""What the outbox wrote down, by a part of it, the most telling first."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A logout that an application does not know of. `again`: when the next try is; None: it was given up."""

    since: datetime
    tries: int
    why: str
    again: datetime | None


def of(client: Client) -> Sequence[Untold]:
    """The newest of those that this application does not know of."""
    return [_untold(row) for row in state.failed_for(client.id, SHOWN)]


def in_words(error: str) -> str:
    """What went wrong, for whoever does not run this server. Pure but for the language."""
    if answered := _STATUS.fullmatch(error):
        return str(_("It answered with the error %(status)s.", status=answered[1]))
    found = (words for part, words in _WHY.items() if part in error)
    return str(next(found, _("Something is wrong on our side. Ask Informer if it stays so.")))


def _untold(row: Queued) -> Untold:
    return Untold(row.created_at, row.tries, in_words(row.last_error or ""), row.due_at)
