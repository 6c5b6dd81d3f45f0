"""Sections 3.2 and 5.2: the token endpoint's form, and its errors."""

from __future__ import annotations

import httpx
import pytest

from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import World


def test_only_post(http: httpx.Client) -> None:
    """Section 3.2; the answer says what would do, as JSON."""
    answer = http.get("/token")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert answer.json()["error"]


@pytest.mark.parametrize("grant_type", [None, ""])
def test_a_missing_grant_type(rp: RelyingParty, grant_type: str | None) -> None:
    """Section 5.2."""
    answer = rp.token(grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:x", 'a"b\\c\n', "é"])
def test_an_unknown_grant_type(rp: RelyingParty, grant_type: str) -> None:
    """Section 5.2; RFC 9700 section 2.4: no password grant."""
    answer = rp.token(grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("body", [b'{"grant_type": "client_credentials"}', b"", b"\xff", b"&&&=&"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", ""])
def test_what_is_no_form(rp: RelyingParty, body: bytes, kind: str) -> None:
    """Section 3.2: application/x-www-form-urlencoded."""
    answer = rp.http.post("/token", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_no_parameter_twice(rp: RelyingParty) -> None:
    """Section 3.2."""
    form = "grant_type=refresh_token&refresh_token=a&refresh_token=b"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = rp.http.post("/token", content=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


TWICE = {
    "token": ("grant_type", "code", "redirect_uri", "refresh_token", "scope", "code_verifier"),
    "pushed_authorization_request": ("client_id", "redirect_uri", "scope", "state", "code_challenge", "request"),
    "revocation": ("token", "token_type_hint"),
    "introspection": ("token", "token_type_hint"),
    "device_authorization": ("client_id", "scope", "unknown"),
}


@pytest.mark.parametrize("endpoint", TWICE)
def test_no_parameter_twice_at_any_endpoint(rp: RelyingParty, endpoint: str) -> None:
    """Section 3.2: whichever it is, also where both values are the same, and however right the rest."""
    for name in TWICE[endpoint]:
        asked = rp.token_request(**{**rp.parameters(), "token": "x", "grant_type": "client_credentials", name: "x"})
        answer = rp.http.post(
            rp.metadata[f"{endpoint}_endpoint"], content=asked.content + f"&{name}=x".encode(), headers=form(asked)
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), name
        assert answer.json()["error_description"] == "A parameter was sent more than once"


def form(asked: httpx.Request) -> dict[str, str]:
    """Who sends which kind of body, for another body."""
    return {name: asked.headers[name] for name in ("Authorization", "Content-Type")}


def test_a_client_that_is_not_registered_for_codes(world: World, new_rp: NewRp) -> None:
    """Section 5.2: what grants a client may use is its registration's to say."""
    service = new_rp(world.client("service", grant_types=["client_credentials"], response_types=[], redirect_uris=[]))
    answer = service.token(grant_type="authorization_code", code="x", redirect_uri="https://books.example/cb")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_any_origin_may_ask(http: httpx.Client) -> None:
    """A public client in a browser: no cookie is involved, so none is allowed (RFC 9700 section 2.6)."""
    answer = http.options("/token", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    answer = http.post("/token", data={}, headers={"Origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
