"""Section 3.1: every verification says which algorithms it takes, and what the right key signed by another is nothing.

`VERIFIED` is every place in the product where a signature is verified, read from the syntax tree; `PLACES` is every place
where something signed comes in, each tried with the right key and an algorithm that is good elsewhere.
"""

from __future__ import annotations

import ast
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from joserfc import jws
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import RSAKey

from idp.oidc.clients import metadata
from idp.oidc.signing_keys import jwts, keyring
from tests.spec.fapi2.test_profile import BANK
from tests.spec.rfc7523.conftest import TYPE
from tests.support.browser import Browser
from tests.support.dpop import Lenient, Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.stores import ISSUER
from tests.support.world import World

IDP = Path(__file__).parents[3] / "idp"
VERIFIED = {
    ("accounts/factors/webauthn_ceremonies.py", "verify_registration_response", "ALGORITHMS"),
    ("demo/sample_app/app.py", "jwt.decode", "[SIGNED_WITH]"),
    ("oidc/signing_keys/jwts.py", "deserialize_compact", "algorithms"),
}
"""File, function and the list that is named. A passkey's later answers are verified by its key's own algorithm."""
LISTED_IN = {
    "jwt.decode": ("algorithms", "registry"),
    "deserialize_compact": ("algorithms", "registry"),
    "verify_registration_response": ("supported_pub_key_algs",),
}
OTHER_WAYS = (
    "extract_compact",
    "deserialize_json",
    "validate_compact",
    "decrypt_compact",
    "decrypt_json",
)
REFRESHING = {"grant_type": "refresh_token", "refresh_token": "x"}
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call in the product, with its file and how it is written."""
    for path in sorted(IDP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(IDP).as_posix(), node, ast.unparse(node.func)


def listed(call: ast.Call, function: str) -> str:
    """The list of algorithms that the call names, "" for none."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    found = next((given[name] for name in LISTED_IN[function] if name in given), None)
    if isinstance(found, ast.Call) and ast.unparse(found.func) == "Registry":
        found = next((keyword.value for keyword in found.keywords if keyword.arg == "algorithms"), None)
    return "" if found is None else ast.unparse(found)


def test_every_verification_names_its_algorithms() -> None:
    """Section 3.1; a verification that comes, goes or leaves its list out makes this fail."""
    found = set()
    for path, call, function in calls():
        name = function if function == "jwt.decode" else function.split(".")[-1]
        if name in LISTED_IN:
            found.add((path, name, listed(call, name)))
    assert found == VERIFIED


def test_nothing_is_verified_in_another_way() -> None:
    """Section 3.1: no other function of the libraries opens, verifies or decrypts anything (R85)."""
    assert [(path, name) for path, _, name in calls() if name.endswith(OTHER_WAYS)] == []


def test_a_registry_that_names_no_algorithm_has_none() -> None:
    """Section 3.1: what the library thinks good is good for nothing here."""
    assert jwts.Registry().allowed is None
    with pytest.raises(UnsupportedAlgorithmError):
        jwts.Registry().get_alg("ES256")


# The same at each door


def signed(alg: str, claims: dict[str, Any], key: RSAKey = RSA, **head: Any) -> str:
    """Signed as it says."""
    header = {"alg": alg, "kid": key.kid, **head}
    return jws.serialize_compact(header, json.dumps(claims), key, registry=Lenient(algorithms=[alg]))


def about(client: RelyingParty, clock: MovingClock, **claims: Any) -> dict[str, Any]:
    """What a client says of itself."""
    now = int(clock.now().timestamp())
    return {"iss": client.client.client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60, **claims}


@pytest.fixture
def robot(world: World, new_rp: NewRp) -> RelyingParty:
    """A client of one key, which chose an algorithm for each thing that it signs."""
    chosen: dict[str, Any] = {"token_endpoint_auth_signing_alg": "PS256", "request_object_signing_alg": "PS256"}
    jwks = {"keys": [RSA.as_dict(private=False)]}
    method = "private_key_jwt"
    return new_rp(world.client("robot", public=True, token_endpoint_auth_method=method, jwks=jwks, **chosen))


@pytest.mark.parametrize("endpoint", ["token", "pushed_authorization_request", "revocation", "introspection"])
def test_a_client_assertion(robot: RelyingParty, clock: MovingClock, endpoint: str) -> None:
    """RFC 7523 section 3: `token_endpoint_auth_signing_alg`, at every endpoint that asks who is there."""

    def answer(alg: str) -> httpx.Response:
        assertion = signed(alg, about(robot, clock, sub="robot", jti=f"{endpoint} {alg}"))
        form = {"client_assertion_type": TYPE, "client_assertion": assertion, "token": "x"}
        return robot.http.post(robot.metadata[f"{endpoint}_endpoint"], data={**form, **REFRESHING})

    assert answer("PS256").status_code != 401
    assert answer("RS256").status_code == 401
    assert answer("RS256").json()["error"] == "invalid_client"
    assert "RS256" in metadata.ASSERTION_ALGORITHMS


