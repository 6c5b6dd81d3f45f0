"""Logging in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from idp.audit.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCompleted(Event):
    """A login came to its end. `reasons` says of every step whether it was asked, and why; `browser` is in words."""

    kind: ClassVar[str] = "login.completed"
    session_id: str
    application: str | None
    browser: str
    acr: str
    amr: Sequence[str]
    reasons: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(Event):
    """A login ended without success: nothing the person could do would have helped."""

    kind: ClassVar[str] = "login.refused"
    refusal: str
    application: str | None
    reasons: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSwitched(Event):
    """A person who is logged in went on to work for another company, which asked no more than was proved already."""

    kind: ClassVar[str] = "session.tenant_switched"
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """A wrong answer at a step. For the password of a name that does not exist there is no `user_id`."""

    kind: ClassVar[str] = "login.step_failed"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriesDelayed(Event):
    """So many wrong answers that further ones are refused for a while."""

    kind: ClassVar[str] = "login.tries_delayed"
    step: str
    failures: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A browser session ended."""

    kind: ClassVar[str] = "session.ended"
    session_id: str
    because: str
