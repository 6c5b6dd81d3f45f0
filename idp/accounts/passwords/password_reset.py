"""A forgotten password: proves the mailbox, and nothing else.

    ask ────────▶ an errand in the outbox, the same for every name; a few an hour for a name, some more for a network
    mail_for ───▶ (a worker) who is it? nobody, disabled ─▶ no mail · else a one-time link for 30 minutes, by mail
    find ───────▶ whose link it is
    redeem ─────▶ the link is spent, the password is another one: sessions, grants and refresh tokens of before end

It never logs in, and leaves every second factor as it is. Whoever is invited has no password to forget: only the link of
the invitation gives the first one. The worker makes the link when it sends it, so that a link lies
in no table, and lives its 30 minutes in the mailbox and not in a queue.
"""

from datetime import timedelta

from idp import outbox, shortlived
from idp.accounts import links
from idp.accounts.links import FoundLink, Purpose
from idp.accounts.models import User
from idp.accounts.users import lifecycle, usernames
from idp.accounts.users.notices import recipient
from idp.accounts.users.queries import by_username, may_log_in
from idp.audit.events import PasswordResetMailed
from idp.audit.record import record
from idp.outbox.jobs import PasswordForgotten
from idp.outbox.mail.messages import PasswordReset
from idp.platform import clock, settings

PATH = "/forgot-password"
LIFETIME = timedelta(minutes=30)
FOR_A_NAME = (5, timedelta(hours=1))
FROM_A_NETWORK = (100, timedelta(minutes=10))


def ask(username: str, network: str | None) -> None:
    """Queue what was asked, unless it was asked too often; nobody is told which. The caller commits."""
    name = usernames.key(username[: usernames.LONGEST])
    from_here = shortlived.room("reset:network", network or "unknown", *FROM_A_NETWORK)
    if from_here and shortlived.room("reset:name", name, *FOR_A_NAME):
        shortlived.allowance.spend(len(name))
        outbox.ask(PasswordForgotten(username=name))


def mail_for(errand: PasswordForgotten) -> PasswordReset | None:
    """The mail for whoever has that name, with a new link; None where nobody may log in by it. The caller commits."""
    user = by_username(errand.username)
    if user is None or user.invited_at is not None or not may_log_in(user):
        return None
    token = links.make(user, Purpose.PASSWORD_RESET, LIFETIME)
    record(PasswordResetMailed(tenant_id=user.tenant_id, user_id=user.id))
    return PasswordReset(
        to=recipient(user),
        at=clock.now(),
        link=f"{settings.current().issuer}{PATH}/{token}",
        minutes=int(LIFETIME.total_seconds()) // 60,
    )


def find(token: str) -> FoundLink | None:
    """Whose link that is, while it may be spent."""
    return links.find(token, Purpose.PASSWORD_RESET)


def redeem(link: FoundLink, password_hash: str, *, checked: bool = False) -> User | None:
    """Spend the link for another password; None when somebody was faster. The caller commits, or rolls back.

    `password_hash`, `checked`: as in `lifecycle.set_password`.
    """
    if not links.spend(link):
        return None
    lifecycle.set_password(link.user, password_hash, checked=checked)
    return link.user
