"""Sections 4 and 5: the answer of an introspection as a JWT, for the client that asked."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc import jwt

from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens, basic
from tests.support.stores import ISSUER
from tests.support.world import World

SIGNED = "application/token-introspection+jwt"


def ask(rp: RelyingParty, token: str, accept: str = SIGNED) -> httpx.Response:
    """One request."""
    headers = {"Authorization": basic(rp.client.client_id, rp.client.client_secret or ""), "Accept": accept}
    return rp.http.post(rp.metadata["introspection_endpoint"], data={"token": token}, headers=headers)


def read(rp: RelyingParty, answer: httpx.Response, algorithm: str = "RS256") -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, the signature verified."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == SIGNED
    token = jwt.decode(answer.text, rp.keys(), algorithms=[algorithm])
    return token.header, dict(token.claims)


def test_what_it_is(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Section 5: a type of its own, an audience, and no `sub` or `exp` by which it could be taken for an access token."""
    header, claims = read(rp, ask(rp, tokens.access_token))
    assert header["typ"] == "token-introspection+jwt"
    plain = ask(rp, tokens.access_token, "application/json").json()
    now = int(clock.now().timestamp())
    assert claims == {"iss": ISSUER, "aud": "books", "iat": now, "token_introspection": plain}


def test_a_dead_token(rp: RelyingParty) -> None:
    """Section 5: nothing but that."""
    assert read(rp, ask(rp, "x"))[1]["token_introspection"] == {"active": False}


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", f"{SIGNED};q=0.5, application/json", "text/html"])
def test_only_for_those_who_ask_it(rp: RelyingParty, accept: str) -> None:
    """Section 4: by the Accept header."""
    assert ask(rp, "x", accept).json() == {"active": False}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_the_algorithm_that_the_client_registered(
    world: World, new_rp: NewRp, at_work: Browser, algorithm: str
) -> None:
    """Section 6: introspection_signed_response_alg, of those that discovery names (section 7)."""
    rp = new_rp(world.client("other", introspection_signed_response_alg=algorithm))
    token = rp.finish(at_work.get(rp.authorize_url())).access_token
    assert algorithm in rp.metadata["introspection_signing_alg_values_supported"]
    header, claims = read(rp, ask(rp, token), algorithm)
    assert header["alg"] == algorithm
    assert claims["token_introspection"]["active"] is True


def test_it_opens_nothing(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 8.1: it is no access token."""
    answer = ask(rp, tokens.access_token)
    assert rp.userinfo(answer.text).status_code == 401
