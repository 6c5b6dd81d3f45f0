"""Errands: what a worker has to find out before there is a mail, or none.

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
    """An administrator confirmed an import of people."""

    kind: ClassVar[str] = "people_to_invite"
    import_id: str


ERRANDS: Mapping[str, type[Errand]] = {
    errand.kind: errand for errand in (PasswordForgotten, PersonInvited, PeopleToInvite)
}


def read(kind: str, record: Mapping[str, Any]) -> Errand:
    """The errand that was written. Raises KeyError for a kind that this version does not know."""
    return ERRANDS[kind](**record)
