"""Errands: what a worker has to find out before there is a mail, or none; and chores, which never end in one.

A request that may not tell whether a user exists only writes down what was asked; finding the person, and everything
that takes longer for one who exists, happens where nobody measures it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from idp.outbox.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Item):
    """The base of every errand."""

    @property
    def whom(self) -> str:
        """Who must answer while it is done; nobody where it is empty."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordForgotten(Errand):
    """Somebody typed this username at "Forgotten your password?"."""

    kind: ClassVar[str] = "password_forgotten"
    useful_for: ClassVar[timedelta] = timedelta(hours=1)
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonInvited(Errand):
    """An administrator of that name invited this user."""

    kind: ClassVar[str] = "person_invited"
    invited_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleToInvite(Errand):
    """An administrator confirmed an import of people: the next batch of them, after so many that are handled."""

    kind: ClassVar[str] = "people_to_invite"
    lease: ClassVar[timedelta] = timedelta(seconds=30)
    import_id: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWithoutTwoFactor(Errand):
    """An administrator of that name asks this user to set up two-factor authentication."""

    kind: ClassVar[str] = "person_without_two_factor"
    person_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyToRemind(Errand):
    """On that day (ISO 8601) two-factor becomes mandatory: whoever has none is told. `actor_id`: who said so, if anybody."""

    kind: ClassVar[str] = "company_to_remind"
    tenant_id: str
    day: str
    actor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonToRemind(Errand):
    """This user is told that two-factor becomes mandatory on that day (ISO 8601)."""

    kind: ClassVar[str] = "person_to_remind"
    person_id: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore(Errand):
    """The base of what ends in no mail, and is done where there is no mail server, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofEnded(Chore):
    """What this user proved before that moment (ISO 8601) is worth nothing any more."""

    kind: ClassVar[str] = "proof_ended"
    user_id: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEnded(Chore):
    """Nobody works for a company by this membership, or by this access of the helpdesk, any more."""

    kind: ClassVar[str] = "right_ended"
    right_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkElsewhereEnded(Chore):
    """From that moment on (ISO 8601) this user is none who works for other companies."""

    kind: ClassVar[str] = "work_elsewhere_ended"
    user_id: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyDisabled(Chore):
    """The operator disabled this company at that moment (ISO 8601)."""

    kind: ClassVar[str] = "company_disabled"
    tenant_id: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationToTell(Chore):
    """What this application (the id of its row) got for this user is over; `session_id` None: in whatever session."""

    kind: ClassVar[str] = "application_to_tell"
    client: str
    user_id: str
    session_id: str | None

    @property
    def whom(self) -> str:
        """The application."""
        return self.client


ERRANDS: Mapping[str, type[Errand]] = {
    errand.kind: errand
    for errand in (
        PasswordForgotten,
        PersonInvited,
        PeopleToInvite,
        PersonWithoutTwoFactor,
        CompanyToRemind,
        PersonToRemind,
        ProofEnded,
        RightEnded,
        WorkElsewhereEnded,
        CompanyDisabled,
        ApplicationToTell,
    )
}
CHORES = frozenset(kind for kind, errand in ERRANDS.items() if issubclass(errand, Chore))


def read(kind: str, record: Mapping[str, Any]) -> Errand:
    """The errand that was written. Raises KeyError for a kind that this version does not know."""
    return ERRANDS[kind](**record)
