"""Sections 4 to 6, and OpenID Connect Core section 6.1: a request that is signed by who asks."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from idp.oidc.clients.validation import InvalidMetadata, validated
from idp.oidc.models import Client
from tests.support.browser import Browser, NewBrowser
from tests.support.dpop import Lenient
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World

EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})
KEYS = {"keys": [key.as_dict(private=False) for key in (EC, RSA)]}
METHOD = "client_secret_basic"
EVIL = "https://evil.example/"

Signed = Callable[..., str]


@pytest.fixture
def rp(world: World, new_rp: NewRp) -> RelyingParty:
    """A client with a secret for itself, and keys for its requests."""
    return new_rp(world.client("books", jwks=KEYS, token_endpoint_auth_method=METHOD))


@pytest.fixture
def signed(rp: RelyingParty, clock: MovingClock) -> Signed:
    """Makes request objects, right but for the changes; a change to None leaves a claim out."""

    def make(
        key: ECKey | RSAKey = EC, header: dict[str, Any] | None = None, alg: str | None = None, **changes: Any
    ) -> str:
        now = int(clock.now().timestamp())
        about = {"iss": rp.client.client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60}
        claims = {name: v for name, v in {**rp.parameters(), **about, **changes}.items() if v is not None}
        head = {"alg": alg or ("RS256" if isinstance(key, RSAKey) else "ES256"), "kid": key.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        return jws.serialize_compact(head, json.dumps(claims), key, registry=Lenient(algorithms=[head["alg"]]))

    return make


def url(rp: RelyingParty, request: str, **beside: str) -> str:
    """The address for the browser: the object, who asks, and whatever else."""
    query = {"client_id": rp.client.client_id, "request": request, **beside}
    return f"{rp.metadata['authorization_endpoint']}?{urlencode(query)}"


def encoded(part: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def error(rp: RelyingParty, browser: Browser) -> str:
    """The error that the application got."""
    return rp.answer(browser)["error"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"key": RSA},
        {"key": RSA, "alg": "PS256"},
        {"header": {"kid": None}},
        {"header": {"typ": "oauth-authz-req+jwt"}},
        {"header": {"typ": "JWT"}},
        {"header": {"unknown": 1}},
        {"aud": [ISSUER, "https://other.example"]},
        {"exp": None, "nbf": None, "iat": None},
        {"max_age": 3600},
        {"claims": {"id_token": {"email": {"essential": True}}}},
    ],
    ids=lambda changes: ",".join(map(str, changes)) or "as it should be",
)
def test_a_signed_request(
    rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser, changes: dict[str, Any]
) -> None:
    """Sections 4 and 5: client_id and request are all that the address needs; numbers and objects may be JSON."""
    browser.get(url(rp, signed(**changes))).login(anna)
    assert rp.finish(browser).claims["sub"] == str(anna.id)


def test_objects_in_it_are_parameters(rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser) -> None:
    """OpenID Connect Core section 6.1: claims as a JSON object."""
    browser.get(url(rp, signed(claims={"id_token": {"email": None}}))).login(anna)
    assert rp.finish(browser).claims["email"] == "anna@de-zon.example"


def test_nothing_beside_it_counts(rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser) -> None:
    """Section 6.3: only what is signed, whatever else stands in the address, also what the object leaves out."""
    beside = {"redirect_uri": EVIL, "scope": "openid offline_access", "response_type": "token", "prompt": "none"}
    browser.get(url(rp, signed(), state="other", **beside)).login(anna)
    assert "refresh_token" not in rp.finish(browser).response


def test_it_need_not_be_signed_again_after_the_login(
    rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """It was taken when it came; a login may last longer than its exp."""
    browser.get(url(rp, signed()))
    clock.advance(minutes=10)
    browser.login(anna)
    assert "code" in rp.answer(browser)


WRONG: list[dict[str, Any]] = [
    {"key": STRANGER},
    {"header": {"kid": "unknown"}},
    {"header": {"typ": "at+jwt"}},
    {"header": {"typ": "dpop+jwt"}},
    {"iss": None},
    {"iss": "other"},
    {"iss": ["books"]},
    {"client_id": None},
    {"client_id": "other"},
    {"aud": None},
    {"aud": "https://other.example"},
    {"aud": [f"{ISSUER}/token"]},
    {"aud": {ISSUER: 1}},
    {"exp": 1},
    {"exp": "soon"},
    {"exp": True},
    {"nbf": 4102444800},
    {"iat": 4102444800},
    {"sub": "books"},
    {"request": "e30.e30."},
    {"request_uri": "https://books.example/request"},
]
NO_TEXT: list[dict[str, Any]] = [{"nonce": "a\0b"}, {"nonce": "\ud800"}, {"resource": ["a\0b"]}]


@pytest.mark.parametrize("changes", WRONG, ids=",".join)
def test_a_wrong_object(rp: RelyingParty, signed: Signed, browser: Browser, changes: dict[str, Any]) -> None:
    """Sections 6.1, 6.2 and 10.8: told to the application, at its registered address."""
    assert error(rp, browser.get(url(rp, signed(**changes)))) == "invalid_request_object"


def test_an_object_that_is_not_signed(rp: RelyingParty, browser: Browser) -> None:
    """Section 10.1 and RFC 8725 section 3.2: alg none is no signature."""
    claims = {**rp.parameters(), "iss": "books", "aud": ISSUER}
    header, payload = (encoded(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
    assert error(rp, browser.get(url(rp, f"{header}.{payload}."))) == "invalid_request_object"


def test_a_shared_secret_signs_nothing(rp: RelyingParty, browser: Browser) -> None:
    """RFC 8725 section 3.1: not the client's own secret, nor a public key taken for one."""
    claims = {**rp.parameters(), "iss": "books", "aud": ISSUER}
    for secret in (rp.client.client_secret or "", RSA.as_pem(private=False).decode()):
        rp._outstanding[claims["state"]] = rp.asked
        said = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
        token = f"{said}.{encoded(hmac.digest(secret.encode(), said.encode(), 'sha256'))}"
        assert error(rp, browser.get(url(rp, token))) == "invalid_request_object"


