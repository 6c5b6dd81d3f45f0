"""Validations of new addresses: a code and a link in one mail, bound to one login.

    begin ──▶ handle, kept by the login transaction ──▶ find
         └──▶ mail: the code; a link with a token of its own ──▶ confirm

The handle never leaves the server, and the token is in the mail only: who has the mail can confirm the address, who has
the login can see that it was confirmed, and neither can do the other's part.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from idp import outbox, shortlived
from idp.accounts.models import User
from idp.accounts.users.notices import recipient
from idp.crypto import opaque
from idp.outbox.mail.messages import NewIpValidation
from idp.outbox.models import Queued
from idp.platform import clock, settings
from idp.platform.extensions import db
from idp.web.fields import bare_code

LIFETIME = timedelta(minutes=10)
MAILS_AN_HOUR = 5
_DIGITS = 6
_KIND, _LINK = "new-ip", "new-ip-link"


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation under way. `network`: the one that it validates; `email`: where it was mailed to."""

    user_id: str
    address: str
    network: str | None
    code_hash: str
    confirmed: bool
    email: str | None = None

    def is_code(self, given: str) -> bool:
        """Whether this is the code that was mailed."""
        return opaque.same(opaque.digest(bare_code(given)), self.code_hash)


def begin(user: User, address: str, network: str | None) -> str | None:
    """Mail a code and a link, and return the validation's handle; None when the hour's mails are used up. Commits."""
    if _mails_of_the_hour(user) >= MAILS_AN_HOUR:
        return None
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    validation = {"user_id": str(user.id), "address": address, "network": network, "email": user.email}
    handle = shortlived.leave(_KIND, {**validation, "code_hash": opaque.digest(code), "confirmed": False}, LIFETIME)
    token = shortlived.leave(_LINK, {"handle": handle}, LIFETIME)
    outbox.mail(
        NewIpValidation(
            to=recipient(user),
            at=clock.now(),
            address=address,
            link=f"{settings.current().issuer}/login/new-ip?token={token}",
            code=code,
            minutes=LIFETIME // timedelta(minutes=1),
        )
    )
    db.session.commit()
    return handle


def find(handle: str) -> Validation | None:
    """The validation of that handle, while it lives."""
    record = shortlived.get(_KIND, handle)
    return None if record is None else Validation(**record)


def of_link(token: str) -> Validation | None:
    """The validation that a mailed link is for, while it lives."""
    link = shortlived.get(_LINK, token)
    return None if link is None else find(link["handle"])


def confirm(token: str) -> bool:
    """Use a mailed link; False when it is unknown, used or over. Commits."""
    link = shortlived.take(_LINK, token)
    record = None if link is None else shortlived.get(_KIND, link["handle"])
    if link is None or record is None:
        return False
    confirmed = shortlived.replace(_KIND, link["handle"], {**record, "confirmed": True})
    db.session.commit()
    return confirmed


def end(handle: str) -> None:
    """Forget a validation that was used. The caller commits."""
    shortlived.take(_KIND, handle)


def _mails_of_the_hour(user: User) -> int:
    since = clock.now() - timedelta(hours=1)
    mine = sa.select(sa.func.count()).where(
        Queued.user_id == user.id, Queued.kind == NewIpValidation.kind, Queued.created_at > since
    )
    return db.session.scalar(mine) or 0
