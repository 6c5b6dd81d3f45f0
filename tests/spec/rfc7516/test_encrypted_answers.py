"""RFC 7516, OpenID Connect Core sections 2, 5.3.2 and 10.2: ID tokens and userinfo that only the application can read."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.oidc.signing_keys import keyring
from tests.support.browser import Browser
from tests.support.key_host import KeyHost
from tests.support.relying_party import ALGORITHMS, NewRp, RelyingParty
from tests.support.world import KnownUser, World

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
X25519 = OKPKey.generate_key("X25519", {"kid": "x"})
ED25519 = OKPKey.generate_key("Ed25519", {"kid": "ed"})
Key = RSAKey | ECKey | OKPKey


def reader(world: World, new_rp: NewRp, *theirs: Key, **registration: Any) -> RelyingParty:
    """An application with these keys."""
    if theirs:
        registration["jwks"] = {"keys": [key.as_dict(private=False) for key in theirs]}
    return new_rp(world.client("reader", **registration))


def code_of(rp: RelyingParty, browser: Browser, anna: KnownUser) -> str:
    """A code for Anna."""
    return rp.answer(browser.get(rp.authorize_url()).login(anna))["code"]


def headers(token: str) -> dict[str, Any]:
    """The protected header."""
    part = token.split(".", maxsplit=1)[0]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.mark.parametrize(
    ("alg", "enc", "key"),
    [
        ("RSA-OAEP-256", None, RSA),
        ("RSA-OAEP-256", "A256GCM", RSA),
        ("ECDH-ES", "A128GCM", EC),
        ("ECDH-ES+A256KW", "A128CBC-HS256", X25519),
    ],
    ids=["rsa", "rsa-gcm", "ec", "x25519"],
)
def test_an_id_token_for_one_reader(
    world: World, new_rp: NewRp, browser: Browser, anna: KnownUser, alg: str, enc: str | None, key: Key
) -> None:
    """Core section 2: signed, then encrypted; `cty` says that there is a JWT inside (RFC 7519 section 5.2)."""
    named = {"id_token_encrypted_response_enc": enc} if enc else {}
    rp = reader(world, new_rp, ED25519, key, id_token_encrypted_response_alg=alg, **named)
    response = rp.redeem(code_of(rp, browser, anna)).json()
    said = headers(response["id_token"])
    assert (said["alg"], said["enc"], said["cty"], said["kid"]) == (alg, enc or "A128CBC-HS256", "JWT", key.kid)
    inside = jwe.decrypt_compact(response["id_token"], key, algorithms=[alg, said["enc"]]).plaintext
    assert inside
    assert rp.verified(inside.decode(), nonce=rp.asked.nonce)["sub"] == str(anna.id)
    assert rp.userinfo(response["access_token"]).json()["sub"] == str(anna.id)


@pytest.mark.parametrize(
    "key",
    [
        EC,
        ED25519,
        RSAKey.import_key({**RSA.as_dict(private=False), "use": "sig"}),
        RSAKey.import_key({**RSA.as_dict(private=False), "alg": "RS256"}),
    ],
    ids=["ec", "ed25519", "for signatures", "for RS256"],
)
def test_no_key_that_fits(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser, key: Key) -> None:
    """Core section 10.2: nothing is sent that others could read; the code is good once there is a key."""
    rp = reader(world, new_rp, key, id_token_encrypted_response_alg="RSA-OAEP-256")
    code = code_of(rp, browser, anna)
    for _ in range(2):
        answer = rp.redeem(code)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
def test_a_key_behind_an_address(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """Core section 10.2.1: from `jwks_uri`, before the code is spent."""
    with KeyHost() as host:
        host.keys = [RSA.as_dict(private=False)]
        rp = reader(
            world,
            new_rp,
            jwks_uri=host.url,
            token_endpoint_auth_method="client_secret_basic",
            id_token_encrypted_response_alg="RSA-OAEP-256",
        )
        response = rp.redeem(code_of(rp, browser, anna)).json()
    assert headers(response["id_token"])["kid"] == "rsa"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_signed_userinfo(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser, algorithm: str) -> None:
    """Core section 5.3.2: application/jwt with `iss` and `aud`; it can be used as nothing else."""
    rp = reader(world, new_rp, userinfo_signed_response_alg=algorithm)
    tokens = rp.finish(browser.get(rp.authorize_url()).login(anna))
    answer = rp.userinfo(tokens)
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "no-store"
    read = jwt.decode(answer.text, rp.keys(), algorithms=ALGORITHMS)
    assert read.header["alg"] == algorithm
    assert (read.claims["iss"], read.claims["aud"]) == (rp.metadata["issuer"], rp.client.client_id)
    assert (read.claims["sub"], read.claims["name"]) == (tokens.claims["sub"], "Anna")
    with world.app.app_context():
        assert keyring.verified(answer.text, "JWT") is None
    browser.get(rp.authorize_url(id_token_hint=answer.text))
    assert rp.answer(browser)["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("signed", "cty"), [("ES256", "JWT"), ("PS256", "JWT"), (None, "json")], ids=["ES256", "PS256", "not signed"]
)
def test_encrypted_userinfo(
    world: World, new_rp: NewRp, browser: Browser, anna: KnownUser, signed: str | None, cty: str
) -> None:
    """Core section 5.3.2: signed first where both are registered."""
    more = {"userinfo_signed_response_alg": signed} if signed else {}
    rp = reader(world, new_rp, EC, userinfo_encrypted_response_alg="ECDH-ES", **more)
    tokens = rp.finish(browser.get(rp.authorize_url()).login(anna))
    answer = rp.userinfo(tokens)
    assert answer.headers["content-type"] == "application/jwt"
    assert headers(answer.text)["cty"] == cty
    inside = (jwe.decrypt_compact(answer.text, EC, algorithms=["ECDH-ES", "A128CBC-HS256"]).plaintext or b"").decode()
    told = jwt.decode(inside, rp.keys(), algorithms=ALGORITHMS).claims if signed else json.loads(inside)
    assert told["name"] == "Anna"


def test_userinfo_without_a_key_that_fits(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """It is refused, and not sent in the clear."""
    rp = reader(world, new_rp, ED25519, userinfo_encrypted_response_alg="ECDH-ES")
    answer = rp.userinfo(rp.finish(browser.get(rp.authorize_url()).login(anna)))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert "Anna" not in answer.text
