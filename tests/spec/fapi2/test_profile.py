"""Sections 5.3.2 and 5.4: what a client of the profile must do, and what it may not leave out."""

from __future__ import annotations

import base64
import json
import re
import tomllib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from idp.oidc.clients.validation import InvalidMetadata, validated
from idp.provisioning.import_file import CLIENT_KEYS
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.dpop import Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World

EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
BANK: dict[str, Any] = {
    "profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [key.as_dict(private=False) for key in (EC, RSA)]},
    "dpop_bound_access_tokens": True,
}

CERTIFICATION = Path(__file__).parents[3] / "config" / "certification.toml"

Sign = Callable[..., str]


@pytest.fixture
def rp(world: World, new_rp: NewRp) -> RelyingParty:
    """A client of the profile; that it must use PKCE does not hang on the other switch."""
    return new_rp(world.client("bank", public=True, require_pkce=False, **BANK))


@pytest.fixture
def prover(clock: MovingClock) -> Prover:
    """The application's key for DPoP."""
    return Prover(clock.now)


@pytest.fixture
def sign(clock: MovingClock) -> Sign:
    """Signs what the client says of itself; a change to None leaves a claim out."""

    def make(key: ECKey | RSAKey = EC, alg: str = "ES256", **claims: Any) -> str:
        now = int(clock.now().timestamp())
        said = {
            "iss": "bank",
            "aud": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jws.serialize_compact({"alg": alg, "kid": key.kid}, json.dumps(said), key, [alg])

    return make


def by_key(assertion: str) -> dict[str, str]:
    """The parameters of client authentication."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion_type": kind, "client_assertion": assertion}


def assertion(sign: Sign, **changes: Any) -> dict[str, str]:
    """Client authentication that is right but for the changes."""
    return by_key(sign(**{"sub": "bank", **changes}))


@pytest.fixture
def give(rp: RelyingParty, sign: Sign, prover: Prover) -> Callable[..., httpx.Response]:
    """A token request with a proof of both keys."""

    def ask(**values: str | None) -> httpx.Response:
        asked = rp.token_request(**values, **assertion(sign))
        asked.headers["DPoP"] = prover.proof("POST", f"{ISSUER}/token")
        return rp.http.send(asked)

    return ask


def test_the_whole_of_it(
    rp: RelyingParty, sign: Sign, browser: Browser, anna: KnownUser, prover: Prover, give: Callable[..., httpx.Response]
) -> None:
    """Section 5.3.2: pushed, logged in, redeemed with the key; the token is bound; iss is in the answer."""
    browser.get(rp.pushed_url(rp.push(**assertion(sign)).json()["request_uri"])).login(anna)
    answer = give(grant_type="authorization_code", **rp.redemption(rp.answer(browser)["code"]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    head = json.loads(base64.urlsafe_b64decode(answer.json()["id_token"].split(".")[0] + "=="))
    assert head["alg"] == "ES256"
    assert prover.userinfo(rp, answer.json()["access_token"]).status_code == 200
    assert rp.userinfo(answer.json()["access_token"]).status_code == 401


def test_requests_are_pushed(rp: RelyingParty, browser: Browser) -> None:
    """Section 5.3.2.2, item 3: one that is not is refused."""
    assert rp.answer(browser.get(rp.authorize_url()))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"redirect_uri": None},
    ],
    ids=str,
)
def test_what_a_pushed_request_must_have(rp: RelyingParty, sign: Sign, changes: dict[str, str | None]) -> None:
    """Section 5.3.2.2: PKCE with S256, whatever else is registered; redirect_uri."""
    answer = rp.push(**assertion(sign), **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "audience", [f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER], [ISSUER, "https://other.example"]], ids=str
)
def test_an_assertion_names_the_issuer_alone(rp: RelyingParty, sign: Sign, audience: Any) -> None:
    """Section 5.3.2.1: as a text, and nothing else."""
    answer = rp.push(**assertion(sign, aud=audience))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_algorithms_of_an_assertion(rp: RelyingParty, sign: Sign) -> None:
    """Section 5.4.1: PS256, ES256, EdDSA; RS256 is none of them."""
    assert rp.push(**assertion(sign, key=RSA, alg="PS256")).status_code == 201
    assert rp.push(**assertion(sign, key=RSA, alg="RS256")).status_code == 401


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({}, True),
        ({"key": RSA, "alg": "RS256"}, False),
        ({"exp": None}, False),
        ({"nbf": None}, False),
        ({"lives": 3601}, False),
        ({"began": 3601}, False),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else str(value),
)
def test_a_signed_request(
    rp: RelyingParty,
    sign: Sign,
    clock: MovingClock,
    changes: dict[str, Any],
    right: bool,
) -> None:
    """Message Signing section 5.3.1: exp and nbf, an hour at most."""
    now = int(clock.now().timestamp())
    began = now - changes.get("began", 0)
    times = {"nbf": began, "exp": max(began + changes.get("lives", 60), now + 1)}
    more = {name: value for name, value in changes.items() if name not in {"began", "lives"}}
    text = sign(**{**rp.parameters(), **times, **more})
    answer = rp.http.send(rp.push_request({"request": text, **assertion(sign)}))
    assert answer.json().get("error") == (None if right else "invalid_request_object")


def test_tokens_are_given_for_a_key_only(
    rp: RelyingParty, sign: Sign, browser: Browser, anna: KnownUser, give: Callable[..., httpx.Response]
) -> None:
    """Section 5.3.2.1: sender-constrained access tokens; without a proof nothing is given, and nothing spent."""
    browser.get(rp.pushed_url(rp.push(**assertion(sign)).json()["request_uri"])).login(anna)
    redemption = {"grant_type": "authorization_code", **rp.redemption(rp.answer(browser)["code"])}
    answer = rp.token(**redemption, **assertion(sign))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert give(**redemption).status_code == 200


def test_refresh_tokens_stay(
    rp: RelyingParty,
    sign: Sign,
    browser: Browser,
    anna: KnownUser,
    clock: MovingClock,
    give: Callable[..., httpx.Response],
) -> None:
    """Section 5.3.2.1: no rotation; one that is in use lives on, to the authorization's absolute end and no longer."""
    browser.get(rp.pushed_url(rp.push(scope=OFFLINE, **assertion(sign)).json()["request_uri"])).login(anna)
    first = give(grant_type="authorization_code", **rp.redemption(rp.answer(browser)["code"])).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for _ in range(4):
        again = give(**refresh)
        assert again.status_code == 200
        assert "refresh_token" not in again.json()
        clock.advance(days=22)
    clock.advance(days=3)
    assert give(**refresh).json()["error"] == "invalid_grant"


def test_an_idle_refresh_token_ends(
    rp: RelyingParty,
    sign: Sign,
    browser: Browser,
    anna: KnownUser,
    clock: MovingClock,
    give: Callable[..., httpx.Response],
) -> None:
    """As for every other client."""
    browser.get(rp.pushed_url(rp.push(scope=OFFLINE, **assertion(sign)).json()["request_uri"])).login(anna)
    first = give(grant_type="authorization_code", **rp.redemption(rp.answer(browser)["code"])).json()
    clock.advance(days=31)
    answer = give(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"


def test_algorithms_of_a_proof(rp: RelyingParty, sign: Sign, clock: MovingClock) -> None:
    """Section 5.4.1, for DPoP too."""
    for algorithm, status in (("PS256", 201), ("RS256", 400)):
        asked = rp.push_request(rp.parameters(**assertion(sign)))
        asked.headers["DPoP"] = Prover(clock.now, RSA, algorithm).proof("POST", f"{ISSUER}/par")
        assert rp.http.send(asked).status_code == status


# Who may be of the profile


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        ({"require_pushed_authorization_requests": False}, "require_pushed_authorization_requests"),
        ({"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "redirect_uris": []}, "grant_types"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "ES512"}, "token_endpoint_auth_signing_alg"),
        ({"request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"authorization_signed_response_alg": "RS256"}, "authorization_signed_response_alg"),
        ({"introspection_signed_response_alg": "RS256"}, "introspection_signed_response_alg"),
        ({"profile": "fapi1"}, "profile"),
    ],
    ids=str,
)
def test_what_the_profile_forbids(changes: dict[str, Any], key: str) -> None:
    """Sections 5.3.2 and 5.4.1: it cannot be registered."""
    metadata = {**BANK, "redirect_uris": ["https://bank.example/cb"], **changes}
    with pytest.raises(InvalidMetadata) as refused:
        validated(metadata, issuer_is_loopback=False)
    assert [name for name, _ in refused.value.faults] == [key]


def test_what_the_profile_takes() -> None:
    """Sections 5.3.2 and 5.4.1: keys or certificates, for the client and for its tokens; the rest by default."""
    metadata = {**BANK, "redirect_uris": ["https://bank.example/cb"]}
    for changes in (
        {},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
        {"dpop_bound_access_tokens": False, "tls_client_certificate_bound_access_tokens": True},
        {"id_token_signed_response_alg": "EdDSA", "token_endpoint_auth_signing_alg": "PS256"},
        {"id_token_signed_response_alg": "PS256", "userinfo_signed_response_alg": "PS256"},
        {"authorization_signed_response_alg": "PS256", "introspection_signed_response_alg": "PS256"},
    ):
        assert validated({**metadata, **changes}, issuer_is_loopback=False).require_pushed_authorization_requests


def test_the_clients_of_the_conformance_suite() -> None:
    """FAPI 2.0: what stands in comments for want of keys can be registered as soon as the keys are there."""
    blocks: dict[str, dict[str, Any]] = {}
    for block in CERTIFICATION.read_text("utf-8").split("# [[clients]]\n")[1:]:
        lines = [line.removeprefix("# ") for line in block.splitlines() if re.match(r"# [a-z_0-9]+ = ", line)]
        said = tomllib.loads("\n".join(line for line in lines if not line.startswith("jwks")))
        like = said["client_id"].replace("-2", "-1") if "-2" in said["client_id"] else "certification-fapi-1"
        same = "(as " in block or "(the same" in block
        blocks[said["client_id"]] = {**(blocks[like] if same else {}), **said}
    assert len(blocks) == 6
    for said in blocks.values():
        metadata = {name: value for name, value in said.items() if name not in CLIENT_KEYS}
        found = validated({**metadata, "jwks": {"keys": [EC.as_dict(private=False)]}}, issuer_is_loopback=False)
        assert (found.fapi2, found.require_signed_request_object) == (True, "signing" in said["client_id"])
