"""Section 2: a client asks whether a token is alive."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from idp.oidc.models import AuthorizationGrant, Client
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens, basic
from tests.support.stores import ISSUER
from tests.support.world import KnownTenant, KnownUser, World

INACTIVE = {"active": False}


def ask(rp: RelyingParty, **form: Any) -> httpx.Response:
    """One request, authenticated."""
    headers = {"Authorization": basic(rp.client.client_id, rp.client.client_secret or "")}
    return rp.http.post(rp.metadata["introspection_endpoint"], data=form, headers=headers)


def state(rp: RelyingParty, token: str, **form: Any) -> dict[str, Any]:
    """What is said of a token."""
    answer = ask(rp, token=token, **form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, Any] = answer.json()
    return told


def revoke(rp: RelyingParty, token: str) -> None:
    """RFC 7009."""
    headers = {"Authorization": basic(rp.client.client_id, rp.client.client_secret or "")}
    assert rp.http.post("/revoke", data={"token": token}, headers=headers).status_code == 200


@pytest.fixture
def service(world: World, new_rp: NewRp) -> RelyingParty:
    """A resource server: a client that has no people of its own."""
    return new_rp(world.client("https://api.example", grant_types=["client_credentials"], response_types=[]))


def test_an_access_token(rp: RelyingParty, tokens: Tokens, anna: KnownUser, clock: MovingClock) -> None:
    """Section 2.2: everything that the token says, and the name that the scope profile tells anyway."""
    told, now = state(rp, tokens.access_token), int(clock.now().timestamp())
    assert told.pop("jti")
    assert told == {
        "active": True,
        "token_type": "Bearer",
        "username": "anna",
        "iss": ISSUER,
        "sub": str(anna.id),
        "aud": ISSUER,
        "client_id": "books",
        "scope": OFFLINE,
        "iat": now,
        "nbf": now,
        "exp": now + tokens.response["expires_in"],
        "tenant": "de-zon",
        "acr": "urn:informer:acr:password",
        "amr": ["pwd"],
        "auth_time": now,
    }


def test_a_refresh_token(rp: RelyingParty, tokens: Tokens, anna: KnownUser, clock: MovingClock) -> None:
    """Section 2.2: whose it is, for what, and how long it may lie unused."""
    told, now = state(rp, tokens.refresh_token), int(clock.now().timestamp())
    assert told == {
        "active": True,
        "username": "anna",
        "iss": ISSUER,
        "sub": str(anna.id),
        "client_id": "books",
        "scope": OFFLINE,
        "iat": now,
        "exp": now + 30 * 86400,
        "tenant": "de-zon",
        "acr": "urn:informer:acr:password",
        "amr": ["pwd"],
        "auth_time": now,
    }


def test_the_name_is_told_where_the_scope_tells_it(rp: RelyingParty, at_work: Browser) -> None:
    """Section 5: nothing that the person did not let the application have."""
    tokens = rp.finish(at_work.get(rp.authorize_url(scope="openid")))
    assert "username" not in state(rp, tokens.access_token)


def test_the_hint_is_only_a_hint(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 2.1: what is not found by it is sought elsewhere."""
    for hint in ("refresh_token", "access_token", "unheard_of"):
        assert state(rp, tokens.access_token, token_type_hint=hint)["active"] is True
        assert state(rp, tokens.refresh_token, token_type_hint=hint)["active"] is True


def test_no_token_of_ours(rp: RelyingParty) -> None:
    """Section 2.2."""
    for token in ("x", "a.b.c", "é", "x" * 4000):
        assert state(rp, token) == INACTIVE, token


