"""Sections 4, 5 and 8: what a proof at the token endpoint must be like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.support.dpop import Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, basic
from tests.support.stores import ISSUER
from tests.support.world import World

RSA = RSAKey.generate_key(2048)
ED = OKPKey.generate_key("Ed25519")


def ask(rp: RelyingParty, prover: Prover, proof: str | None = None) -> httpx.Response:
    """A token request in which only the proof can be wrong."""
    return prover.token(rp, proof, grant_type="client_credentials")


def holds(answer: httpx.Response) -> bool:
    """Whether the proof was believed."""
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), answer.text
    assert answer.headers["cache-control"] == "no-store"
    return False


def encoded(part: Any) -> str:
    """A part of a JWT."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"htu": f"{ISSUER}/token?x=y#z"},
        {"htu": "HTTPS://Login.Informer.example:443/%74oken"},
        {"iat": -80},
        {"iat": 25},
        {"unknown": "claim"},
        {"header": {"kid": "x"}},
        {"header": {"tx_id": 1}},
        {"ath": "of no token, so it does not matter"},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_right_proof(
    service: RelyingParty, prover: Prover, rp: RelyingParty, clock: MovingClock, changes: dict[str, Any]
) -> None:
    """Sections 4.3, 5 and 6.1: `token_type` DPoP, and the thumbprint of the key in the access token."""
    if "iat" in changes:
        changes = {"iat": int(clock.now().timestamp()) + changes["iat"]}
    answer = ask(service, prover, prover.proof(**changes))
    assert holds(answer)
    assert answer.json()["token_type"] == "DPoP"
    claims = jwt.decode(answer.json()["access_token"], rp.keys(), algorithms=["ES256"]).claims
    assert claims["cnf"] == {"jkt": prover.jkt}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-384"), "ES384"),
        (ECKey.generate_key("P-521"), "ES512"),
        (RSA, "RS256"),
        (RSA, "PS256"),
        (ED, "EdDSA"),
        (ED, "Ed25519"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_algorithms(service: RelyingParty, clock: MovingClock, key: ECKey, algorithm: str) -> None:
    """Section 5.1: those that the metadata names."""
    assert algorithm in service.metadata["dpop_signing_alg_values_supported"]
    assert holds(ask(service, Prover(clock.now, key, algorithm)))


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET"},
        {"method": "post"},
        {"htm": None},
        {"htm": ["POST"]},
        {"uri": f"{ISSUER}/userinfo"},
        {"uri": f"{ISSUER}/token/"},
        {"uri": "https://other.example/token"},
        {"uri": "http://login.informer.example/token"},
        {"uri": "https://login.informer.example:8443/token"},
        {"uri": "https://x@login.informer.example/token"},
        {"uri": "https://login.informer.example:port/token"},
        {"uri": "/token"},
        {"htu": None},
        {"htu": 7},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": 10**400},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 300},
        {"header": {"typ": None}},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"jwk": None}},
        {"header": {"jwk": "x"}},
        {"header": {"jwk": {"kty": "EC"}}},
        {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"header": {"jwk": ECKey.generate_key("P-256").as_dict(private=False)}},
        {"header": {"jwk": OKPKey.generate_key("X25519").as_dict(private=False)}},
    ],
)
def test_a_wrong_proof(service: RelyingParty, prover: Prover, changes: dict[str, Any]) -> None:
    """Section 4.3: each of these must be right."""
    assert not holds(ask(service, prover, prover.proof(**changes)))


def test_a_proof_with_the_private_key(service: RelyingParty, prover: Prover) -> None:
    """Section 4.2: the public key; who shows the private one has none any more."""
    jwk = prover.key.as_dict(private=True)
    assert not holds(ask(service, prover, prover.proof(header={"jwk": jwk})))


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_key_that_is_too_short(service: RelyingParty, clock: MovingClock) -> None:
    """RFC 7518 section 3.3."""
    assert not holds(ask(service, Prover(clock.now, RSAKey.generate_key(1024), "RS256")))


@pytest.mark.parametrize(("seconds", "expected"), [(-91, False), (-89, True), (29, True), (31, False)])
def test_its_time(service: RelyingParty, prover: Prover, clock: MovingClock, seconds: int, expected: bool) -> None:
    """Section 4.3, item 11: a minute, and half a minute by which clocks may differ."""
    made = int(clock.now().timestamp()) + seconds
    assert holds(ask(service, prover, prover.proof(iat=made))) is expected


def test_it_is_good_once(service: RelyingParty, prover: Prover, clock: MovingClock) -> None:
    """Section 11.1: also at the last moment at which it would be in time, and where the request was refused."""
    ahead = prover.proof(iat=int(clock.now().timestamp()) + 29)
    assert holds(ask(service, prover, ahead))
    assert not holds(ask(service, prover, ahead))
    clock.advance(seconds=118)
    assert not holds(ask(service, prover, ahead))
    spent = prover.proof()
    assert (
        prover.token(service, spent, grant_type="client_credentials", scope="unheard").json()["error"]
        == "invalid_scope"
    )
    assert not holds(ask(service, prover, spent))


