"""Section 3: what is announced is done, and what is done is announced; nothing else.

Lists are read against what may be registered (announced if, and only if, it can be), and then used: each algorithm signs
or is believed, each mode carries an answer, each claim is told.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.accounts.models import User
from idp.oidc.clients.validation import InvalidMetadata, validated
from tests.spec.conftest import OFFLINE
from tests.spec.rfc7523.conftest import ask, believed
from tests.spec.rfc8725.test_algorithms import signed
from tests.support.browser import Browser, NewBrowser
from tests.support.dpop import Lenient, Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World

SIGNATURES = [
    "none",
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "ES256K",
    "EdDSA",
    "Ed25519",
    "Ed448",
]
ENCRYPTIONS = [
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "A128KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A256KW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
    "A128GCM",
    "A192GCM",
    "A256GCM",
]
EC, RSA = ECKey.generate_key("P-256", {"kid": "ec"}), RSAKey.generate_key(2048, {"kid": "rsa"})
REGISTERED = {
    "id_token_signing_alg_values_supported": ("id_token_signed_response_alg", SIGNATURES),
    "userinfo_signing_alg_values_supported": ("userinfo_signed_response_alg", SIGNATURES),
    "introspection_signing_alg_values_supported": ("introspection_signed_response_alg", SIGNATURES),
    "authorization_signing_alg_values_supported": ("authorization_signed_response_alg", SIGNATURES),
    "token_endpoint_auth_signing_alg_values_supported": ("token_endpoint_auth_signing_alg", SIGNATURES),
    "request_object_signing_alg_values_supported": ("request_object_signing_alg", SIGNATURES),
    "id_token_encryption_alg_values_supported": ("id_token_encrypted_response_alg", ENCRYPTIONS),
    "userinfo_encryption_alg_values_supported": ("userinfo_encrypted_response_alg", ENCRYPTIONS),
    "id_token_encryption_enc_values_supported": ("id_token_encrypted_response_enc", ENCRYPTIONS),
    "userinfo_encryption_enc_values_supported": ("userinfo_encrypted_response_enc", ENCRYPTIONS),
    "subject_types_supported": ("subject_type", ["public", "pairwise", "ephemeral"]),
}
"""What an application chooses one of: the key by which it does, and what might be chosen."""


@pytest.fixture
def told(http: httpx.Client) -> dict[str, Any]:
    """The document."""
    found: dict[str, Any] = http.get("/.well-known/openid-configuration").json()
    return found


def can_be_registered(**metadata: Any) -> bool:
    """Whether an application with keys of both kinds may say so of itself."""
    alg = {key.removesuffix("enc") + "alg": "RSA-OAEP-256" for key in metadata if key.endswith("_enc")}
    jwks = {"keys": [key.as_dict(private=False) for key in (EC, RSA)]}
    whole = {"redirect_uris": ["https://books.example/cb"], "jwks": jwks, **alg, **metadata}
    try:
        validated(whole, issuer_is_loopback=False)
    except InvalidMetadata:
        return False
    return True


@pytest.mark.parametrize("name", REGISTERED)
def test_what_may_be_registered_is_what_is_announced(told: dict[str, Any], name: str) -> None:
    """Registration section 2: each of these lists, and not one value beside it."""
    key, choices = REGISTERED[name]
    assert set(told[name]) == {choice for choice in choices if can_be_registered(**{key: choice})}


def test_every_list_of_algorithms_is_among_them(told: dict[str, Any]) -> None:
    """A list that comes to the document comes to these tests."""
    lists = {name for name in told if "_alg_values" in name or "_enc_values" in name}
    of_other_endpoints = {name for name in lists if name.startswith(("revocation_endpoint", "introspection_endpoint"))}
    assert lists - of_other_endpoints - REGISTERED.keys() == {"dpop_signing_alg_values_supported"}
    for name in of_other_endpoints:
        assert told[name] == told["token_endpoint_auth_signing_alg_values_supported"]


def algorithm_of(token: str) -> str:
    """What its header says."""
    head = token.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=="))["alg"])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_every_algorithm_signs(
    told: dict[str, Any], world: World, new_rp: NewRp, browser: Browser, anna: KnownUser
) -> None:
    """ID tokens, userinfo, introspection and answers, by each that is announced, verified with our published keys."""
    kinds = ("id_token", "userinfo", "introspection", "authorization")
    assert {name: told[f"{name}_signing_alg_values_supported"] for name in kinds}["id_token"]
    for number, alg in enumerate(told["id_token_signing_alg_values_supported"]):
        chosen: dict[str, Any] = {f"{kind}_signed_response_alg": alg for kind in kinds}
        rp = new_rp(world.client(f"signs-{number}", **chosen))
        browser.get(rp.authorize_url(scope=OFFLINE))
        tokens = rp.finish(browser if browser.landed else browser.login(anna))
        asked = rp._request("introspection_endpoint", {"token": tokens.access_token})
        asked.headers["Accept"] = "application/token-introspection+jwt"
        browser.get(rp.authorize_url(response_mode="jwt"))
        given = [tokens.id_token, rp.userinfo(tokens).text, rp.http.send(asked).text]
        given.append(str(httpx.URL(browser.landed or "").params["response"]))
        assert [algorithm_of(token) for token in given] == [alg] * 4
        for token in given:
            jwt.decode(token, rp.keys(), registry=Lenient(algorithms=[alg]))


KEYS: dict[str, ECKey | RSAKey | OKPKey] = {
    "RS": RSA,
    "PS": RSA,
    "ES256": EC,
    "ES384": ECKey.generate_key("P-384", {"kid": "384"}),
    "ES512": ECKey.generate_key("P-521", {"kid": "521"}),
    "Ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}


def key_for(alg: str) -> Any:
    """A key of ours for that algorithm; None: of none that is tried."""
    return next((key for begins, key in KEYS.items() if alg.startswith(begins)), None)


def test_every_algorithm_is_believed(
    told: dict[str, Any], world: World, http: httpx.Client, clock: MovingClock, browser: Browser
) -> None:
    """Assertions and request objects, by each that is announced and by no other, of a client that chose none."""
    jwks = {"keys": [key.as_dict(private=False) for key in KEYS.values()]}
    robot = world.client("robot", public=True, token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    now = int(clock.now().timestamp())
    claims = {"iss": "robot", "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60}
    asked = {"client_id": "robot", "response_type": "code", "scope": "openid", "redirect_uri": robot.redirect_uri}
    asked |= {"code_challenge": "c" * 43, "code_challenge_method": "S256"}
    tried = [alg for alg in SIGNATURES if key_for(alg) and alg not in {"ES256K", "Ed448"}]
    by = {"assertion": set[str](), "object": set[str]()}
    for alg in tried:
        if believed(ask(http, signed(alg, {**claims, "sub": "robot", "jti": alg}, key_for(alg)))):
            by["assertion"].add(alg)
        address = httpx.URL(
            f"{ISSUER}/authorize",
            params={"client_id": "robot", "request": signed(alg, {**claims, **asked}, key_for(alg))},
        )
        if browser.get(str(address)).step == "password":
            by["object"].add(alg)
    assert by["assertion"] == set(told["token_endpoint_auth_signing_alg_values_supported"])
    assert by["object"] == set(told["request_object_signing_alg_values_supported"])


def test_every_algorithm_proves(told: dict[str, Any], world: World, new_rp: NewRp, clock: MovingClock) -> None:
    """RFC 9449 section 5.1: by each that is announced, and by no other."""
    rp = new_rp(world.client("robot", grant_types=["client_credentials"], response_types=[], redirect_uris=[]))
    tried = [alg for alg in SIGNATURES if key_for(alg) and alg not in {"ES256K", "Ed448"}]
    answers = {alg: Prover(clock.now, key_for(alg), alg).token(rp, grant_type="client_credentials") for alg in tried}
    proved = {alg for alg, answer in answers.items() if answer.status_code == 200}
    assert proved == set(told["dpop_signing_alg_values_supported"])


def test_every_claim_is_told(
    told: dict[str, Any], world: World, new_rp: NewRp, browser: Browser, anna: KnownUser
) -> None:
    """`claims_supported`: asked for by name, of somebody of whom all is known, all of them come, and none besides."""
    address, names = {"locality": "Zutphen"}, {"given_name": "Anna", "family_name": "de Vries"}
    world.change(User, anna.id, phone="+31 20 123 4567", address=address, **names)
    rp = new_rp(world.client("books", scope="openid profile email phone address"))
    wanted = dict.fromkeys(told["claims_supported"])
    browser.get(rp.authorize_url(claims=json.dumps({"id_token": wanted}))).login(anna)
    assert rp.finish(browser).claims.keys() == wanted.keys()


def test_every_mode_prompt_and_language(
    told: dict[str, Any], rp: RelyingParty, at_work: Browser, new_browser: NewBrowser
) -> None:
    """`response_modes_supported`, `prompt_values_supported`, `code_challenge_methods_supported`: these, and no others."""

    def refused(**asked: str) -> bool:
        rp.parameters(state="x")
        landed = at_work.get(rp.authorize_url(**asked, state="x")).landed or ""
        return "error=invalid_request" in landed

    for name, parameter, others in (
        ("response_modes_supported", "response_mode", ["fragment", "fragment.jwt", "web_message"]),
        ("prompt_values_supported", "prompt", ["create", "NONE", "x"]),
        ("code_challenge_methods_supported", "code_challenge_method", ["plain", "S512"]),
    ):
        assert [value for value in [*told[name], *others] if refused(**{parameter: value})] == others, name
    for language in told["ui_locales_supported"]:
        page = new_browser().get(rp.authorize_url(ui_locales=language)).page
        assert page.soup.html
        assert page.soup.html["lang"] == language