def test_a_header_that_must_be_understood(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """RFC 7515 section 4.1.11: an unknown extension in crit refuses the whole."""
    header = {"alg": "ES256", "kid": "ec", "crit": ["x"], "x": 1}
    said = f"{encoded(json.dumps(header).encode())}.{signed().split('.')[1]}"
    r, s = decode_dss_signature(EC.get_op_key("sign").sign(said.encode(), ECDSA(SHA256())))
    assert (
        error(rp, browser.get(url(rp, f"{said}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}")))
        == "invalid_request_object"
    )


@pytest.mark.parametrize("text", ["x", "e30.e30.", "..", "a.b.c", "é.é.é", "W10.W10.x", "e30.W10.x"])
def test_what_is_no_object(rp: RelyingParty, browser: Browser, text: str) -> None:
    """Section 6.1: told to the address beside it, or on a page of our own where there is none."""
    beside = {"redirect_uri": rp.client.redirect_uri, "state": rp.parameters()["state"]}
    assert error(rp, browser.get(url(rp, text, **beside))) == "invalid_request_object"
    assert_stays(browser, url(rp, text))
    assert_stays(browser, url(rp, text, redirect_uri=EVIL))


def assert_stays(browser: Browser, where: str) -> None:
    """A page of our own."""
    browser.get(where)
    assert browser.landed is None
    assert browser.status == 400


def test_a_forged_object_leads_nowhere_else(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """RFC 9700 section 4.11.2: the address for the error is a registered one, or there is none."""
    assert_stays(browser, url(rp, signed(key=STRANGER, redirect_uri=EVIL)))
    assert_stays(browser, url(rp, signed(redirect_uri=EVIL)))


def test_what_is_signed_is_checked_like_any_other(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """Section 6.3: the request in it is validated as OAuth and OpenID Connect say."""
    assert error(rp, browser.get(url(rp, signed(code_challenge=None)))) == "invalid_request"
    assert error(rp, browser.get(url(rp, signed(scope="unknown")))) == "invalid_scope"
    assert error(rp, browser.get(url(rp, signed(nonce="n" * 4500)))) in {"invalid_request", "invalid_request_object"}
    assert error(rp, browser.get(url(rp, signed(max_age=1.5)))) == "invalid_request"


def test_an_object_nested_too_deep(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """A refusal, and no error of ours."""
    claims = "[" * 2500 + "]" * 2500
    token = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, f'{{"claims":{claims}}}', EC, ["ES256"])
    assert_stays(browser, url(rp, token))


def test_by_value_and_by_reference_at_once(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """Section 5: request and request_uri exclude each other."""
    where = url(rp, signed(), request_uri="https://books.example/request")
    assert error(rp, browser.get(where)) == "invalid_request"


def test_an_object_twice(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """RFC 6749 section 3.1."""
    beside = {"redirect_uri": rp.client.redirect_uri, "state": rp.parameters()["state"]}
    assert error(rp, browser.get(url(rp, signed(), **beside) + "&request=x")) == "invalid_request"


def test_one_with_a_name_is_good_once(rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser) -> None:
    """RFC 7519 section 4.1.7: it is not replayed; loading the page again does no harm, the first answer spends it."""
    first, other = signed(jti="1"), signed(jti="2")
    browser.get(url(rp, first))
    browser.get(url(rp, first)).login(anna)
    assert "code" in rp.answer(browser)
    rp.parameters(state="again")
    assert browser.get(url(rp, first)).landed
    assert "error=invalid_request_object" in (browser.landed or "")
    assert "code" in rp.answer(browser.get(url(rp, other)))
    for _ in range(2):
        assert "code=" in (browser.get(url(rp, signed(jti=""))).landed or "")


def test_of_all_the_logins_that_it_began_one_is_answered(
    rp: RelyingParty, signed: Signed, new_browser: NewBrowser, anna: KnownUser, clock: MovingClock
) -> None:
    """RFC 7519 section 4.1.7: also long after its own end."""
    where = url(rp, signed(jti="1", exp=int(clock.now().timestamp()) + 30))
    mine, thiefs = new_browser().get(where), new_browser("198.51.100.4").get(where)
    clock.advance(minutes=10)
    mine.login(anna)
    assert "code" in rp.answer(mine)
    thiefs.login(anna)
    assert thiefs.landed is None
    assert thiefs.status == 404


def test_a_name_is_its_own_clients(
    world: World, new_rp: NewRp, rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser
) -> None:
    """RFC 7519 section 4.1.7: nobody spends another's."""
    browser.get(url(rp, signed(jti="1"))).login(anna)
    other = new_rp(world.client("other", jwks=KEYS, token_endpoint_auth_method=METHOD))
    about = {"iss": "other", "client_id": "other"}
    mine = other.parameters()
    browser.get(url(other, signed(jti="1", **{**mine, **about})))
    assert "code" in other.answer(browser)


@pytest.mark.parametrize("end", [60, 10**12, None], ids=["soon", "hardly ever", "never"])
def test_pushing_it_spends_it(
    rp: RelyingParty, signed: Signed, browser: Browser, clock: MovingClock, end: int | None
) -> None:
    """RFC 7519 section 4.1.7: it is used where it is handed in; what it became is brought by its own name."""
    request = signed(jti="1", exp=None if end is None else int(clock.now().timestamp()) + end)
    named = rp.push(request=request)
    assert named.status_code == 201
    again = rp.push(request=request)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request_object")
    assert "error=invalid_request_object" in (browser.get(url(rp, request)).landed or "")
    assert browser.get(rp.pushed_url(named.json()["request_uri"])).step == "password"


def test_pushed_twice_at_the_same_moment(app: Flask, rp: RelyingParty, signed: Signed) -> None:
    """RFC 7519 section 4.1.7: both find it unused, one uses it."""
    request = signed(jti="1")
    with meanwhile(app, "used_names.expires_at > ", lambda: rp.push(request=request)) as others:
        mine = rp.push(request=request)
    assert (others[0].status_code, mine.status_code) == (201, 400)
    assert mine.json()["error"] == "invalid_request_object"


def test_a_pushed_one_is_answered(rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser) -> None:
    """RFC 9126 section 4: its answer is no second use."""
    named = rp.push(request=signed(jti="1")).json()["request_uri"]
    assert "code=" in (browser.get(rp.pushed_url(named)).login(anna).landed or "")


@pytest.mark.parametrize("jti", [7, ["1"], {"a": 1}, True, "x" * 257], ids=["number", "list", "object", "bool", "long"])
def test_what_is_no_name(rp: RelyingParty, signed: Signed, browser: Browser, jti: object) -> None:
    """RFC 7519 section 4.1.7: a text, and no long one."""
    assert error(rp, browser.get(url(rp, signed(jti=jti)))) == "invalid_request_object"


def test_a_client_without_keys(world: World, new_rp: NewRp, browser: Browser) -> None:
    """OpenID Connect Core section 3.1.2.6: never ignored."""
    plain = new_rp(world.client("plain"))
    assert error(plain, browser.get(plain.authorize_url(request="e30.e30."))) == "request_not_supported"


def test_the_registered_algorithm_and_no_other(
    world: World, new_rp: NewRp, signed: Signed, rp: RelyingParty, browser: Browser
) -> None:
    """Section 6.2: request_object_signing_alg."""
    with world.unit_of_work() as session:
        row = session.query(Client).one()
        row.registration = {**row.registration, "request_object_signing_alg": "PS256"}
    assert error(rp, browser.get(url(rp, signed()))) == "invalid_request_object"
    assert error(rp, browser.get(url(rp, signed(key=RSA)))) == "invalid_request_object"
    assert browser.get(url(rp, signed(key=RSA, alg="PS256"))).step == "password"


def test_a_client_may_be_bound_to_sign(
    world: World, new_rp: NewRp, rp: RelyingParty, signed: Signed, browser: Browser, anna: KnownUser
) -> None:
    """Section 10.5: require_signed_request_object; pushed and signed is signed."""
    with world.unit_of_work() as session:
        row = session.query(Client).one()
        row.registration = {**row.registration, "require_signed_request_object": True}
    assert error(rp, browser.get(rp.authorize_url())) == "invalid_request"
    assert rp.push().json()["error"] == "invalid_request"
    browser.get(url(rp, signed())).login(anna)
    assert "code" in rp.answer(browser)
    answer = rp.http.send(rp.push_request({"request": signed()}))
    assert "code" in rp.answer(browser.get(rp.pushed_url(answer.json()["request_uri"])))


@pytest.mark.parametrize("changes", NO_TEXT, ids=",".join)
def test_what_is_no_text(rp: RelyingParty, signed: Signed, browser: Browser, changes: dict[str, Any]) -> None:
    """RFC 6749 appendix B: what could not stand in a query does not come in by a signature."""
    assert_stays(browser, url(rp, signed(**changes)))
    beside = {"redirect_uri": rp.client.redirect_uri, "state": rp.parameters()["state"]}
    assert error(rp, browser.get(url(rp, signed(**changes), **beside))) == "invalid_request_object"


@pytest.mark.parametrize("changes", [*WRONG, *NO_TEXT], ids=",".join)
def test_a_wrong_object_is_not_pushed(rp: RelyingParty, signed: Signed, changes: dict[str, Any]) -> None:
    """RFC 9126 section 3: the same at the pushed authorization request endpoint, as JSON."""
    answer = rp.http.send(rp.push_request({"request": signed(**changes)}))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


@pytest.mark.parametrize(
    "changes", [{"request_object_signing_alg": "ES256"}, {"require_signed_request_object": True}], ids=",".join
)
def test_who_signs_has_keys(changes: dict[str, Any]) -> None:
    """Section 6.2: a client that registers for signed requests registers what verifies them; never alg none."""
    metadata = {"redirect_uris": ["https://books.example/cb"], "token_endpoint_auth_method": METHOD, **changes}
    with pytest.raises(InvalidMetadata) as refused:
        validated(metadata, issuer_is_loopback=False)
    assert [key for key, _ in refused.value.faults] == ["jwks"]
    validated({**metadata, "jwks": KEYS}, issuer_is_loopback=False)
    with pytest.raises(InvalidMetadata):
        validated({**metadata, "jwks": KEYS, "request_object_signing_alg": "none"}, issuer_is_loopback=False)


def test_it_is_announced(rp: RelyingParty) -> None:
    """Section 10.5 and OpenID Connect Discovery section 3."""
    assert rp.metadata["request_parameter_supported"] is True
    assert rp.metadata["request_uri_parameter_supported"] is False
    assert rp.metadata["require_signed_request_object"] is False
    algorithms = rp.metadata["request_object_signing_alg_values_supported"]
    assert "ES256" in algorithms
    assert not [name for name in algorithms if name == "none" or name.startswith("HS")]


def test_an_object_that_nobody_signed_changes_nothing(rp: RelyingParty, signed: Signed, browser: Browser) -> None:
    """Section 6.3: what a forged object says takes the place of nothing that the address says, the `state` least of all."""
    forged = signed(key=STRANGER, state="of the object", response_mode="fragment")
    browser.get(url(rp, forged, state="of the address", redirect_uri=rp.client.redirect_uri, response_mode="query"))
    landed = str(browser.landed)
    assert "error=invalid_request_object" in landed
    assert "state=of+the+address" in landed.replace("%20", "+")
    assert "#" not in landed
