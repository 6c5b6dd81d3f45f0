"""Section 3, and OpenID Connect Core section 9: a client that proves a key instead of a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from flask import Flask
from joserfc.jwk import ECKey, OKPKey

from idp.oidc.clients import client_keys, metadata, public_keys
from tests.spec.rfc7523.conftest import EC, RSA, STRANGER, TYPE, Assert, ask, believed, public
from tests.support.moving_clock import MovingClock
from tests.support.stores import ISSUER
from tests.support.world import World


@pytest.fixture(autouse=True)
def _robot(world: World) -> None:
    world.client("robot", public=True, token_endpoint_auth_method="private_key_jwt", jwks=public(EC, RSA))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": f"{ISSUER}/token"},
        {"aud": [ISSUER]},
        {"iat": None},
        {"key": RSA},
        {"header": {"kid": None}, "key": RSA},
        {"header": {"typ": "client-authentication+jwt"}},
    ],
    ids=lambda changes: ",".join(map(str, changes)) or "as it should be",
)
def test_a_right_assertion(http: httpx.Client, assertion: Assert, changes: dict[str, Any]) -> None:
    """Section 3: signed with a registered key, for us, in time."""
    assert believed(ask(http, assertion(**changes)))
    assert believed(ask(http, assertion(**changes), client_id="robot"))


@pytest.mark.parametrize(
    "changes",
    [
        {"key": STRANGER},
        {"iss": "books"},
        {"iss": None},
        {"sub": "books"},
        {"sub": None},
        {"sub": 7},
        {"sub": "robot\x00"},
        {"sub": "nobody", "iss": "nobody"},
        {"aud": None},
        {"aud": f"{ISSUER}/"},
        {"aud": "https://other.example"},
        {"aud": [ISSUER, "https://other.example"]},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": "now"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 300},
        {"header": {"typ": "at+jwt"}},
        {"header": {"kid": "unknown"}},
    ],
    ids=lambda changes: str(changes)[:50],
)
def test_a_wrong_assertion(http: httpx.Client, assertion: Assert, changes: dict[str, Any]) -> None:
    """Section 3: each of these claims must be right."""
    assert not believed(ask(http, assertion(**changes)))


@pytest.mark.parametrize(
    ("claim", "seconds", "expected"),
    [
        ("exp", -31, False),
        ("exp", -29, True),
        ("exp", 3600, True),
        ("exp", 3700, False),
        ("iat", 10, True),
        ("iat", 60, False),
        ("nbf", 10, True),
        ("nbf", 60, False),
    ],
)
def test_its_times(
    http: httpx.Client, assertion: Assert, clock: MovingClock, claim: str, seconds: int, expected: bool
) -> None:
    """Section 3, items 4 to 6: clocks may differ by half a minute; a lifetime is an hour at most."""
    moment = int(clock.now().timestamp()) + seconds
    assert believed(ask(http, assertion(**{claim: moment}))) is expected


def test_it_is_good_once(http: httpx.Client, assertion: Assert, clock: MovingClock) -> None:
    """Section 3, item 7: also when the request that it came with was refused; another one with another jti is."""
    once = assertion()
    assert believed(ask(http, once))
    clock.advance(seconds=80)
    assert not believed(ask(http, once))
    assert believed(ask(http, assertion()))


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "a.b.c",
        "e30.e30.",
        "é.é.é",
        "x" * 9000,
        "eyJhbGciOiJub25lIn0." + "W10" + ".",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb2JvdCIsImlzcyI6InJvYm90In0.",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_assertion(http: httpx.Client, text: str) -> None:
    """4xx, whatever it is; `none` is no algorithm."""
    answer = ask(http, text)
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "invalid_request"}


@pytest.mark.parametrize("text", ["x", "e30.e30.", "é.é.é", "x" * 9000, "W10.e30.AA"], ids=lambda text: text[:9])
def test_what_is_no_jwt_is_signed_by_nobody(in_app: Flask, text: str) -> None:
    """RFC 7515 section 5.2: whoever asks, for an assertion or a request object."""
    assert client_keys.verified(metadata.read({"jwks": public(EC)}), text, ["ES256"]) is None


def test_only_the_keys_that_are_meant_are_read(
    in_app: Flask, assertion: Assert, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R75, RFC 7515 section 4.1.4: of many registered keys the one that the header names is read, once.

    Without a name those of its kind, as many as a client may register today. Anybody may send a JWT in a client's name.
    """
    read, really = list[Any](), public_keys.read

    def watched(jwk: Any) -> public_keys.PublicKey:
        read.append(jwk)
        return really(jwk)

    monkeypatch.setattr(public_keys, "read", watched)
    many = [ECKey.generate_key("P-256", {"kid": f"ec-{number}"}) for number in range(270)]
    known = metadata.read({"jwks": public(RSA, *many)})
    for _ in range(3):
        assert client_keys.verified(known, assertion(many[200], iss="robot"), ["ES256"])
        assert not client_keys.verified(known, assertion(STRANGER, {"kid": "nobody's"}), ["ES256"])
    assert [jwk["kid"] for jwk in read] == ["ec-200"]
    for _ in range(3):
        assert client_keys.verified(known, assertion(many[0], {"kid": None}), ["ES256"])
        assert not client_keys.verified(known, assertion(STRANGER, {"kid": None}), ["ES256"])
    assert len(read) == 1 + public_keys.MOST_KEYS


