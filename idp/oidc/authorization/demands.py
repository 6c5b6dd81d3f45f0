"""What an authorization request demands of a login: one function, for the request itself and for whoever explains it (A7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

from idp.login.core.types import Demand
from idp.oidc.authorization.acr import WantedAcr
from idp.oidc.authorization.checks import Prompt
from idp.oidc.authorization.request_source import Brought
from idp.oidc.clients.repository import RegisteredClient

FRESH: Final = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})
"""With these the person must prove again who they are; who chooses an account proves it."""


class Request(Protocol):
    """A request of a client, as far as it demands something."""

    @property
    def brought(self) -> Brought:
        """The parameters."""

    @property
    def client(self) -> RegisteredClient:
        """Who asks."""

    @property
    def acr(self) -> WantedAcr:
        """What it asks, or the client's default."""

    @property
    def prompt(self) -> frozenset[Prompt]:
        """The prompts."""

    @property
    def max_age(self) -> int | None:
        """The oldest proof that will do, in seconds."""

    @property
    def subject(self) -> str | None:
        """The id of the only user who will do."""


def of(request: Request, asked_at: datetime) -> Demand:
    """What this request demands of a login, first asked at that moment. A client of one tenant names it always."""
    return Demand(
        level=request.acr.level,
        essential=request.acr.essential,
        not_before=_not_before(request, asked_at),
        tenant=request.client.tenant or request.brought.parameters.get("tenant"),
        subject=request.subject,
        choose_tenant=Prompt.SELECT_ACCOUNT in request.prompt,
    )


def _not_before(request: Request, asked_at: datetime) -> datetime | None:
    if request.prompt & FRESH:
        return asked_at
    return None if request.max_age is None else asked_at - timedelta(seconds=request.max_age)
