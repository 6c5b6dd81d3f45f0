"""Section 4: wherever a JWT comes in, an odd header or payload is refused in the form of that place, and never breaks it (R85)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from flask import Flask
from joserfc.jwk import ECKey

from idp.oidc.signing_keys import keyring
from idp.oidc.signing_keys.jwts import media_type
from tests.spec.rfc7523.conftest import TYPE
from tests.support.browser import Browser
from tests.support.jwt_parts import ODD_JSON, ODD_MEMBERS, compact, encoded
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens, basic
from tests.support.stores import ISSUER
from tests.support.world import World

KEY = ECKey.generate_key("P-256", {"kid": "ec"})
PUBLIC = KEY.as_dict(private=False)
JWK = {name: PUBLIC[name] for name in ("kty", "crv", "x", "y")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a JWT comes in: right header and claims, and how it is sent. `holds` says whether it was taken."""

    header: dict[str, Any]
    claims: dict[str, Any]
    send: Callable[[str], httpx.Response]
    holds: Callable[[httpx.Response], bool]


def refuses(error: str) -> Callable[[httpx.Response], bool]:
    """Whether the answer is another one than this error."""
    return lambda answer: answer.json()["error"] != error


def robots(world: World, new_rp: NewRp) -> RelyingParty:
    """An application that signs its assertions and its requests."""
    return new_rp(
        world.client("robot", public=True, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [PUBLIC]})
    )


