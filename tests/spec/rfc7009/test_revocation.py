"""Section 2: a client gives a token back."""

from __future__ import annotations

import httpx
import pytest

from tests.support.relying_party import NewRp, RelyingParty, Tokens, basic
from tests.support.world import World


def revoke(rp: RelyingParty, **form: str) -> httpx.Response:
    """One request, authenticated."""
    headers = {"Authorization": basic(rp.client.client_id, rp.client.client_secret or "")}
    return rp.http.post(rp.metadata["revocation_endpoint"], data=form, headers=headers)


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token", "unheard_of"])
def test_it_ends_the_whole_authorization(rp: RelyingParty, tokens: Tokens, kind: str, hint: str | None) -> None:
    """Section 2.1: with all of its tokens; the hint is only a hint."""
    answer = revoke(rp, token=tokens.response[kind], **({"token_type_hint": hint} if hint else {}))
    assert answer.status_code == 200
    assert rp.refresh(tokens).json()["error"] == "invalid_grant"
    assert rp.userinfo(tokens).status_code == 401
    assert revoke(rp, token=tokens.response[kind]).status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_no_token_is_as_good_as_revoked(rp: RelyingParty, token: str) -> None:
    """Section 2.2."""
    assert revoke(rp, token=token).status_code == 200


def test_a_clients_own_token(world: World, new_rp: NewRp) -> None:
    """It ends by itself, soon; there is no authorization behind it."""
    service = new_rp(world.client("service", grant_types=["client_credentials"], response_types=[]))
    token = service.token(grant_type="client_credentials").json()["access_token"]
    assert revoke(service, token=token).status_code == 200


def test_another_clients_token(world: World, new_rp: NewRp, rp: RelyingParty, tokens: Tokens) -> None:
    """Section 2.1: nothing happens, and nothing is learned; a person's tokens and a client's own are as alive as before."""
    other = new_rp(world.client("other"))
    service = new_rp(world.client("service", grant_types=["client_credentials"], response_types=[]))
    own = service.token(grant_type="client_credentials").json()["access_token"]
    for token in (tokens.refresh_token, tokens.access_token, own):
        assert revoke(other, token=token).status_code == 200
    assert is_active(rp, tokens.access_token)
    assert is_active(service, own)
    assert rp.userinfo(tokens).status_code == rp.refresh(tokens).status_code == 200


def is_active(rp: RelyingParty, token: str) -> bool:
    """What its own client hears of it."""
    headers = {"Authorization": basic(rp.client.client_id, rp.client.client_secret or "")}
    return bool(
        rp.http.post(rp.metadata["introspection_endpoint"], data={"token": token}, headers=headers).json()["active"]
    )


def test_the_client_must_be_known(http: httpx.Client, tokens: Tokens) -> None:
    """Section 2.1."""
    answer = http.post("/revoke", data={"token": tokens.refresh_token})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_token_is_needed_once(rp: RelyingParty) -> None:
    """Section 2.1, RFC 6749 section 3.2."""
    for form in ({}, {"token": ""}):
        answer = revoke(rp, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    headers = {"Authorization": basic("books", rp.client.client_secret or "")}
    answer = rp.http.post("/revoke", data={"token": ["a", "b"]}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
