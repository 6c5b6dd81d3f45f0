"""Sections 5, 6, 7 and 10: codes, access tokens and refresh tokens that are worth something only with the key."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt

from tests.spec.conftest import OFFLINE
from tests.spec.rfc9449.conftest import code_of
from tests.support.browser import Browser
from tests.support.dpop import Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens, basic
from tests.support.stores import ISSUER
from tests.support.world import World


@pytest.fixture
def bound(rp: RelyingParty, at_work: Browser, prover: Prover) -> dict[str, Any]:
    """What "books" got with a proof."""
    answer = prover.redeem(rp, code_of(rp, at_work))
    assert answer.status_code == 200, answer.text
    response: dict[str, Any] = answer.json()
    return response


def test_what_a_code_gives(rp: RelyingParty, bound: dict[str, Any], prover: Prover) -> None:
    """Sections 5 and 6: the token's type, and the key in the token and in what introspection says of it."""
    assert bound["token_type"] == "DPoP"
    claims = jwt.decode(bound["access_token"], rp.keys(), algorithms=["ES256"]).claims
    assert claims["cnf"] == {"jkt": prover.jkt}
    headers = {"Authorization": basic("books", rp.client.client_secret or "")}
    told = rp.http.post("/introspect", data={"token": bound["access_token"]}, headers=headers).json()
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": prover.jkt})


def test_at_a_resource(rp: RelyingParty, bound: dict[str, Any], prover: Prover) -> None:
    """Section 7.1: the scheme DPoP, in any case, and a proof for this token."""
    for scheme, method in (("DPoP", "GET"), ("dpop", "POST")):
        answer = prover.userinfo(rp, bound["access_token"], scheme=scheme, method=method)
        assert answer.status_code == 200
        assert answer.json()["sub"]


def test_it_is_no_bearer_token(rp: RelyingParty, bound: dict[str, Any], prover: Prover) -> None:
    """Section 7.2: not even with a right proof beside it, nor in the form."""
    token = bound["access_token"]
    form = rp.http.post("/userinfo", data={"access_token": token})
    for answer in (rp.userinfo(token), prover.userinfo(rp, token, scheme="Bearer"), form):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("DPoP ")
        assert 'error="invalid_token"' in challenge
        assert 'algs="ES256 ' in challenge


def test_without_a_proof(rp: RelyingParty, bound: dict[str, Any]) -> None:
    """Section 7.1."""
    headers = {"Authorization": f"DPoP {bound['access_token']}"}
    answer = rp.http.get("/userinfo", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")
    assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]