def test_a_request_object(robot: RelyingParty, clock: MovingClock, browser: Browser) -> None:
    """RFC 9101 section 6.2: `request_object_signing_alg`."""

    def object_by(alg: str) -> str:
        return signed(alg, {**robot.parameters(), **about(robot, clock)})

    query = f"{ISSUER}/authorize?client_id=robot&request="
    assert browser.get(query + object_by("PS256")).step == "password"
    assert robot.answer(browser.get(query + object_by("RS256")))["error"] == "invalid_request_object"


def test_a_proof(world: World, new_rp: NewRp, clock: MovingClock) -> None:
    """RFC 9449 section 4.3: of our list, and for a client of FAPI 2.0 of its shorter one."""
    plain = new_rp(world.client("plain", grant_types=["client_credentials"], response_types=[], redirect_uris=[]))
    bank = new_rp(world.client("bank", public=True, **{**BANK, "jwks": {"keys": [RSA.as_dict(private=False)]}}))

    def answer(client: RelyingParty, alg: str, **form: str) -> httpx.Response:
        return Prover(clock.now, RSA, alg).token(client, grant_type="client_credentials", **form)

    def assertion(name: str) -> dict[str, str]:
        return {
            "client_assertion_type": TYPE,
            "client_assertion": signed("PS256", about(bank, clock, sub="bank", jti=name)),
        }

    assert answer(plain, "RS256").status_code == 200
    assert answer(plain, "RS512").json()["error"] == "invalid_dpop_proof"
    assert answer(bank, "PS256", **assertion("1")).json()["error"] == "unauthorized_client"
    assert answer(bank, "RS256", **assertion("2")).json()["error"] == "invalid_dpop_proof"


def by_our_own_key(app: Flask, token: str, alg: str) -> str:
    """The same claims, signed by the key that signs for RS256, and by its name."""
    head, claims, _ = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    with app.app_context():
        signer = keyring.ring().signers["RS256"]
    typ = json.loads(base64.urlsafe_b64decode(head + "=="))["typ"]
    assert isinstance(signer.key, RSAKey)
    header = {"alg": alg, "kid": signer.kid, "typ": typ}
    return jws.serialize_compact(header, json.dumps(told), signer.key, registry=Lenient(algorithms=[alg]))


Read = Callable[[RelyingParty, str], bool]


def at_userinfo(rp: RelyingParty, token: str) -> bool:
    """Whether it opens anything."""
    return rp.userinfo(token).status_code == 200


def at_introspection(rp: RelyingParty, token: str) -> bool:
    """Whether it is said to live."""
    return bool(rp.http.send(rp._request("introspection_endpoint", {"token": token})).json()["active"])


def at_exchange(rp: RelyingParty, token: str) -> bool:
    """Whether it is taken for another."""
    kind = "urn:ietf:params:oauth:token-type:access_token"
    form = {"subject_token": token, "subject_token_type": kind, "audience": "https://printer.example"}
    return rp.token(grant_type=metadata.TOKEN_EXCHANGE, **form).status_code == 200


@pytest.fixture
def service(world: World, new_rp: NewRp) -> RelyingParty:
    """A service that is asked with an access token, and asks about it."""
    names: dict[str, Any] = {
        "token_exchange_audience": ["https://printer.example"],
        "audience": ["https://books.example"],
    }
    grants = ["authorization_code", "refresh_token", metadata.TOKEN_EXCHANGE]
    return new_rp(world.client("service", grant_types=grants, **names))


@pytest.mark.parametrize("read", [at_userinfo, at_introspection, at_exchange])
def test_an_access_token(app: Flask, service: RelyingParty, at_work: Browser, read: Read) -> None:
    """Section 3.1: our own key, our own claims, an algorithm that another key of ours has; and the right one."""
    tokens = service.finish(at_work.get(service.authorize_url()))
    assert "PS256" in metadata.SIGNING_ALGORITHMS
    assert not read(service, by_our_own_key(app, tokens.access_token, "PS256"))
    assert read(service, by_our_own_key(app, tokens.access_token, "RS256"))


def test_revoking_by_it(app: Flask, rp: RelyingParty, tokens: Tokens) -> None:
    """The same at the revocation endpoint, which says 200 to everything: the token lives on, or does not."""
    for alg, lives in (("PS256", True), ("RS256", False)):
        rp.http.send(rp._request("revocation_endpoint", {"token": by_our_own_key(app, tokens.access_token, alg)}))
        assert (rp.userinfo(tokens).status_code == 200) is lives, alg


def test_a_hint_at_the_authorization_endpoint(app: Flask, rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """OpenID Connect Core section 3.1.2.1: `id_token_hint`."""
    wrong, right = (by_our_own_key(app, tokens.id_token, alg) for alg in ("PS256", "RS256"))
    assert rp.answer(browser.get(rp.authorize_url(id_token_hint=wrong)))["error"] == "invalid_request"
    assert "code" in rp.answer(browser.get(rp.authorize_url(id_token_hint=right)))


def test_a_hint_at_the_logout(app: Flask, rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """OpenID Connect RP-Initiated Logout section 2: nobody is sent on by it, or asked nothing for it."""
    wrong, right = (by_our_own_key(app, tokens.id_token, alg) for alg in ("PS256", "RS256"))
    browser.get(rp.logout_url(id_token_hint=wrong))
    assert browser.landed is None
    assert "code" in rp.answer(browser.get(rp.authorize_url(prompt="none")))
    assert browser.get(rp.logout_url(id_token_hint=right)).landed
