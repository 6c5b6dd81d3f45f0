"""What a user is told by mail about their own account, in the unit of work in which it happens."""

from idp import clock, outbox
from idp.accounts import browsers
from idp.accounts.models import User
from idp.outbox.items import Recipient
from idp.outbox.mail.letters import FactorAdded, FactorRemoved, NewPlace, PasswordChanged, RecoveryCodeUsed
from idp.web.languages import DEFAULT, SPOKEN


def recipient(user: User) -> Recipient:
    """The user as somebody who gets a mail, in their own language, else in their company's."""
    spoken = next((wish for wish in (user.locale, user.tenant.locale) if wish in SPOKEN), DEFAULT)
    return Recipient(
        name=user.name, email=user.email, language=spoken or DEFAULT, user_id=user.id, tenant_id=user.tenant_id
    )


def password_changed(user: User) -> None:
    """Another password, however it came about."""
    outbox.mail(PasswordChanged(to=recipient(user), at=clock.now()))


def factor_added(user: User, factor: str) -> None:
    """A second factor was set up."""
    outbox.mail(FactorAdded(to=recipient(user), at=clock.now(), factor=factor))


def factor_removed(user: User, factor: str) -> None:
    """A second factor was switched off."""
    outbox.mail(FactorRemoved(to=recipient(user), at=clock.now(), factor=factor))


def new_place(user: User, address: str, user_agent: str) -> None:
    """A login from a network or a browser that the person has not used before."""
    outbox.mail(NewPlace(to=recipient(user), at=clock.now(), address=address, browser=browsers.in_words(user_agent)))


def recovery_code_used(user: User, left: int) -> None:
    """A recovery code stood in for the second factor."""
    outbox.mail(RecoveryCodeUsed(to=recipient(user), at=clock.now(), left=left))
