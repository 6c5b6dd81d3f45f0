"""One-time links: 256 random bits that are mailed to a user, good for one use until their end.

    make ──▶ token (in the mail only; its SHA-256 in the row, with the user's epoch)
    find ──▶ whose it is, if it is unused, not over, and the user's epoch has not moved on
    spend ─▶ the same, and from then on nobody finds it: of any number at once one spends it

A link proves the mailbox that it was mailed to, which `spend` notes (`users.mailbox`), and nothing else. Whatever ends
a person's proof, such as another password, ends every link that was made before, and so does another address; all but "this
was not me", which a thief must not be able to end with a new password.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp.accounts.links.models import OneTimeLink, Purpose
from idp.accounts.models import User
from idp.accounts.users import mailbox
from idp.accounts.users.queries import may_log_in
from idp.crypto import opaque
from idp.platform import clock
from idp.platform.extensions import changed, db

__all__ = ["FoundLink", "Purpose", "end_of_newest", "find", "make", "spend"]


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link that may still be spent, and whose it is.

    `email`: where it was mailed to; `epoch`, `email_then`: the user's when it was found, which must hold until it is spent.
    """

    id: uuid.UUID
    user: User
    epoch: int
    email: str | None
    email_then: str
    made_at: datetime


def make(user: User, purpose: Purpose, lifetime: timedelta) -> str:
    """A new link's token, to be mailed and forgotten. The caller commits."""
    token, now = opaque.new(), clock.now()
    db.session.add(
        OneTimeLink(
            user_id=user.id,
            purpose=purpose,
            token_hash=opaque.digest(token),
            email=user.email,
            epoch=user.epoch,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    return token


def find(token: str, purpose: Purpose) -> FoundLink | None:
    """The link of that token, if it may still be spent. A disabled user's may not."""
    now = clock.now()
    row = db.session.scalar(
        sa.select(OneTimeLink).where(
            OneTimeLink.token_hash == opaque.digest(token),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.created_at <= now,
            OneTimeLink.expires_at > now,
        )
    )
    user = db.session.get(User, row.user_id) if row else None
    if row is None or user is None or not may_log_in(user):
        return None
    if purpose is not Purpose.NOT_ME and (user.epoch != row.epoch or row.email not in {None, user.email}):
        return None
    return FoundLink(row.id, user, user.epoch, row.email, user.email, row.created_at)


def end_of_newest(user: User, purpose: Purpose) -> datetime | None:
    """When the newest of the user's links of that kind ends or ended; None where none was made lately."""
    mine = sa.select(sa.func.max(OneTimeLink.expires_at)).where(
        OneTimeLink.user_id == user.id, OneTimeLink.purpose == purpose, OneTimeLink.epoch == user.epoch
    )
    return db.session.scalar(mine)


def spend(link: FoundLink) -> bool:
    """Use the link; False when somebody was faster, with this link or with another of the same user.

    The user's row is taken first: several links of one user queue there, and the second one finds another epoch,
    provided that whoever spends a link moves the epoch on in the same unit of work. The caller commits.
    """
    now = clock.now()
    same = User.id == link.user.id, User.epoch == link.epoch, User.email == link.email_then
    same_person = sa.update(User).where(*same).values(epoch=User.epoch)
    unused = sa.update(OneTimeLink).where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None)).values(used_at=now)
    if not (changed(same_person) and changed(unused)):
        return False
    mailbox.prove(link.user, link.email)
    return True
