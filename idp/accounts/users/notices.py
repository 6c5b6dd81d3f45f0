"""What a user is told by mail about their own account, in the unit of work in which it happens."""

from datetime import datetime, timedelta

from idp import outbox
from idp.accounts import links
from idp.accounts.links import Purpose
from idp.accounts.models import User
from idp.accounts.users import browsers
from idp.accounts.users.queries import administrators_of
from idp.outbox.items import Recipient
from idp.outbox.mail.messages import (
    EmailChanged,
    FactorAdded,
    FactorRemoved,
    HelpdeskLetIn,
    HelpdeskShutOut,
    NewPlace,
    PasswordChanged,
    RecoveryCodeUsed,
    TwoFactorReset,
)
from idp.platform import clock, settings
from idp.tenancy.branding import looks
from idp.tenancy.models import Tenant
from idp.web.languages import DEFAULT, SPOKEN

NOT_ME_PATH = "/not-me"
NOT_ME_FOR = timedelta(days=7)
"""How long the link "this was not me" works: a holiday of a week."""


def recipient(user: User) -> Recipient:
    """The user as somebody who gets a mail, in their own language, else in their company's."""
    spoken = next((wish for wish in (user.locale, user.tenant.locale) if wish in SPOKEN), DEFAULT)
    return Recipient(
        name=user.name,
        email=user.email,
        language=spoken or DEFAULT,
        user_id=user.id,
        tenant_id=user.tenant_id,
        face=looks.face_of(user.tenant),
    )


def password_changed(user: User) -> None:
    """Another password, however it came about."""
    outbox.mail(PasswordChanged(to=recipient(user), at=clock.now()))


def email_changed(user: User, before: Recipient, by: str) -> None:
    """An administrator of that name corrected the address: the mailbox of before and the new one are told, to which."""
    for to in (before, recipient(user)):
        outbox.mail(EmailChanged(to=to, at=clock.now(), by=by, address=user.email))


def factor_added(user: User, factor: str) -> None:
    """A second factor was set up."""
    outbox.mail(FactorAdded(to=recipient(user), at=clock.now(), factor=factor))


def factor_removed(user: User, factor: str) -> None:
    """A second factor was switched off."""
    outbox.mail(FactorRemoved(to=recipient(user), at=clock.now(), factor=factor))


def two_factor_reset(user: User, by: str | None) -> None:
    """An administrator of that name took the second factors away; None: an operator."""
    outbox.mail(TwoFactorReset(to=recipient(user), at=clock.now(), by=by))


def new_place(user: User, address: str, user_agent: str) -> None:
    """A login from a network or a browser that the person has not used before, with a link for whoever it was not."""
    token = links.make(user, Purpose.NOT_ME, NOT_ME_FOR)
    outbox.mail(
        NewPlace(
            to=recipient(user),
            at=clock.now(),
            address=address,
            browser=browsers.in_words(user_agent),
            not_me=f"{settings.current().issuer}{NOT_ME_PATH}/{token}",
        )
    )


def recovery_code_used(user: User, left: int) -> None:
    """A recovery code stood in for the second factor."""
    outbox.mail(RecoveryCodeUsed(to=recipient(user), at=clock.now(), left=left))


def helpdesk_let_in(tenant: Tenant, by: str, until: datetime) -> None:
    """An administrator of that name let the helpdesk look at the company: every administrator is told."""
    for told in administrators_of(tenant.id):
        letter = HelpdeskLetIn(
            to=recipient(told), at=clock.now(), company=tenant.name, by=by, until=until.date().isoformat()
        )
        outbox.mail(letter)


def helpdesk_shut_out(tenant: Tenant, by: str) -> None:
    """An administrator of that name ended the helpdesk's access: every administrator is told."""
    for told in administrators_of(tenant.id):
        outbox.mail(HelpdeskShutOut(to=recipient(told), at=clock.now(), company=tenant.name, by=by))
