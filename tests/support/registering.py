"""A program that registers itself, and looks after its registration.

registrar = Registrar(http, initial_token(world, zon))
registrar.register(redirect_uris=[…])        an httpx.Response
mine = registrar.registered()                the client that came of it: mine.read(), mine.update(…), mine.delete()
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from idp.oidc.clients.registration import initial_tokens
from tests.support.world import KnownClient, KnownTenant, World

URI = "https://maps.example/cb"


def initial_token(world: World, tenant: KnownTenant | None = None, lifetime: timedelta = timedelta(days=1)) -> str:
    """What `idp client token` prints."""
    with world.unit_of_work():
        return initial_tokens.new(tenant.id if tenant else None, lifetime)[0]


def bearer(token: str | None) -> dict[str, str]:
    """The header."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@dataclass(slots=True)
class Registered:
    """A client that registered itself."""

    http: httpx.Client
    said: dict[str, Any]

    @property
    def token(self) -> str:
        """Its registration access token."""
        return str(self.said["registration_access_token"])

    @property
    def known(self) -> KnownClient:
        """As the tests know applications."""
        return KnownClient(self.said["client_id"], self.said.get("client_secret"), self.said)

    def ask(self, method: str, token: str | None = None, json: Any = None) -> httpx.Response:
        """A request at its registration_client_uri; by its own token unless another is given."""
        return self.http.request(
            method, self.said["registration_client_uri"], headers=bearer(token or self.token), json=json
        )

    def update(self, **changes: Any) -> httpx.Response:
        """Replace the metadata by an address and these."""
        return self.ask("PUT", json={"client_id": self.said["client_id"], "redirect_uris": [URI], **changes})


@dataclass(slots=True)
class Registrar:
    """Whoever has an initial access token."""

    http: httpx.Client
    token: str | None

    def register(self, **metadata: Any) -> httpx.Response:
        """Register an address and these."""
        return self.http.post("/register", headers=bearer(self.token), json={"redirect_uris": [URI], **metadata})

    def registered(self, **metadata: Any) -> Registered:
        """The same, where it must succeed."""
        answer = self.register(**metadata)
        assert answer.status_code == 201, answer.text
        return Registered(self.http, answer.json())