def test_an_id_token_is_no_access_token(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 2: kinds are not interchangeable."""
    assert state(rp, tokens.id_token) == INACTIVE


def test_an_access_token_that_is_over(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Section 4: the server checks whether it has expired."""
    clock.advance(seconds=tokens.response["expires_in"])
    assert state(rp, tokens.access_token) == INACTIVE
    assert state(rp, tokens.refresh_token)["active"] is True


def test_a_refresh_token_that_is_over(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Section 4."""
    clock.advance(days=30)
    assert state(rp, tokens.refresh_token) == INACTIVE


def test_a_refresh_token_that_was_used(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 4: it is good once; what it gave is alive, and so is the access token from before."""
    renewed = rp.refresh(tokens).json()
    assert state(rp, tokens.refresh_token) == INACTIVE
    assert state(rp, tokens.access_token)["active"] is True
    assert state(rp, renewed["refresh_token"])["active"] is True


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_what_is_revoked_is_dead_at_once(rp: RelyingParty, tokens: Tokens, kind: str) -> None:
    """Section 4: with everything that hangs on it, also the access token of a revoked refresh token."""
    revoke(rp, tokens.response[kind])
    assert state(rp, tokens.access_token) == INACTIVE
    assert state(rp, tokens.refresh_token) == INACTIVE


def test_another_clients_tokens(rp: RelyingParty, tokens: Tokens, service: RelyingParty) -> None:
    """Section 4: nothing is learned by trying."""
    assert state(service, tokens.access_token) == INACTIVE
    assert state(service, tokens.refresh_token) == INACTIVE


@pytest.mark.parametrize("audience", ["https://api.example", ["https://two.example", "https://api.example"]], ids=str)
def test_whom_a_token_is_for_may_ask(
    world: World, new_rp: NewRp, at_work: Browser, service: RelyingParty, audience: object
) -> None:
    """Section 2: a protected resource about the access tokens that it is shown; the refresh token is not its business."""
    rp = new_rp(world.client("other", audience=audience))
    tokens = rp.finish(at_work.get(rp.authorize_url(scope=OFFLINE)))
    assert state(service, tokens.access_token)["client_id"] == "other"
    assert state(service, tokens.refresh_token) == INACTIVE


def test_a_resource_of_one_tenant_hears_nothing_of_another(
    world: World, new_rp: NewRp, at_work: Browser, zon: KnownTenant
) -> None:
    """Rule E1: though the token names it as its audience."""
    rp = new_rp(world.client("other", audience=["zon-api", "fiets-api"]))
    token = rp.finish(at_work.get(rp.authorize_url())).access_token
    fietsen = world.tenant("fietsen-bv")
    asks: dict[str, Any] = {"grant_types": ["client_credentials"], "response_types": []}
    assert state(new_rp(world.client("zon-api", tenant=zon, **asks)), token)["active"] is True
    assert state(new_rp(world.client("fiets-api", tenant=fietsen, **asks)), token) == INACTIVE


def test_a_clients_own_token(world: World, service: RelyingParty, clock: MovingClock) -> None:
    """Sections 2.2 and 4: of nobody; it ends when it is given back, and when the client is disabled."""
    token, other = (service.token(grant_type="client_credentials").json()["access_token"] for _ in range(2))
    assert state(service, token)["sub"] == "https://api.example"
    revoke(service, token)
    assert state(service, token) == INACTIVE
    assert state(service, other)["active"] is True
    reader = RelyingParty(service.http, world.client("reader"), clock.now)
    revoke(reader, other)
    assert state(service, other)["active"] is True


def test_a_token_of_a_client_that_is_gone(world: World, new_rp: NewRp, service: RelyingParty) -> None:
    """Section 4: nobody may use it any more."""
    robot = new_rp(
        world.client(
            "robot", audience="https://api.example", grant_types=["client_credentials"], response_types=[], scope="read"
        )
    )
    token = robot.token(grant_type="client_credentials").json()["access_token"]
    assert state(service, token)["scope"] == "read"
    with world.unit_of_work() as session:
        session.query(Client).filter_by(client_id="robot").one().disabled_at = world._now()
    assert state(service, token) == INACTIVE


def test_a_token_of_an_authorization_that_is_gone(world: World, rp: RelyingParty, tokens: Tokens) -> None:
    """Section 4; giving it back is still no fault (RFC 7009 section 2.2)."""
    with world.unit_of_work() as session:
        session.delete(session.query(AuthorizationGrant).one())
    assert state(rp, tokens.access_token) == INACTIVE
    assert state(rp, tokens.refresh_token) == INACTIVE
    revoke(rp, tokens.access_token)


def test_the_client_must_prove_who_it_is(
    world: World, http: httpx.Client, rp: RelyingParty, tokens: Tokens, new_rp: NewRp, at_work: Browser
) -> None:
    """Section 2.1: which a public client cannot, not even for a token of its own."""
    public = new_rp(world.client("public", public=True))
    own = public.finish(at_work.get(public.authorize_url())).access_token
    for form, header in (
        ({"token": tokens.access_token}, ""),
        ({"token": own, "client_id": "public"}, ""),
        ({"token": tokens.access_token, "client_id": "books"}, ""),
        ({"token": tokens.access_token}, basic("books", "wrong")),
        ({"token": tokens.access_token}, f"Bearer {tokens.access_token}"),
    ):
        answer = http.post("/introspect", data=form, headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_token_is_needed_once(rp: RelyingParty) -> None:
    """Section 2.1, RFC 6749 section 3.2."""
    for form in ({}, {"token": ""}, {"token": ["a", "b"]}, {"token": "x" * 5000}):
        answer = ask(rp, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_address_says_nothing(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 2.1: by POST, in the form; an address is logged."""
    headers = {"Authorization": basic("books", rp.client.client_secret or "")}
    assert rp.http.post("/introspect", params={"token": tokens.access_token}, headers=headers).status_code == 400
    assert rp.http.get("/introspect", headers=headers).status_code == 405
