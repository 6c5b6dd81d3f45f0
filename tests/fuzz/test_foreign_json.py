"""Whatever JSON, JWT or client_id somebody writes, each place where one comes in answers in its own form, never with 5xx (R85).

On both stores: what PostgreSQL cannot keep, SQLite can. FUZZ says how many, as in `test_protocol.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from tests.fuzz.requests import basics, encoded, jwts, trees
from tests.fuzz.test_protocol import ASSERTION, EXCHANGE, FORM, LONG, Scene, fuzzed, is_well_formed
from tests.fuzz.test_protocol import scene as scene  # noqa: PLC0414 - a fixture
from tests.support.authenticator import Authenticator
from tests.support.browser import NewBrowser
from tests.support.jwt_parts import ODD_JSON
from tests.support.moving_clock import MovingClock
from tests.support.passkeys import add_passkey, answered
from tests.support.registering import Registrar, initial_token
from tests.support.relying_party import NewRp
from tests.support.stores import ISSUER
from tests.support.world import World

pytestmark = [pytest.mark.both_stores, pytest.mark.timeout(0 if LONG else 600)]

KEY = ECKey.generate_key("P-256", {"kid": "ec"})
PUBLIC = KEY.as_dict(private=False)
JWK = {name: PUBLIC[name] for name in ("kty", "crv", "x", "y")}


@dataclass(frozen=True, slots=True)
class Door:
    """Where a JWT comes in. `right`: its header and claims; `ask` sends one; `fits` looks at the answer."""

    header: dict[str, Any]
    claims: dict[str, Any]
    ask: Callable[[str], httpx.Response]
    fits: Callable[[httpx.Response], None]


def doors(scene: Scene, new_rp: NewRp, world: World, now: int) -> dict[str, Door]:
    """All of them."""
    robot = new_rp(
        world.client("robot", public=True, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [PUBLIC]})
    )
    basic, bearer = scene.authorizations
    head = {"alg": "ES256", "kid": "ec"}
    about = {"iss": "robot", "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60}
    own = {**about, "sub": "robot", "jti": "1"}

    def form(path: str, who: str | None, proof: str | None = None, **values: str) -> httpx.Response:
        sent = encoded([(name, value.encode()) for name, value in values.items()])
        return scene.send("POST", path, sent, Authorization=who, DPoP=proof)

    def by_assertion(path: str, jwt: str) -> httpx.Response:
        return form(path, None, client_assertion_type=ASSERTION, client_assertion=jwt, grant_type="client_credentials")

    def query(path: str, **values: str) -> httpx.Response:
        return scene.send("GET", path, encoded([(name, value.encode()) for name, value in values.items()]))

    proof = {"alg": "ES256", "typ": "dpop+jwt", "jwk": JWK}
    proved = {"htm": "POST", "htu": f"{ISSUER}/token", "iat": now, "jti": "1"}
    exchange = {"grant_type": EXCHANGE, "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    return {
        "assertion": Door(head, own, lambda jwt: by_assertion("/token", jwt), is_well_formed),
        "assertion at par": Door(head, own, lambda jwt: by_assertion("/par", jwt), is_well_formed),
        "assertion at introspect": Door(head, own, lambda jwt: by_assertion("/introspect", jwt), is_well_formed),
        "assertion at revoke": Door(head, own, lambda jwt: by_assertion("/revoke", jwt), is_well_formed),
        "proof": Door(
            proof, proved, lambda jwt: form("/token", basic, jwt, grant_type="client_credentials"), is_well_formed
        ),
        "proof at par": Door(proof, proved, lambda jwt: form("/par", basic, jwt), is_well_formed),
        "proof at userinfo": Door(
            proof,
            {**proved, "htm": "GET", "htu": f"{ISSUER}/userinfo"},
            lambda jwt: scene.send("GET", "/userinfo", b"", Authorization=bearer.replace("Bearer", "DPoP"), DPoP=jwt),
            is_well_formed,
        ),
        "request": Door(
            head,
            {**robot.parameters(), **about},
            lambda jwt: query("/authorize", client_id="robot", request=jwt),
            scene.goes_nowhere_else,
        ),
        "hint": Door(
            head,
            own,
            lambda jwt: query("/authorize", **scene.rp.parameters(id_token_hint=jwt, prompt="none")),
            scene.goes_nowhere_else,
        ),
        "logout": Door(head, own, lambda jwt: query("/logout", id_token_hint=jwt), scene.goes_nowhere_else),
        "token": Door(
            head,
            own,
            lambda jwt: scene.send("GET", "/userinfo", b"", Authorization=f"Bearer {_ascii(jwt)}"),
            is_well_formed,
        ),
        "token in a form": Door(head, own, lambda jwt: form("/userinfo", None, access_token=jwt), is_well_formed),
        "introspect": Door(head, own, lambda jwt: form("/introspect", basic, token=jwt), is_well_formed),
        "revoke": Door(head, own, lambda jwt: form("/revoke", basic, token=jwt), is_well_formed),
        "refresh": Door(
            head, own, lambda jwt: form("/token", basic, grant_type="refresh_token", refresh_token=jwt), is_well_formed
        ),
        "exchange": Door(head, own, lambda jwt: form("/token", basic, **exchange, subject_token=jwt), is_well_formed),
    }


DOORS = (
    "assertion",
    "assertion at par",
    "assertion at introspect",
    "assertion at revoke",
    "proof",
    "proof at par",
    "proof at userinfo",
    "request",
    "hint",
    "logout",
    "token",
    "token in a form",
    "introspect",
    "revoke",
    "refresh",
    "exchange",
)


def _ascii(text: str) -> str:
    """What a header can carry."""
    return "".join(sign for sign in text if "!" <= sign <= "~")


@pytest.mark.parametrize("door", DOORS)
def test_a_jwt(scene: Scene, new_rp: NewRp, world: World, clock: MovingClock, door: str) -> None:
    """R85: header and payload of every kind, signed by the right key."""
    every = doors(scene, new_rp, world, int(clock.now().timestamp()))
    assert every.keys() == set(DOORS)
    here = every[door]

    @fuzzed
    @given(jwts(here.header, here.claims, KEY))
    def holds(jwt: str) -> None:
        here.fits(here.ask(_ascii(jwt)))

    holds()


@pytest.mark.parametrize("path", ["/token", "/par", "/introspect", "/revoke", "/device_authorization"])
def test_a_client_in_a_header(scene: Scene, path: str) -> None:
    """RFC 6749 section 2.3.1, appendix B: bytes of every kind within Base64."""

    @fuzzed
    @given(basics(scene.clients))
    def holds(who: str) -> None:
        is_well_formed(scene.send("POST", path, b"grant_type=client_credentials&token=x", Authorization=who))

    holds()


def test_a_registration(scene: Scene, world: World) -> None:
    """RFC 7591 section 3, RFC 7592 section 2.2: a body of every kind."""
    token = initial_token(world)
    mine = Registrar(scene.browser.http, token).registered()
    own = urlsplit(mine.said["registration_client_uri"]).path
    names = st.sampled_from(["client_name", "redirect_uris", "jwks", "contacts", "scope"]) | st.text(max_size=4)
    bodies = st.sampled_from([*ODD_JSON.values()]) | st.dictionaries(names, trees(), max_size=3).map(
        lambda said: json.dumps(
            {"client_id": mine.said["client_id"], "redirect_uris": ["https://a.example/"], **said}
        ).encode()
    )

    @fuzzed
    @given(bodies, st.sampled_from([("POST", "/register", token), ("PUT", own, mine.token)]))
    def holds(body: bytes, where: tuple[str, str, str]) -> None:
        method, path, who = where
        is_well_formed(scene.send(method, path, body, Authorization=f"Bearer {who}", Content_Type="application/json"))

    holds()


def test_the_claims_parameter(scene: Scene) -> None:
    """OpenID Connect Core section 5.5."""
    inner = st.dictionaries(st.sampled_from(["sub", "acr", "email", "x"]), trees(), max_size=2)
    said = st.dictionaries(st.sampled_from(["id_token", "userinfo", "x"]), inner | trees(), max_size=2)
    texts = said.map(lambda value: json.dumps(value).encode()) | st.sampled_from([*ODD_JSON.values()])

    @fuzzed
    @given(texts)
    def holds(claims: bytes) -> None:
        pairs = [(name, value.encode()) for name, value in scene.rp.parameters(prompt="none").items()]
        scene.goes_nowhere_else(scene.send("GET", "/authorize", encoded([*pairs, ("claims", claims)])))

    holds()


def test_what_a_passkey_answers(scene: Scene, world: World, new_browser: NewBrowser) -> None:
    """Web Authentication section 7.2: what the page's script sends, changed in every way."""
    device = Authenticator()
    bert = world.user("bert", world.tenant("fietsen", security_code=False))
    add_passkey(new_browser(), bert, device)
    seen = [new_browser().get(scene.rp.authorize_url())]

    places = st.sampled_from([("id",), ("rawId",), ("type",), ("response",), ("clientExtensionResults",)]) | st.tuples(
        st.just("response"), st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"])
    )
    client_data = (st.sampled_from([*ODD_JSON.values()]) | trees().map(lambda value: json.dumps(value).encode())).map(
        lambda raw: base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
    )

    @fuzzed
    @given(places, trees() | client_data, st.none() | st.none() | st.sampled_from([*ODD_JSON.values()]))
    def holds(place: tuple[str, ...], value: Any, instead: bytes | None) -> None:
        if not seen[-1].page.soup.select("form[data-passkey]"):  # what was changed did not count: somebody is logged in
            seen.append(new_browser().get(scene.rp.authorize_url()))
        browser = seen[-1]
        said = json.loads(answered(browser, device))
        target = said
        for name in place[:-1]:
            target = target[name]
        target[place[-1]] = value
        text = json.dumps(said) if instead is None else instead.decode("latin-1")
        browser.send(browser.filled_form(passkey=text))
        assert browser.status < 500, browser.text

    holds()


def test_the_type_of_a_form(scene: Scene) -> None:
    """RFC 9110 section 8.3.1: a media type is compared without case."""
    sent = b"grant_type=client_credentials"
    for kind in (FORM, FORM.upper(), f"{FORM}; charset=UTF-8"):
        answer = scene.send("POST", "/token", sent, Authorization=scene.authorizations[0], Content_Type=kind)
        assert answer.json()["error"] == "unauthorized_client", kind
