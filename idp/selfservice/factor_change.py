"""What every change of a person's second factors brings with it: whoever else is logged in as them is so no longer."""

from idp.accounts.models import User
from idp.accounts.users import notices
from idp.audit.events import AuthenticatorAdded, AuthenticatorRemoved, Event, TwoFactorRemoved, TwoFactorSetUp
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.login.session import sessions
from idp.login.trust import known_ip
from idp.platform.extensions import db


def seal_change(login: Login, event: Event, because: str) -> None:
    """End the other sessions and all known-IP grants, record the event, tell the person; commit all with the change."""
    sessions.end_all(login.user, because, keep=login.session)
    known_ip.revoke_all(login.user, because)
    record(event)
    _tell(login.user, event)
    db.session.commit()


def _tell(user: User, event: Event) -> None:
    """Mail the person about a factor that came or went."""
    match event:
        case TwoFactorSetUp(factor=factor):
            notices.factor_added(user, factor)
        case TwoFactorRemoved(factor=factor):
            notices.factor_removed(user, factor)
        case AuthenticatorAdded():
            notices.factor_added(user, "another_totp")
        case AuthenticatorRemoved(last=last):
            notices.factor_removed(user, "totp" if last else "one_totp")
        case _:
            return
