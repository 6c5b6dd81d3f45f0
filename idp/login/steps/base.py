"""What a step is: a pure rule, and a page that asks for one thing and proves or rejects the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from idp.accounts.models import User
from idp.audit.events import Event
from idp.login.core.types import Evidence, StepName, StepRules
from idp.login.transaction.facts import Facts
from idp.login.transaction.transaction import Transaction
from idp.login.trust.throttle import Asked


@dataclass(frozen=True, slots=True)
class Context:
    """What a step may know: the transaction, the facts of the moment, and what may be answered instead."""

    transaction: Transaction
    facts: Facts
    or_else: tuple[StepName, ...] = ()

    @property
    def bound(self) -> str:
        """What a challenge that this login gives to a passkey is bound to."""
        return f"login:{self.transaction.handle}"

    @property
    def user(self) -> User:
        """The person; steps after the first are only asked when there is one."""
        return self.facts.person


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a value: its template, what the template shows, and what the transaction must keep for it."""

    template: str
    shows: Mapping[str, Any] = field(default_factory=dict)
    pending: str | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """A right answer. `page`: something that must be shown once before the login goes on."""

    user: User
    evidence: Evidence
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A wrong answer: the sentence for the person, whom the try was against, and what the page shows again.

    `status`: another one where no person types the answer. `event`: what there is to note besides the failure itself.
    `compared`: False where there was nothing to compare the answer with, so that it is no failure.
    """

    sentence: str
    user: User | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK
    event: Event | None = None
    compared: bool = True


class Step(StepRules, Protocol):
    """One file of this package makes one of these; the registry in `__init__` orders them."""

    @property
    def asked(self) -> Asked | None:
        """What a wrong answer is a guess at; None where there is nothing to guess."""

    def render(self, ctx: Context) -> Page:
        """The page that asks."""

    def proved_elsewhere(self, ctx: Context) -> Proved | None:
        """A proof that came by another way than this page's form, such as a mailed link."""

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """Judge the fields of a posted form."""


class ByForm:
    """For a step that its own form proves, and nothing else."""

    def proved_elsewhere(self, ctx: Context) -> Proved | None:
        """There is no other way."""
        return None
