"""What is measured. A row makes one unit for each client; a unit checks its answer and remembers what it needs next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

import httpx

from tests.bench.cost import Unit
from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty
from tests.support.server import Server
from tests.support.world import KnownClient, KnownTenant, KnownUser, World

SCOPE = "openid profile email offline_access"


@dataclass(frozen=True, slots=True)
class Scene:
    """The server with a tenant's people on it."""

    server: Server
    world: World
    client: KnownClient
    machine: KnownClient
    tenant: KnownTenant
    bare: str

    def person(self) -> KnownUser:
        """Somebody new, with an authenticator."""
        return self.world.user(f"person-{uuid4()}", self.tenant, totp=True)

    def logged_in(self) -> tuple[Browser, RelyingParty]:
        """The browser of somebody who is logged in, and the application that they use."""
        browser, rp = self.server.browser(), self.server.relying_party(self.client)
        browser.get(rp.authorize_url()).login(self.person())
        return browser, rp


def bare(scene: Scene) -> Unit:
    """The yardstick."""
    return _get(httpx.Client(trust_env=False, timeout=300), scene.bare)


def discovery(scene: Scene) -> Unit:
    """The provider's metadata."""
    return _get(scene.server.browser().http, "/.well-known/openid-configuration")


def jwks(scene: Scene) -> Unit:
    """The public keys."""
    return _get(scene.server.browser().http, "/jwks")


def client_credentials(scene: Scene) -> Unit:
    """An application's token for itself."""
    rp = scene.server.relying_party(scene.machine)

    def unit() -> None:
        answer = rp.token(grant_type="client_credentials")
        assert answer.json()["access_token"], answer.text

    return unit


def userinfo(scene: Scene) -> Unit:
    """Who it is, for an access token."""
    browser, rp = scene.logged_in()
    tokens = rp.finish(browser.get(rp.authorize_url()))

    def unit() -> None:
        assert rp.userinfo(tokens).json()["sub"] == tokens.claims["sub"]

    return unit


def refresh(scene: Scene) -> Unit:
    """Fresh tokens; the refresh token rotates."""
    browser, rp = scene.logged_in()
    latest = rp.finish(browser.get(rp.authorize_url(scope=SCOPE, prompt="consent"))).refresh_token

    def unit() -> None:
        nonlocal latest
        answer = rp.refresh(latest)
        assert answer.status_code == httpx.codes.OK, answer.text
        latest = answer.json()["refresh_token"]

    return unit


def code_flow(scene: Scene) -> Unit:
    """A code and its redemption in a browser that is logged in already: two requests."""
    browser, rp = scene.logged_in()

    def unit() -> None:
        browser.get(rp.authorize_url())
        answer = rp.redeem(rp.answer(browser)["code"])
        assert answer.json()["id_token"], answer.text

    return unit


def known_ip_login(scene: Scene) -> Unit:
    """A fresh browser at a known address: name and password, no TOTP; then code and redemption."""
    person = scene.person()
    browser, rp = scene.server.browser(), scene.server.relying_party(scene.client)
    browser.get(rp.authorize_url()).login(person, remember=True)

    def unit() -> None:
        fresh = scene.server.browser()
        fresh.get(rp.authorize_url()).login(person)
        assert fresh.steps == ["password"], fresh.steps
        answer = rp.redeem(rp.answer(fresh)["code"])
        assert answer.json()["id_token"], answer.text
        fresh.http.close()

    return unit


def _get(http: httpx.Client, address: str) -> Unit:
    def unit() -> None:
        answer = http.get(address)
        assert answer.status_code == httpx.codes.OK, answer.text

    return unit


ROWS: Mapping[str, Callable[[Scene], Unit]] = {
    row.__name__: row for row in (discovery, jwks, client_credentials, userinfo, refresh, code_flow, known_ip_login)
}
