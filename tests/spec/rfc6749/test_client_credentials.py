"""Section 4.4: a client's own token."""

from __future__ import annotations

import httpx
import pytest
from joserfc import jwt

from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, World


@pytest.fixture
def service(world: World, new_rp: NewRp) -> RelyingParty:
    """A program that works for itself."""
    return new_rp(
        world.client(
            "service", grant_types=["client_credentials"], response_types=[], scope="api:read api:write openid"
        )
    )


def own(service: RelyingParty, **values: str | None) -> httpx.Response:
    """One request."""
    return service.token(grant_type="client_credentials", **values)


def test_what_it_gives(service: RelyingParty) -> None:
    """Section 4.4.3: an access token and no refresh token; without a wish all that is registered."""
    body = own(service).json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert body["scope"] == "api:read api:write"


def test_less_scope(service: RelyingParty) -> None:
    """Section 3.3."""
    assert own(service, scope="api:read").json()["scope"] == "api:read"


@pytest.mark.parametrize("scope", ["api:delete", "api:read other", "openid", "offline_access"])
def test_scope_that_it_does_not_have(service: RelyingParty, scope: str) -> None:
    """Section 5.2; what is about a person is not a client's to ask."""
    answer = own(service, scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_client_without_scopes(world: World, new_rp: NewRp) -> None:
    """Then the response names none."""
    plain = new_rp(world.client("plain", grant_types=["client_credentials"], response_types=[], scope="openid"))
    assert own(plain).json().keys() == {"access_token", "token_type", "expires_in"}


def test_a_client_that_is_not_registered_for_it(rp: RelyingParty) -> None:
    """Section 5.2."""
    answer = own(rp)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_a_public_client_cannot(world: World, new_rp: NewRp) -> None:
    """Section 4.4: for confidential clients only; the registration refuses it, and so does the endpoint."""
    public = new_rp(world.client("public", public=True))
    assert own(public).json()["error"] == "unauthorized_client"


def test_its_token_is_nobodys(service: RelyingParty) -> None:
    """There is no person to tell about."""
    answer = service.userinfo(own(service).json()["access_token"])
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_a_tenants_service(world: World, zon: KnownTenant, new_rp: NewRp) -> None:
    """Its token names the tenant."""
    theirs = new_rp(
        world.client("theirs", tenant=zon, grant_types=["client_credentials"], response_types=[], scope="api")
    )
    token = own(theirs).json()["access_token"]
    claims = jwt.decode(token, theirs.keys(), algorithms=["ES256"]).claims
    assert claims["tenant"] == "de-zon"
