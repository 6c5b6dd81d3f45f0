"""Whether a user reads the mailbox of their address: shown by a link or a code that was mailed there and came back.

    nothing mailed came back yet ──▶ NOT_YET
    prove, with the address that it was mailed to ──▶ CONFIRMED   an invitation, a reset, "this was not me", a new IP address
    the company says another address ──▶ CHANGED, until something mailed to that one comes back

The address itself is kept, not a mark: whoever changes a user's address, in whatever way, unproves it. Logins do not ask for
it. It is what `email_verified` says (OpenID Connect Core section 5.1).
"""

import enum
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from idp.accounts.models import User
from idp.platform import clock


class Mailbox(enum.StrEnum):
    """What is known of a user's address."""

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    NOT_YET = "not_yet"


WORDS: Mapping[Mailbox, Any] = {
    Mailbox.CONFIRMED: _l("Confirmed"),
    Mailbox.CHANGED: _l("Changed since"),
    Mailbox.NOT_YET: _l("Not yet"),
}


def state(user: User) -> Mailbox:
    """What is known of this user's address."""
    if user.email_proved is None:
        return Mailbox.NOT_YET
    return Mailbox.CONFIRMED if user.email_proved == user.email else Mailbox.CHANGED


def in_words(user: User) -> str:
    """The same for people."""
    return str(WORDS[state(user)])


def is_confirmed(user: User) -> bool:
    """Whether the user has shown to read the mailbox of the address that they have now."""
    return state(user) is Mailbox.CONFIRMED


def confirmed() -> sa.ColumnElement[bool]:
    """The same in SQL."""
    return User.email_proved.is_not_distinct_from(User.email)


def prove(user: User, address: str | None) -> None:
    """Note that what was mailed to this address came back; None: nobody remembers where it went. The caller commits."""
    if address is not None:
        user.email_proved, user.email_proved_at = address, clock.now()
