"""Sections 2, 4 and 6: an application hands its request in itself; the browser brings no more than its name."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey

from idp import shortlived
from idp.oidc.authorization import pushed_requests
from idp.oidc.models import Client
from idp.platform.extensions import db
from tests.support.browser import Browser, NewBrowser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, basic
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World

URN = "urn:ietf:params:oauth:request_uri:"


def refused(answer: httpx.Response) -> str:
    """The error of a pushed request."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["error"])


def form_headers(asked: httpx.Request) -> dict[str, str]:
    """Who sends which kind of body, for another body."""
    return {name: asked.headers[name] for name in ("Authorization", "Content-Type")}


def test_a_request_is_pushed(rp: RelyingParty) -> None:
    """Section 2.2: 201, a name that nobody guesses, and how long it may be brought."""
    first, second = rp.push(), rp.push()
    assert first.status_code == 201
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"] == "no-store"
    assert first.json().keys() == {"request_uri", "expires_in"}
    assert first.json()["request_uri"].startswith(URN)
    assert len(first.json()["request_uri"]) >= len(URN) + 43
    assert first.json()["request_uri"] != second.json()["request_uri"]
    assert 5 <= first.json()["expires_in"] < 600


@pytest.mark.both_stores
def test_the_browser_brings_its_name(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 4: the login goes on as if the browser had brought everything; state, nonce and PKCE are those pushed."""
    browser.get(rp.pushed_url()).login(anna)
    assert rp.finish(browser).claims["sub"] == str(anna.id)


def test_nothing_beside_it_counts(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """RFC 9101 section 5: no parameter of the address changes, adds or doubles one that was pushed."""
    request_uri = rp.push().json()["request_uri"]
    beside = {"redirect_uri": "https://evil.example/", "state": "other", "prompt": "none", "scope": "x", "nonce": "y"}
    browser.get(rp.pushed_url(request_uri, **beside) + "&claims=1&claims=2").login(anna)
    tokens = rp.finish(browser)
    assert tokens.response["scope"] == "openid profile email"


def test_it_may_be_brought_by_post(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """OpenID Connect Core section 3.1.2.1: GET and POST alike."""
    request_uri = rp.push().json()["request_uri"]
    browser.post("/authorize", {"client_id": rp.client.client_id, "request_uri": request_uri}).login(anna)
    assert "code" in rp.answer(browser)


def test_an_error_of_the_login_is_told(rp: RelyingParty, browser: Browser) -> None:
    """Section 4: as for any other request; that was its answer."""
    where = rp.pushed_url(rp.push(prompt="none").json()["request_uri"])
    assert rp.answer(browser.get(where))["error"] == "login_required"
    assert_over(browser, where)


def test_a_public_client_pushes(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """Section 2: the rules of the token endpoint hold, also for a client that has no secret."""
    rp = new_rp(world.client("phone", public=True))
    browser.get(rp.pushed_url()).login(anna)
    assert "code" in rp.answer(browser)


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/token", f"{ISSUER}/par"])
def test_an_assertion_may_name_this_endpoint(world: World, new_rp: NewRp, clock: MovingClock, audience: str) -> None:
    """Section 2: issuer, token endpoint and this one all stand for us."""
    key = ECKey.generate_key("P-256", {"kid": "ec"})
    metadata: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}
    rp = new_rp(world.client("robot", public=True, jwks={"keys": [key.as_dict(private=False)]}, **metadata))
    now = int(clock.now().timestamp())
    claims = {"iss": "robot", "sub": "robot", "aud": audience, "exp": now + 60, "jti": uuid.uuid4().hex}
    proof = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({"alg": "ES256", "kid": "ec"}, claims, key),
    }
    assert rp.push(**proof).status_code == 201


# Who pushes


@pytest.mark.parametrize(
    "authorization",
    [None, basic("books", "wrong"), basic("nobody", "x"), "Bearer x"],
    ids=["none", "wrong", "unknown", "bearer"],
)
def test_who_pushes_must_prove_it(rp: RelyingParty, authorization: str | None) -> None:
    """Section 2: client authentication as at the token endpoint."""
    asked = rp.push_request(rp.parameters(client_id=None))
    del asked.headers["authorization"]
    if authorization:
        asked.headers["Authorization"] = authorization
    answer = rp.http.send(asked)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_client_pushes_in_its_own_name_only(world: World, rp: RelyingParty) -> None:
    """Section 2: client_id is that of who authenticates."""
    world.client("other")
    assert refused(rp.push(client_id="other")) == "invalid_request"


def test_who_authenticates_need_not_name_itself(rp: RelyingParty) -> None:
    """RFC 6749 section 2.3.1: the header says it."""
    assert rp.push(client_id=None).status_code == 201


def test_the_proof_is_not_kept(world: World, new_rp: NewRp, app: Flask) -> None:
    """What authenticated the client is of no use later."""
    client = world.client("poster", token_endpoint_auth_method="client_secret_post")
    rp = new_rp(client)
    asked = rp.push_request(rp.parameters(client_secret=client.client_secret))
    del asked.headers["authorization"]
    handle = rp.http.send(asked).json()["request_uri"].removeprefix(URN)
    with app.app_context():
        record = shortlived.get("pushed_request", handle)
    assert record
    assert "client_secret" not in record["parameters"]


# What is pushed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": "https://books.example/cb/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"max_age": "ten"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"id_token_hint": "no.such.token"}, "invalid_request"),
        ({"request_uri": URN + "x"}, "invalid_request"),
        ({"request_uri": "https://books.example/request"}, "invalid_request"),
        ({"nonce": "n" * 5000}, "invalid_request"),
        ({"state": "s" * 5000}, "invalid_request"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_the_authorization_endpoint_refuses_is_refused_here(
    rp: RelyingParty, changes: dict[str, str | None], expected: str
) -> None:
    """Sections 2.1 and 2.3: at once, as JSON, by the same code; and no request_uri inside."""
    assert refused(rp.push(**changes)) == expected


def test_a_parameter_twice(rp: RelyingParty) -> None:
    """RFC 6749 section 3.1."""
    asked = rp.push_request(rp.parameters())
    answer = rp.http.post(asked.url, content=asked.content + b"&nonce=2", headers=form_headers(asked))
    assert refused(answer) == "invalid_request"


def test_nothing_at_all(rp: RelyingParty) -> None:
    """An empty form is a request without parameters."""
    assert refused(rp.http.send(rp.push_request({}))) == "invalid_request"


@pytest.mark.parametrize("body", [b"state=%00", b"state=%ff", b"state=" + b"s" * 300_000], ids=["NUL", "UTF-8", "huge"])
def test_what_is_no_text(rp: RelyingParty, body: bytes) -> None:
    """Section 2.3: too much is 413; what cannot be read is an invalid request."""
    asked = rp.push_request(rp.parameters())
    answer = rp.http.post(asked.url, content=body, headers=form_headers(asked))
    assert answer.status_code in {400, 413}
    assert answer.json()["error"] == "invalid_request"


def test_only_post(rp: RelyingParty) -> None:
    """Section 2.3: 405 for another method."""
    answer = rp.http.get(rp.metadata["pushed_authorization_request_endpoint"])
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert answer.headers["content-type"] == "application/json"


# Once, for its own client, soon


def assert_over(browser: Browser, where: str) -> None:
    """The page of our own, and no way from it to anywhere."""
    browser.get(where)
    assert browser.landed is None
    assert browser.status == 400
    assert "start again" in browser.text


def test_it_is_answered_once(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 7.3: what was answered is over, for whoever brings it again."""
    where = rp.pushed_url()
    browser.get(where).login(anna)
    assert "code" in rp.answer(browser)
    assert_over(browser, where)


def test_it_lives_until_the_login_is_done(
    rp: RelyingParty, browser: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """FAPI 2.0 Security Profile section 5.3.2.2: loading the page again does no harm; the login outlives its name."""
    where = rp.pushed_url()
    assert browser.get(where).step == "password"
    assert browser.get(where).step == "password"
    clock.advance(minutes=10)
    browser.login(anna)
    assert "code" in rp.answer(browser)


def test_who_looks_beforehand_spends_nothing(
    rp: RelyingParty, browser: Browser, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """The same section: a program that loads addresses for a person does not use up the request."""
    where = rp.pushed_url()
    new_browser().get(where)
    browser.get(where).login(anna)
    assert "code" in rp.answer(browser)


def test_of_all_the_logins_that_it_began_one_is_answered(
    rp: RelyingParty, browser: Browser, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """Section 7.3: two browsers at their login pages get one answer between them."""
    where = rp.pushed_url()
    other = new_browser().get(where)
    browser.get(where).login(anna)
    assert "code" in rp.answer(browser)
    other.login(anna)
    assert other.landed is None
    assert other.status == 404
    assert "no longer open" in other.text


@pytest.mark.both_stores
def test_it_is_answered_once_also_at_the_same_moment(
    app: Flask, rp: RelyingParty, browser: Browser, anna: KnownUser
) -> None:
    """Two tabs of somebody who is logged in: one gets a code, the other the page that says it is over."""
    browser.get(rp.authorize_url()).login(anna)
    where = rp.pushed_url()
    with meanwhile(app, "FROM browser_sessions", lambda: browser.http.get(where)) as others:
        mine = browser.http.get(where)
    assert "code=" in others[0].headers["location"]
    assert mine.status_code == 404


def test_it_is_soon_too_old(rp: RelyingParty, browser: Browser, clock: MovingClock) -> None:
    """Section 2.2: expires_in is meant."""
    where, expires_in = rp.pushed_url(), rp.push().json()["expires_in"]
    clock.advance(seconds=expires_in - 1)
    assert browser.get(where).step == "password"
    clock.advance(seconds=1)
    assert_over(browser, where)


def test_it_is_its_own_clients(world: World, new_rp: NewRp, rp: RelyingParty, browser: Browser) -> None:
    """Section 2.2: bound to the client that pushed it; nobody is told anything, nothing is spent."""
    other = new_rp(world.client("other", redirect_uris=["https://other.example/cb"]))
    request_uri = rp.push().json()["request_uri"]
    foreign = other.pushed_url(request_uri, redirect_uri="https://other.example/cb", response_type="code")
    assert_over(browser, foreign)
    assert_over(browser, f"/authorize?{urlencode({'request_uri': request_uri})}")
    assert browser.get(rp.pushed_url(request_uri)).step == "password"


@pytest.mark.parametrize("handle", ["", "x", "s" + "A" * 43, "r" + "A" * 43, "../x", "a" * 3000])
def test_one_that_never_was(rp: RelyingParty, browser: Browser, handle: str) -> None:
    """Section 4: a page of our own, also where the address names a place to go to."""
    assert_over(browser, rp.pushed_url(URN + handle, redirect_uri=rp.client.redirect_uri, response_type="code"))


def test_what_changed_since_counts(world: World, rp: RelyingParty, browser: Browser) -> None:
    """Section 4: the request is checked once more when it comes."""
    where = rp.pushed_url()
    with world.unit_of_work() as session:
        client = session.query(Client).one()
        client.registration = {**client.registration, "redirect_uris": ["https://books.example/new"]}
    assert_over(browser, where)


# Not too many


def test_so_many_in_a_minute(
    world: World, new_rp: NewRp, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Section 2.3: 429 and when to come again; a public client's of one network use up nobody else's."""
    phone = world.client("phone", public=True)
    here = new_rp(phone)
    asked = here.parameters()
    answers = [here.http.send(here.push_request(asked)) for _ in range(pushed_requests.OF_A_NETWORK + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {201}
    late = answers[-1]
    assert late.status_code == 429
    assert late.headers["content-type"] == "application/json"
    assert late.headers["cache-control"] == "no-store"
    assert late.headers["retry-after"] == "1"
    assert "Retry-After" in late.headers["access-control-expose-headers"]
    assert late.json()["error"] == "temporarily_unavailable"
    elsewhere = RelyingParty(new_browser("198.51.100.4").http, phone, clock.now)
    assert elsewhere.push().status_code == rp.push().status_code == 201
    clock.advance(seconds=1)
    assert [here.push().status_code for _ in range(2)] == [201, 429]


def test_who_has_a_secret_is_counted_by_it(rp: RelyingParty, app: Flask, clock: MovingClock) -> None:
    """Section 2.3: wherever its machines stand, and nobody else's guesses count."""
    used = pushed_requests.A_MINUTE * (pushed_requests.OF_A_CLIENT - 1) / pushed_requests.OF_A_CLIENT
    with app.app_context():
        assert shortlived.once(pushed_requests.PACE, rp.client.client_id, used)  # as if it had pushed all but one
        db.session.commit()
    guess = rp.push_request(rp.parameters())
    guess.headers["Authorization"] = basic(rp.client.client_id, "wrong")
    assert rp.http.send(guess).status_code == 401
    assert [rp.push().status_code for _ in range(2)] == [201, 429]
    clock.advance(minutes=1)
    assert rp.push().status_code == 201


# Clients that must


def test_a_client_may_be_bound_to_push(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """Section 6: require_pushed_authorization_requests in the client's metadata; also after the login, read anew."""
    rp = new_rp(world.client("strict", require_pushed_authorization_requests=True))
    assert rp.answer(browser.get(rp.authorize_url()))["error"] == "invalid_request"
    browser.get(rp.pushed_url()).login(anna)
    assert "code" in rp.answer(browser)


def test_it_is_announced(rp: RelyingParty) -> None:
    """Section 5."""
    assert rp.metadata["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"
    assert rp.metadata["require_pushed_authorization_requests"] is False
