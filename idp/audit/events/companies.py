"""What a company decides, and whom it lets look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantCreated(Event):
    """A tenant came to be."""

    kind: ClassVar[str] = "tenant.created"
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChanged(Event):
    """What a tenant is called, or its language, changed; `fields` names which."""

    kind: ClassVar[str] = "tenant.changed"
    fields: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged(Event):
    """A tenant's policy changed; `changed` has the new value of every switch and limit that moved."""

    kind: ClassVar[str] = "tenant.policy_changed"
    changed: Mapping[str, bool | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorDaySet(Event):
    """A company decided from which day on two-factor is mandatory (ISO 8601)."""

    kind: ClassVar[str] = "tenant.two_factor_day_set"
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorDayMoved(Event):
    """It is to be another day."""

    kind: ClassVar[str] = "tenant.two_factor_day_moved"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorDayRemoved(Event):
    """There is no such day any more: two-factor is mandatory at once, or not at all."""

    kind: ClassVar[str] = "tenant.two_factor_day_removed"
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRetentionChosen(Event):
    """The tenant's events are kept for so many years from now on."""

    kind: ClassVar[str] = "tenant.audit_retention_chosen"
    years: int
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityCodeRotated(Event):
    """A tenant got another security code."""

    kind: ClassVar[str] = "tenant.security_code_rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityCodeShown(Event):
    """An administrator looked at the tenant's security code."""

    kind: ClassVar[str] = "tenant.security_code_shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleImportConfirmed(Event):
    """An administrator confirmed that so many people of a file are to be invited."""

    kind: ClassVar[str] = "tenant.people_import_confirmed"
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleImportStopped(Event):
    """The rest of a file's people is not invited for now: an administrator said so, or there is a reason not to."""

    kind: ClassVar[str] = "tenant.people_import_stopped"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskAccessGiven(Event):
    """An administrator let the helpdesk look at the company."""

    kind: ClassVar[str] = "helpdesk.access_given"
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskAccessRevoked(Event):
    """An administrator ended the helpdesk's access before its time."""

    kind: ClassVar[str] = "helpdesk.access_revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantDisabled(Event):
    """Nobody of the tenant may log in any more."""

    kind: ClassVar[str] = "tenant.disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantEnabled(Event):
    """The people of a disabled tenant may log in again."""

    kind: ClassVar[str] = "tenant.enabled"