def test_a_key_without_a_name_has_its_thumbprint(in_app: Flask, assertion: Assert) -> None:
    """RFC 7638: it is found by it."""
    nameless = {name: value for name, value in EC.as_dict(private=False).items() if name != "kid"}
    known = metadata.read({"jwks": {"keys": [nameless]}})
    assert client_keys.verified(known, assertion(EC, {"kid": EC.thumbprint()}), ["ES256"])
    assert not client_keys.verified(known, assertion(EC, {"kid": "ec"}), ["ES256"])


def test_one_that_is_too_large(http: httpx.Client, assertion: Assert) -> None:
    """RFC 6749 section 5.2: however right it is otherwise."""
    answer = ask(http, assertion(more="x" * 9000))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_deeply_nested_payload(http: httpx.Client) -> None:
    """It is not followed down."""
    payload = base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()
    assert not believed(ask(http, f"eyJhbGciOiJFUzI1NiJ9.{payload}.AAAA"))


def test_a_critical_header_that_is_not_understood(http: httpx.Client, assertion: Assert) -> None:
    """RFC 7515 section 4.1.11."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": "ec", "crit": ["x"], "x": 1}).encode())
    parts = assertion().split(".")
    assert not believed(ask(http, ".".join([head.rstrip(b"=").decode(), *parts[1:]])))


def test_an_hmac_with_the_public_key(http: httpx.Client, assertion: Assert) -> None:
    """RFC 8725 section 2.1: the public key is never taken for a shared secret."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').rstrip(b"=").decode()
    body = assertion().split(".")[1]
    mac = hmac.new(RSA.as_pem(private=False), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert not believed(ask(http, f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"))


def test_only_the_registered_algorithm(world: World, http: httpx.Client, assertion: Assert) -> None:
    """OpenID Connect Registration section 2: token_endpoint_auth_signing_alg."""
    world.client(
        "strict",
        public=True,
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
        jwks=public(EC, RSA),
    )
    assert believed(ask(http, assertion(iss="strict", sub="strict")))
    assert not believed(ask(http, assertion(RSA, iss="strict", sub="strict")))


@pytest.mark.parametrize(
    "form",
    [
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:x"},
        {"client_id": "books"},
        {"client_secret": "x"},
    ],
    ids=str,
)
def test_what_does_not_go_together(http: httpx.Client, assertion: Assert, form: dict[str, str | None]) -> None:
    """RFC 7521 section 4.2."""
    answer = ask(http, assertion(), **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_type_without_assertion(http: httpx.Client) -> None:
    """There is nothing to believe."""
    assert not believed(http.post("/token", data={"grant_type": "refresh_token", "client_assertion_type": TYPE}))


def test_only_for_clients_that_registered_it(world: World, http: httpx.Client, assertion: Assert) -> None:
    """A client with a secret has no keys."""
    world.client("books")
    assert not believed(ask(http, assertion(iss="books", sub="books")))


@pytest.mark.parametrize(
    ("label", "header"),
    [
        ({"use": "enc"}, {}),
        ({"alg": "ES384"}, {}),
        ({"alg": "PS256"}, {}),
        ({"alg": "PS256"}, {"alg": "RS256"}),
        ({}, {"alg": "RS384"}),
    ],
    ids=str,
)
def test_a_key_is_for_what_its_set_says(
    world: World, http: httpx.Client, assertion: Assert, label: dict[str, str], header: dict[str, str]
) -> None:
    """RFC 7517 sections 4.2 and 4.4, RFC 8725 section 3.1: the header does not choose how a key is used."""
    key = RSA if header or label.get("alg") == "PS256" else EC
    keys = {"keys": [key.as_dict(private=False) | label]}
    world.client("strict", public=True, token_endpoint_auth_method="private_key_jwt", jwks=keys)
    assert not believed(ask(http, assertion(key, header, iss="strict", sub="strict")))


def test_a_key_that_cannot_sign(world: World, http: httpx.Client, assertion: Assert) -> None:
    """Section 3: it is no key of this signature, and no accident."""
    agreeing = OKPKey.generate_key("X25519", {"kid": "ec"})
    larger = ECKey.generate_key("P-384", {"kid": "ec"})
    world.client("odd", public=True, token_endpoint_auth_method="private_key_jwt", jwks=public(agreeing, larger))
    assert not believed(ask(http, assertion(iss="odd", sub="odd")))
    claims = assertion(iss="odd", sub="odd").split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg":"EdDSA","kid":"ec"}').rstrip(b"=").decode()
    assert not believed(ask(http, f"{head}.{claims}.{'A' * 86}"))


@pytest.mark.parametrize("header", [{"jwk": STRANGER.as_dict(private=False)}, {"jku": "https://evil.example/keys"}])
def test_a_key_that_the_assertion_brings(http: httpx.Client, assertion: Assert, header: dict[str, Any]) -> None:
    """RFC 8725 section 3.10: keys come from the registration only."""
    assert not believed(ask(http, assertion(STRANGER, header)))
    assert not believed(ask(http, assertion(STRANGER, header | {"kid": None})))


@pytest.mark.parametrize(
    "kid", [7, ["ec"], {"x": 1}, "../ec", "ec' OR '1'='1", "x" * 3000], ids=lambda kid: str(kid)[:9]
)
def test_a_name_of_a_key_that_is_none(http: httpx.Client, assertion: Assert, kid: object) -> None:
    """RFC 8725 section 3.10: it is compared, and nothing else."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": kid}).encode()).rstrip(b"=").decode()
    parts = assertion().split(".")
    assert not believed(ask(http, ".".join([head, *parts[1:]])))