@pytest.fixture
def places(
    world: World, new_rp: NewRp, rp: RelyingParty, clock: MovingClock, tokens: Tokens, browser: Browser
) -> dict[str, Place]:
    """All of them."""
    robot, http, now = robots(world, new_rp), rp.http, int(clock.now().timestamp())
    about = {"iss": "robot", "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60}
    head: dict[str, Any] = {"alg": "ES256", "kid": "ec"}
    secret = {"Authorization": basic(rp.client.client_id, str(rp.client.client_secret))}

    def assertion(jwt: str) -> httpx.Response:
        sent = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion_type": TYPE}
        return http.post("/token", data={**sent, "client_assertion": jwt})

    def proof(jwt: str) -> httpx.Response:
        return http.post(
            "/token", data={"grant_type": "refresh_token", "refresh_token": "x"}, headers={**secret, "DPoP": jwt}
        )

    def pushed(jwt: str) -> httpx.Response:
        mine = compact(
            json.dumps(head).encode(), json.dumps({**about, "sub": "robot", "jti": uuid.uuid4().hex}).encode(), KEY
        )
        who = {"client_assertion_type": TYPE, "client_assertion": mine}
        return http.post("/par", data={**who, "request": jwt, "client_id": "robot"})

    def hint(jwt: str) -> httpx.Response:
        query = rp.parameters(id_token_hint=jwt, prompt="none")
        return browser.http.get("/authorize", params=query, follow_redirects=False)

    def bye(jwt: str) -> httpx.Response:
        return browser.http.get("/logout", params={"id_token_hint": jwt}, follow_redirects=False)

    return {
        "client_assertion": Place(head, {**about, "sub": "robot", "jti": "1"}, assertion, refuses("invalid_client")),
        "DPoP": Place(
            {"alg": "ES256", "typ": "dpop+jwt", "jwk": JWK},
            {"htm": "POST", "htu": f"{ISSUER}/token", "iat": now, "jti": "1"},
            proof,
            refuses("invalid_dpop_proof"),
        ),
        "request": Place(head, {**robot.parameters(), **about}, pushed, lambda answer: answer.status_code == 201),
        "userinfo": Place(
            head,
            {"sub": "robot"},
            lambda jwt: http.get("/userinfo", headers={"Authorization": f"Bearer {jwt}"}),
            lambda answer: answer.status_code != 401,
        ),
        "userinfo by DPoP": Place(
            head,
            {"sub": "robot"},
            lambda jwt: http.get("/userinfo", headers={"Authorization": f"DPoP {tokens.access_token}", "DPoP": jwt}),
            lambda answer: answer.status_code != 401,
        ),
        "introspect": Place(
            head,
            {"sub": "robot"},
            lambda jwt: http.post("/introspect", data={"token": jwt}, headers=secret),
            lambda answer: bool(answer.json().get("active")),
        ),
        "id_token_hint": Place(
            head, {"sub": "robot"}, hint, lambda answer: "error=invalid_request" not in answer.headers["location"]
        ),
        "logout": Place(head, {"sub": "robot"}, bye, lambda answer: answer.is_redirect),
    }


PLACES = (
    "client_assertion",
    "DPoP",
    "request",
    "userinfo",
    "userinfo by DPoP",
    "introspect",
    "id_token_hint",
    "logout",
)
OURS_TO_SIGN = ("client_assertion", "DPoP", "request")
"""Where somebody else's key signs, so that it can be right but for one thing."""
every_place = pytest.mark.parametrize("where", PLACES)


@pytest.mark.parametrize("where", OURS_TO_SIGN)
def test_what_is_right_is_taken(places: dict[str, Place], where: str) -> None:
    """Otherwise the other tests here say nothing."""
    place = places[where]
    answer = place.send(compact(json.dumps(place.header).encode(), json.dumps(place.claims).encode(), KEY))
    assert place.holds(answer), answer.text


@every_place
@pytest.mark.parametrize("odd", ODD_MEMBERS)
def test_an_odd_header(places: dict[str, Place], where: str, odd: str) -> None:
    """Sections 4.1 and 4.1.11: of another type, critical and empty, critical and not understood: refused, not a failure."""
    place = places[where]
    header = json.dumps({**place.header, **ODD_MEMBERS[odd]}).encode()
    answer = place.send(compact(header, json.dumps(place.claims).encode(), KEY))
    assert answer.status_code < 500, answer.text
    assert not place.holds(answer), answer.text


@every_place
@pytest.mark.parametrize("part", ["header", "payload"])
@pytest.mark.parametrize("odd", ODD_JSON)
def test_what_is_no_header_and_no_payload(places: dict[str, Place], where: str, part: str, odd: str) -> None:
    """Section 5.2: too deep, too long, no object, no text: refused, not a failure."""
    place, raw = places[where], ODD_JSON[odd]
    header, claims = json.dumps(place.header).encode(), json.dumps(place.claims).encode()
    answer = place.send(compact(raw, claims, KEY) if part == "header" else compact(header, raw, KEY))
    assert answer.status_code < 500, answer.text
    assert not place.holds(answer), answer.text


@pytest.mark.parametrize(
    ("where", "typ"),
    [
        ("client_assertion", "jwt"),
        ("client_assertion", "application/JWT"),
        ("client_assertion", "Client-Authentication+JWT"),
        ("client_assertion", "application/client-authentication+jwt"),
        ("request", "jwt"),
        ("request", "OAuth-Authz-Req+JWT"),
        ("request", "application/oauth-authz-req+jwt"),
        ("DPoP", "DPoP+JWT"),
        ("DPoP", "application/dpop+jwt"),
        ("DPoP", "APPLICATION/DPOP+JWT"),
    ],
)
def test_a_type_is_a_media_type(places: dict[str, Place], where: str, typ: str) -> None:
    """Section 4.1.9, RFC 2045 section 5.1: compared without case; `application/` may be left out."""
    place = places[where]
    header = json.dumps({**place.header, "typ": typ}).encode()
    answer = place.send(compact(header, json.dumps(place.claims).encode(), KEY))
    assert place.holds(answer), answer.text


@pytest.mark.parametrize("where", OURS_TO_SIGN)
@pytest.mark.parametrize("typ", ["at+jwt", "text/jwt", "application/application/jwt", "application/", "dpop", "jwt "])
def test_another_type_is_another(places: dict[str, Place], where: str, typ: str) -> None:
    """Section 4.1.9: only `application/` may be left out; RFC 8725 section 3.11: another kind is another."""
    place = places[where]
    header = json.dumps({**place.header, "typ": typ}).encode()
    assert not place.holds(place.send(compact(header, json.dumps(place.claims).encode(), KEY)))


@pytest.mark.parametrize(
    ("typ", "name"),
    [
        ("JWT", "jwt"),
        ("application/JWT", "jwt"),
        ("Application/at+jwt", "at+jwt"),
        ("text/plain", "text/plain"),
        ('application/example;part="1/2"', 'application/example;part="1/2"'),
    ],
)
def test_how_types_are_compared(typ: str, name: str) -> None:
    """Section 4.1.9: the prefix is restored unless the value has another `/`; so it is left out where it has none."""
    assert media_type(typ) == name


def test_an_empty_crit_of_our_own(in_app: Flask) -> None:
    """Section 4.1.11: not even what we signed ourselves is taken with one."""
    signer = keyring.ring().signers["ES256"]
    assert isinstance(signer.key, ECKey)
    right = {"alg": "ES256", "kid": signer.kid, "typ": "at+jwt"}
    assert keyring.verified(compact(json.dumps(right).encode(), b"{}", signer.key), "at+jwt") == {}
    assert keyring.verified(compact(json.dumps({**right, "crit": []}).encode(), b"{}", signer.key), "at+jwt") is None
    assert keyring.verified(f"{encoded(b'{}')}.{encoded(b'{}')}.AA", "at+jwt") is None
