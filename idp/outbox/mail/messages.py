"""The mails that people get: one frozen dataclass each, with exactly the facts that it tells.

A link is a field only where it is a one-time link; ordinary addresses are built when the mail is rendered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from idp.outbox.items import Item, Recipient, read_recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(Item):
    """What every mail has. `at`: when it happened."""

    to: Recipient
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Mail):
    """A one-time link with which a forgotten password is replaced; `minutes` is how long it works."""

    kind: ClassVar[str] = "password_reset"
    useful_for: ClassVar[timedelta] = timedelta(minutes=30)
    link: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(Mail):
    """A one-time link with which an invited person chooses a first password. `by`: the administrator's name.

    `administrator`: whether the person invited is to be one as well.
    """

    kind: ClassVar[str] = "invitation"
    useful_for: ClassVar[timedelta] = timedelta(hours=24)
    by: str
    tenant: str
    username: str
    link: str
    hours: int
    administrator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Mail):
    """The password changed: by the person, by a link, or by an operator."""

    kind: ClassVar[str] = "password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged(Mail):
    """The person's address is another one from now on; `by` is the administrator's name, `address` the new one."""

    kind: ClassVar[str] = "email_changed"
    by: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorAdded(Mail):
    """A second factor was set up, or took the place of another. `factor`: totp, another_totp (beside others) or passkey."""

    kind: ClassVar[str] = "factor_added"
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRemoved(Mail):
    """A second factor was switched off or removed. `factor`: totp, one_totp (others are left) or passkey."""

    kind: ClassVar[str] = "factor_removed"
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Mail):
    """A recovery code stood in for the second factor; `left` are still unused."""

    kind: ClassVar[str] = "recovery_code_used"
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorReset(Mail):
    """The person's second factors were taken away; `by` is the administrator's name, None for an operator."""

    kind: ClassVar[str] = "two_factor_reset"
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpTwoFactor(Mail):
    """An administrator asks the person to set up a second factor. `by`: the administrator's name."""

    kind: ClassVar[str] = "set_up_two_factor"
    by: str
    company: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorSoon(Mail):
    """From that day on (ISO 8601) the company demands a second factor, and the person has none."""

    kind: ClassVar[str] = "two_factor_soon"
    company: str
    day: str

    @property
    def begins(self) -> date:
        """The day as a date."""
        return date.fromisoformat(self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIpValidation(Mail):
    """A login from a new address waits for this link, or for this code; `minutes` is how long they work."""

    kind: ClassVar[str] = "new_ip_validation"
    useful_for: ClassVar[timedelta] = timedelta(minutes=10)
    address: str
    link: str
    code: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlace(Mail):
    """A login from an address or a browser that the person never used before.

    `address`: as we saw it. `browser`: in words. `not_me`: the one-time link that ends everything, where there is one.
    """

    kind: ClassVar[str] = "new_place"
    address: str
    browser: str
    not_me: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountantConnected(Mail):
    """An accountant works for a company from now on; to the accountant and to the administrators, in the same words."""

    kind: ClassVar[str] = "accountant_connected"
    accountant: str
    office: str
    company: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountantLeft(Mail):
    """An accountant works for a company no more; to both sides. `by`: the name of whoever ended it."""

    kind: ClassVar[str] = "accountant_left"
    accountant: str
    office: str
    company: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskLetIn(Mail):
    """The helpdesk may look at a company until a day; to its administrators. `by`: the name of whoever let it in."""

    kind: ClassVar[str] = "helpdesk_let_in"
    company: str
    by: str
    until: str

    @property
    def last_day(self) -> date:
        """The day, to be written as the reader writes days."""
        return date.fromisoformat(self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskShutOut(Mail):
    """The helpdesk sees nothing of a company any more; to its administrators. `by`: the name of whoever ended it."""

    kind: ClassVar[str] = "helpdesk_shut_out"
    company: str
    by: str


MAILS: Mapping[str, type[Mail]] = {
    letter.kind: letter
    for letter in (
        PasswordReset,
        Invitation,
        PasswordChanged,
        FactorAdded,
        FactorRemoved,
        RecoveryCodeUsed,
        TwoFactorReset,
        EmailChanged,
        SetUpTwoFactor,
        TwoFactorSoon,
        NewIpValidation,
        NewPlace,
        AccountantConnected,
        AccountantLeft,
        HelpdeskLetIn,
        HelpdeskShutOut,
    )
}


def read(kind: str, record: Mapping[str, Any]) -> Mail:
    """The mail that was written. Raises KeyError for a kind that this version does not know."""
    facts = {name: value for name, value in record.items() if name not in {"to", "at"}}
    return MAILS[kind](to=read_recipient(record["to"]), at=datetime.fromisoformat(record["at"]), **facts)