def test_with_another_key(rp: RelyingParty, bound: dict[str, Any], stranger: Prover) -> None:
    """Section 7.1: who has the token has nothing."""
    answer = stranger.userinfo(rp, bound["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("DPoP ")


def test_with_a_proof_for_something_else(rp: RelyingParty, bound: dict[str, Any], prover: Prover) -> None:
    """Section 4.3, items 8, 9 and 12: `ath` ties the proof to the token."""
    wrong: list[dict[str, Any]] = [{"ath": None}, {"ath": "x"}, {"htm": "POST"}, {"htu": f"{ISSUER}/token"}]
    for changes in wrong:
        proof = prover.proof("GET", f"{ISSUER}/userinfo", token=bound["access_token"], **changes)
        answer = prover.userinfo(rp, bound["access_token"], proof)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof"), changes


def test_a_proof_is_good_once_there_too(rp: RelyingParty, bound: dict[str, Any], prover: Prover) -> None:
    """Section 11.1."""
    proof = prover.proof("GET", f"{ISSUER}/userinfo", token=bound["access_token"])
    assert prover.userinfo(rp, bound["access_token"], proof).status_code == 200
    assert prover.userinfo(rp, bound["access_token"], proof).status_code == 401


def test_an_unbound_token_with_a_proof(rp: RelyingParty, tokens: Tokens, prover: Prover) -> None:
    """Section 7.1: it is bound to no key, so no proof fits; as Bearer it is what it always was."""
    assert prover.userinfo(rp, tokens).status_code == 401
    assert prover.userinfo(rp, tokens, scheme="Bearer").status_code == 200


def test_no_token_of_ours(rp: RelyingParty, prover: Prover) -> None:
    """Section 7.1: the challenge of the scheme that was used; without any, those of both."""
    answer = prover.userinfo(rp, "x")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("DPoP ")
    both = rp.http.get("/userinfo").headers["www-authenticate"]
    assert both.startswith("Bearer ")
    assert 'DPoP realm="' in both
    assert 'algs="ES256 ' in both


def test_a_nonce_at_a_resource(world: World, new_rp: NewRp, at_work: Browser, prover: Prover) -> None:
    """Section 9: 401, with the nonce to use."""
    rp = new_rp(world.client("strict", dpop_require_nonce=True))
    code = code_of(rp, at_work)
    nonce = prover.redeem(rp, code).headers["dpop-nonce"]
    token = prover.redeem(rp, code, prover.proof(nonce=nonce)).json()["access_token"]
    refused = prover.userinfo(rp, token)
    assert (refused.status_code, refused.json()["error"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    right = prover.proof("GET", f"{ISSUER}/userinfo", token=token, nonce=refused.headers["dpop-nonce"])
    assert prover.userinfo(rp, token, right).status_code == 200


def test_a_wrong_proof_burns_no_code(rp: RelyingParty, at_work: Browser, prover: Prover) -> None:
    """Section 5: what is refused before the code is looked at has spent nothing."""
    code = code_of(rp, at_work)
    assert prover.redeem(rp, code, "x").json()["error"] == "invalid_dpop_proof"
    assert prover.redeem(rp, code).status_code == 200


# Refresh tokens


def test_a_public_clients_refresh_token(
    public: RelyingParty, at_work: Browser, prover: Prover, stranger: Prover
) -> None:
    """Section 5: it is bound to the key; who stole it gets nothing, and ends nothing."""
    given = prover.redeem(public, code_of(public, at_work, prompt="consent")).json()
    assert stranger.refresh(public, given["refresh_token"]).json()["error"] == "invalid_grant"
    assert public.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    second = prover.refresh(public, given["refresh_token"])
    assert second.status_code == 200
    assert second.json()["token_type"] == "DPoP"
    assert stranger.refresh(public, second.json()["refresh_token"]).json()["error"] == "invalid_grant"
    assert prover.userinfo(public, second.json()["access_token"]).status_code == 200
    assert prover.refresh(public, second.json()["refresh_token"]).status_code == 200


def test_a_stolen_refresh_token_that_was_used(
    public: RelyingParty, at_work: Browser, prover: Prover, stranger: Prover, clock: MovingClock
) -> None:
    """Section 5: without the key it is no reuse; whoever found it cannot log the person out."""
    given = prover.redeem(public, code_of(public, at_work)).json()
    second = prover.refresh(public, given["refresh_token"]).json()
    clock.advance(minutes=1)
    assert stranger.refresh(public, given["refresh_token"]).json()["error"] == "invalid_grant"
    assert prover.refresh(public, second["refresh_token"]).status_code == 200


def test_a_confidential_clients_refresh_token(rp: RelyingParty, bound: dict[str, Any], stranger: Prover) -> None:
    """Section 5: it is bound to the client, which may change its key; the new access token is the new key's."""
    renewed = stranger.refresh(rp, bound["refresh_token"]).json()
    assert renewed["token_type"] == "DPoP"
    assert stranger.userinfo(rp, renewed["access_token"]).status_code == 200


# Codes


def test_a_code_for_a_key(public: RelyingParty, at_work: Browser, prover: Prover, stranger: Prover) -> None:
    """Section 10: who intercepts the code has not the key; what is refused is not spent."""
    code = code_of(public, at_work, dpop_jkt=prover.jkt)
    assert stranger.redeem(public, code).json()["error"] == "invalid_grant"
    assert public.redeem(code).json()["error"] == "invalid_grant"
    assert prover.redeem(public, code).json()["token_type"] == "DPoP"


def test_what_is_no_thumbprint(rp: RelyingParty, at_work: Browser) -> None:
    """Section 10: base64url of a SHA-256."""
    for jkt in ("x", "a" * 42, "a" * 44, "a" * 42 + "+", "a" * 42 + "é"):
        assert rp.answer(at_work.get(rp.authorize_url(dpop_jkt=jkt)))["error"] == "invalid_request", jkt


def test_an_empty_thumbprint_is_none(rp: RelyingParty, at_work: Browser) -> None:
    """RFC 6749 section 3.1."""
    assert rp.redeem(code_of(rp, at_work, dpop_jkt="", scope=OFFLINE)).status_code == 200
