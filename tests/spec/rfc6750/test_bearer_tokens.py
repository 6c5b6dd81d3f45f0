"""Sections 2 and 3, and OpenID Connect Core section 5.3: access tokens at the UserInfo endpoint."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from idp.oidc.models import Client
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, Tokens
from tests.support.world import World


def bearer(token: str) -> dict[str, str]:
    """The header of section 2.1."""
    return {"Authorization": f"Bearer {token}"}


def test_in_the_header(http: httpx.Client, tokens: Tokens) -> None:
    """Section 2.1: by GET and by POST; the scheme's name in any case."""
    for answer in (
        http.get("/userinfo", headers=bearer(tokens.access_token)),
        http.post("/userinfo", headers=bearer(tokens.access_token)),
        http.get("/userinfo", headers={"Authorization": f"bEARER  {tokens.access_token} "}),
    ):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["sub"] == tokens.claims["sub"]


def test_in_the_form(http: httpx.Client, tokens: Tokens) -> None:
    """Section 2.2."""
    assert http.post("/userinfo", data={"access_token": tokens.access_token}).status_code == 200


@pytest.mark.parametrize("times", [2, 9000], ids=["twice", "too long"])
def test_a_form_that_is_malformed(http: httpx.Client, tokens: Tokens, times: int) -> None:
    """Section 3.1: invalid_request, also where one of the tokens is right."""
    form = f"access_token={tokens.access_token}&" + ("access_token=x" if times == 2 else "x=" + "x" * times)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = http.post("/userinfo", content=form, headers=kind)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_in_the_address_it_does_not_count(http: httpx.Client, tokens: Tokens) -> None:
    """Section 2.3: addresses are logged."""
    assert http.get("/userinfo", params={"access_token": tokens.access_token}).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Basic eDp5"}], ids=str)
def test_without_a_token(http: httpx.Client, headers: dict[str, str]) -> None:
    """Section 3.1: a challenge without an error code."""
    answer = http.get("/userinfo", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert "error" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b.c", "é", "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.", "x" * 9000, "eyJhbGciOiJFUzI1NiJ9.e30.AA"],
    ids=lambda token: token[:10],
)
def test_what_is_no_token_of_ours(http: httpx.Client, token: str) -> None:
    """Section 3.1: invalid_token."""
    answer = http.get("/userinfo", headers=[(b"Authorization", f"Bearer {token}".encode())])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.json()["error"] == "invalid_token"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_was_altered(http: httpx.Client, tokens: Tokens, part: int) -> None:
    """Its signature no longer fits."""
    parts = tokens.access_token.split(".")
    parts[part] = parts[part][:-8] + ("A" * 8 if parts[part][-8:] != "A" * 8 else "B" * 8)
    assert http.get("/userinfo", headers=bearer(".".join(parts))).status_code == 401


def test_another_algorithm_with_the_name_of_a_key(http: httpx.Client, tokens: Tokens, rp: RelyingParty) -> None:
    """RFC 8725 section 3.1: the header does not choose how a key is used."""
    for alg in ("RS256", "HS256", "none", "ES384", 7):
        head = json.loads(base64.urlsafe_b64decode(tokens.access_token.split(".")[0] + "=="))
        forged = base64.urlsafe_b64encode(json.dumps(head | {"alg": alg}).encode()).rstrip(b"=").decode()
        token = ".".join([forged, *tokens.access_token.split(".")[1:]])
        assert http.get("/userinfo", headers=bearer(token)).status_code == 401


def test_in_two_ways_at_once(http: httpx.Client, tokens: Tokens) -> None:
    """Section 2."""
    form: dict[str, Any] = {"access_token": tokens.access_token}
    answer = http.post("/userinfo", headers=bearer(tokens.access_token), data=form)
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]
    assert http.post("/userinfo", data={"access_token": [tokens.access_token, "x"]}).status_code == 400


def test_it_ends(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """After its expires_in."""
    clock.advance(seconds=tokens.response["expires_in"] - 1)
    assert rp.userinfo(tokens).status_code == 200
    clock.advance(seconds=1)
    assert rp.userinfo(tokens).status_code == 401


def test_a_token_of_an_authorization_that_is_gone(world: World, rp: RelyingParty, tokens: Tokens) -> None:
    """Section 3.1: its application was removed, with everything that it had got."""
    with world.unit_of_work() as session:
        session.delete(session.query(Client).one())
    assert rp.userinfo(tokens).status_code == 401
    assert rp.userinfo(tokens).json()["error"] == "invalid_token"


def test_a_token_without_openid(rp: RelyingParty, at_work: Browser, tokens: Tokens) -> None:
    """OpenID Connect Core section 5.3: the UserInfo endpoint is for who asked for an OpenID login, at first or by refreshing."""
    given = rp.redeem(rp.answer(at_work.get(rp.authorize_url(scope="profile email")))["code"]).json()
    assert "id_token" not in given
    narrowed = rp.refresh(tokens, scope="profile").json()
    for token in (given["access_token"], narrowed["access_token"]):
        answer = rp.userinfo(token)
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_any_origin_may_ask(http: httpx.Client, tokens: Tokens) -> None:
    """OpenID Connect Core section 5.3.1: CORS, without credentials; also for errors."""
    origin = {"Origin": "https://app.example"}
    ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = http.options("/userinfo", headers=origin | ask)
    assert preflight.status_code == 200
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    for answer in (
        preflight,
        http.get("/userinfo", headers=origin),
        http.get("/userinfo", headers=origin | bearer(tokens.access_token)),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_other_methods(http: httpx.Client) -> None:
    """JSON for a program that asks in the wrong way."""
    answer = http.delete("/userinfo")
    assert answer.status_code == 405
    assert answer.json()["error"]
