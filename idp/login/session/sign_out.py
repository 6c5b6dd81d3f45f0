"""Everything that a person is logged in with, ended at once.

everywhere ─▶ sessions · known-IP grants · (the epoch moves on) refresh tokens and one-time links
disown ─────▶ the same, and: the places since then are strange again, the password is none any more,
              a link for a new one goes to the mailbox
"""

import uuid
from datetime import timedelta

import sqlalchemy as sa

from idp import outbox
from idp.accounts import links
from idp.accounts.links import FoundLink, Purpose
from idp.accounts.links.models import OneTimeLink
from idp.accounts.models import User
from idp.accounts.users import lifecycle
from idp.audit.events import LoginDisowned
from idp.audit.record import record
from idp.login.session import sessions
from idp.login.trust import known_ip, known_places
from idp.outbox.jobs import PasswordForgotten
from idp.platform import clock
from idp.platform.extensions import db

_SAME_LOGIN = timedelta(minutes=1)
"""The mail of a login is written a moment after its network is remembered."""


def everywhere(user: User, because: str, actor_id: uuid.UUID | None = None) -> None:
    """End every session, known-IP grant and refresh token of the user. The caller commits."""
    sessions.end_all(user, because, actor_id=actor_id)
    known_ip.revoke_all(user, because, actor_id)
    lifecycle.next_epoch(user)


def disown(link: FoundLink) -> bool:
    """Spend a link "this was not me"; False when somebody was faster. The caller commits, or rolls back.

    Whoever logged in knows the password, so it is good for nothing from now on. The link proves the mailbox of some
    days ago: a new password is chosen by a new link, which lives half an hour. Second factors stay as they are.
    """
    user = link.user
    if not links.spend(link):
        return False
    everywhere(user, "not_me")
    user.password_hash = user.password_checked_at = None
    known_places.forget_since(user.id, link.made_at - _SAME_LOGIN)
    _end_the_others(user)
    record(LoginDisowned(tenant_id=user.tenant_id, user_id=user.id))
    outbox.ask(PasswordForgotten(username=user.username_key))
    return True


def _end_the_others(user: User) -> None:
    """What the person's other mails of this kind were about has ended, too."""
    mine = sa.update(OneTimeLink).where(
        OneTimeLink.user_id == user.id, OneTimeLink.purpose == Purpose.NOT_ME, OneTimeLink.used_at.is_(None)
    )
    db.session.execute(mine.values(used_at=clock.now()))
