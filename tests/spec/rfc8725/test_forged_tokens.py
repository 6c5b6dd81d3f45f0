"""Sections 2 and 3: what looks like a token of ours and is none, wherever a token of ours is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from joserfc import jws
from joserfc.jwk import ECKey

from idp.oidc.clients import public_keys
from idp.oidc.signing_keys import keyring
from idp.oidc.signing_keys.jwts import Registry
from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty, Tokens, basic

STRANGER = ECKey.generate_key("P-256")
Forge = Callable[[dict[str, Any], RelyingParty], str]


def encoded(part: dict[str, Any]) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], str]:
    """Header, and claims as they are sent."""
    head, claims, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(head + "==")), claims


def by_stranger(head: dict[str, Any], claims: str) -> str:
    """Signed by a key that is not ours."""
    protected = {**head, "alg": "ES256"}
    payload = base64.urlsafe_b64decode(claims + "==")
    return jws.serialize_compact(protected, payload, STRANGER, registry=Registry(algorithms=["ES256"]))


def unsigned(head: dict[str, Any], claims: str, _: RelyingParty) -> str:
    """`none`."""
    return f"{encoded({**head, 'alg': 'none'})}.{claims}."


def stripped(head: dict[str, Any], claims: str, _: RelyingParty) -> str:
    """The right header, and no signature."""
    return f"{encoded(head)}.{claims}."


def hmac_of(secret: Callable[[dict[str, Any]], bytes]) -> Callable[[dict[str, Any], str, RelyingParty], str]:
    """HS256 with what everybody may read of the key."""

    def forge(head: dict[str, Any], claims: str, rp: RelyingParty) -> str:
        published = rp.http.get("/jwks").json()["keys"]
        (jwk,) = [jwk for jwk in published if jwk["kid"] == head["kid"]]
        text = f"{encoded({**head, 'alg': 'HS256'})}.{claims}"
        mac = hmac.new(secret(jwk), text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return forge


def renamed(**changes: Any) -> Callable[[dict[str, Any], str, RelyingParty], str]:
    """Signed by a stranger, with a header that says where the key is."""

    def forge(head: dict[str, Any], claims: str, _: RelyingParty) -> str:
        changed = {name: value for name, value in {**head, **changes}.items() if value is not None}
        return by_stranger(changed, claims)

    return forge


def other_name(kid: Any) -> Callable[[dict[str, Any], str, RelyingParty], str]:
    """The right signature under another name of the key."""

    def forge(head: dict[str, Any], claims: str, rp: RelyingParty) -> str:
        return f"{encoded({**head, 'kid': kid})}.{claims}.{'A' * 86}"

    return forge


FORGERIES = {
    "none": unsigned,
    "no signature": stripped,
    "hmac with the public key as PEM": hmac_of(lambda jwk: public_keys.read(jwk).as_pem(private=False)),
    "hmac with the public key as JSON": hmac_of(lambda jwk: json.dumps(jwk).encode()),
    "another key": renamed(),
    "another key without a name": renamed(kid=None),
    "a key in the header": renamed(jwk=STRANGER.as_dict(private=False)),
    "a key in the header, without a name": renamed(jwk=STRANGER.as_dict(private=False), kid=None),
    "a key behind an address": renamed(jku="https://evil.example/keys", kid=None),
    "a name that is a path": other_name("../../dev/null"),
    "a name that is a query": other_name("x' UNION SELECT 'y"),
    "a name that is a number": other_name(7),
    "a name that is a list": other_name(["x"]),
    "a name that is an object": other_name({"x": 1}),
}


def test_a_forged_access_token(rp: RelyingParty, tokens: Tokens) -> None:
    """Sections 2.1, 3.1 to 3.3 and 3.10: the key and its algorithm are ours to know, not the token's to say."""
    headers = {"Authorization": basic("books", rp.client.client_secret or "")}
    for name, forge in FORGERIES.items():
        token = forge(*parts(tokens.access_token), rp)
        assert rp.userinfo(token).status_code == 401, name
        assert rp.userinfo(token).json()["error"] == "invalid_token", name
        told = rp.http.post("/introspect", data={"token": token}, headers=headers)
        assert told.json() == {"active": False}, name
        assert rp.http.post("/revoke", data={"token": token}, headers=headers).status_code == 200, name
    assert rp.userinfo(tokens).status_code == 200


def test_a_forged_hint(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """The same for an ID token that comes back."""
    for name, forge in FORGERIES.items():
        hint = forge(*parts(tokens.id_token), rp)
        browser.get(rp.authorize_url(id_token_hint=hint))
        assert rp.answer(browser)["error"] == "invalid_request", name


@pytest.mark.parametrize(
    ("own", "other"), [("RS256", "RS512"), ("RS256", "PS256"), ("EdDSA", "Ed25519"), ("ES256", "ES256")]
)
def test_a_key_signs_with_its_own_algorithm_only(in_app: Flask, own: str, other: str) -> None:
    """Section 3.1: whatever the key could do besides."""
    signer = keyring.ring().signers[own]
    head = {"alg": other, "kid": signer.kid, "typ": "at+jwt"}
    token = jws.serialize_compact(head, b"{}", signer.key, registry=Registry(algorithms=[other]))
    assert (keyring.verified(token, "at+jwt") is not None) is (other == own)


def test_a_kind_is_no_other_kind(rp: RelyingParty, tokens: Tokens, in_app: Flask) -> None:
    """Sections 2.8 and 3.11, RFC 9068 section 4, RFC 7515 section 4.1.9: signed by us, with every claim of an access token, and yet none."""
    _, claims = parts(tokens.access_token)
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    for typ in ("at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"):
        assert rp.userinfo(keyring.sign("ES256", typ, told)).status_code == 200, typ
    for typ in ("JWT", "text/at+jwt", "application/", "logout+jwt", "dpop+jwt", "token-introspection+jwt", ""):
        assert rp.userinfo(keyring.sign("ES256", typ, told)).status_code == 401, typ


def test_the_tokens_of_one_login_are_not_interchangeable(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 3.12: nothing but a refresh token refreshes, and nothing but an access token opens anything."""
    for wrong in (tokens.access_token, tokens.id_token):
        assert rp.refresh(wrong).json()["error"] == "invalid_grant"
        assert rp.redeem(wrong).json()["error"] == "invalid_grant"
    assert rp.redeem(tokens.refresh_token).json()["error"] == "invalid_grant"
    for wrong in (tokens.refresh_token, tokens.id_token):
        assert rp.userinfo(wrong).status_code == 401


def test_nothing_can_be_guessed(rp: RelyingParty, browser: Browser, tokens: Tokens) -> None:
    """RFC 6749 section 10.10: 256 random bits, new each time; an access token's name has as many."""
    codes = {rp.answer(browser.get(rp.authorize_url()))["code"] for _ in range(3)}
    assert len(codes) == 3
    refreshed = rp.refresh(tokens).json()
    assert refreshed["refresh_token"] != tokens.refresh_token
    for value in (*codes, tokens.refresh_token, refreshed["refresh_token"]):
        assert len(value) == 43
    names = [
        json.loads(base64.urlsafe_b64decode(parts(token)[1] + "=="))["jti"]
        for token in (tokens.access_token, refreshed["access_token"])
    ]
    assert len({name.partition(".")[2] for name in names}) == 2
    assert all(len(name.partition(".")[2]) == 43 for name in names)