def test_the_same_name_of_another_key(service: RelyingParty, prover: Prover, stranger: Prover) -> None:
    """Section 11.1: nobody can spend another's `jti`."""
    assert holds(ask(service, stranger, stranger.proof(jti="one")))
    assert holds(ask(service, prover, prover.proof(jti="one")))


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b.c", "e30.e30.", "W10.W10.AA", "é.é.é", "x" * 9000, "e30.e30.AA,e30.e30.AA"],
    ids=lambda text: text[:20] or "empty",
)
def test_what_is_no_proof(service: RelyingParty, text: str) -> None:
    """Section 4.3, items 1 and 2: 400, whatever it is."""
    request = service.token_request(grant_type="client_credentials")
    headers = [*request.headers.raw, (b"DPoP", text.encode())]
    answer = service.http.request("POST", request.url, content=request.content, headers=headers)
    assert not holds(answer)


def test_two_proofs(service: RelyingParty, prover: Prover) -> None:
    """Section 4.3, item 1: not more than one header."""
    request = service.token_request(grant_type="client_credentials")
    headers = [*request.headers.raw, *((b"DPoP", prover.proof().encode()) for _ in range(2))]
    assert not holds(service.http.request("POST", request.url, content=request.content, headers=headers))


def test_algorithms_that_prove_nothing(service: RelyingParty, prover: Prover, clock: MovingClock) -> None:
    """Section 4.3, item 5: `none`, and an HMAC with the public key that is there for all to see."""
    claims = prover.proof().split(".")[1]
    jwk = {name: value for name, value in prover.key.as_dict(private=False).items() if name != "kid"}
    head = encoded({"alg": "none", "typ": "dpop+jwt", "jwk": jwk})
    assert not holds(ask(service, prover, f"{head}.{claims}."))
    for secret in (prover.key.as_pem(private=False), json.dumps(jwk).encode()):
        head = encoded({"alg": "HS256", "typ": "dpop+jwt", "jwk": jwk})
        mac = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        assert not holds(ask(service, prover, f"{head}.{claims}.{encoded(mac)}"))


def test_a_critical_header_that_is_not_understood(service: RelyingParty, prover: Prover) -> None:
    """RFC 7515 section 4.1.11."""
    head, claims, signature = prover.proof().split(".")
    named = json.loads(base64.urlsafe_b64decode(head + "==")) | {"crit": ["x"], "x": 1}
    assert not holds(ask(service, prover, f"{encoded(named)}.{claims}.{signature}"))


def test_the_client_comes_first(service: RelyingParty, prover: Prover) -> None:
    """Section 5: who does not prove who it is learns nothing of proofs, and spends none."""
    proof = prover.proof()
    form = {"grant_type": "client_credentials"}
    headers = {"DPoP": proof, "Authorization": basic("service", "wrong")}
    assert service.http.post("/token", data=form, headers=headers).json()["error"] == "invalid_client"
    assert holds(ask(service, prover, proof))


def test_a_nonce_is_offered_and_may_be_used(service: RelyingParty, prover: Prover, clock: MovingClock) -> None:
    """Section 8: of our making, and not old; a client that uses one is held to it."""
    answer = ask(service, prover)
    nonce = answer.headers["dpop-nonce"]
    assert holds(ask(service, prover, prover.proof(nonce=nonce)))
    clock.advance(minutes=3)
    assert holds(ask(service, prover, prover.proof(nonce=nonce)))
    clock.advance(minutes=3)
    for wrong in (nonce, "x", "", 7, nonce + "A", "é"):
        refused = ask(service, prover, prover.proof(nonce=wrong))
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
        assert holds(ask(service, prover, prover.proof(nonce=refused.headers["dpop-nonce"])))


def test_a_client_that_must_use_a_nonce(world: World, new_rp: NewRp, prover: Prover) -> None:
    """Section 8: where it is registered so, the first answer is the nonce."""
    asks: dict[str, Any] = {"grant_types": ["client_credentials"], "response_types": []}
    strict = new_rp(world.client("strict", dpop_require_nonce=True, **asks))
    refused = ask(strict, prover)
    assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
    assert holds(ask(strict, prover, prover.proof(nonce=refused.headers["dpop-nonce"])))


def test_a_client_that_must_bind_its_tokens(world: World, new_rp: NewRp, prover: Prover) -> None:
    """Section 5.2: dpop_bound_access_tokens; without a proof it gets none."""
    asks: dict[str, Any] = {"grant_types": ["client_credentials"], "response_types": []}
    strict = new_rp(world.client("strict", dpop_bound_access_tokens=True, **asks))
    assert not holds(strict.token(grant_type="client_credentials"))
    assert holds(ask(strict, prover))


def test_without_a_proof_it_is_a_bearer_token(service: RelyingParty) -> None:
    """Section 5: the client's choice, where it did not register otherwise."""
    answer = service.token(grant_type="client_credentials")
    assert answer.json()["token_type"] == "Bearer"
    assert "dpop-nonce" not in answer.headers


def test_a_page_of_any_origin_may_send_proofs(service: RelyingParty) -> None:
    """Section 8.2, WHATWG Fetch: the header may be sent, and the nonce be read."""
    for address in ("/token", "/userinfo"):
        ask_first = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
        answer = service.http.options(address, headers={"Origin": "https://app.example", **ask_first})
        assert "DPoP" in answer.headers["access-control-allow-headers"]
        assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"]
