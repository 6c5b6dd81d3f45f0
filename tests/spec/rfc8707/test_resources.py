"""Section 2: a token for the resource that is named, of those that the client may have tokens for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt

from idp.oidc.models import Client
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.relying_party import ALGORITHMS, NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World

BOOKS, STOCK = "https://api.books.example/", "https://api.stock.example/v1?x=1"


@pytest.fixture
def rp(world: World, new_rp: NewRp) -> RelyingParty:
    """A client with two resources, and a name that is no resource."""
    grants = ["authorization_code", "refresh_token", "client_credentials"]
    return new_rp(world.client("books", audience=[BOOKS, STOCK, "ledger"], grant_types=grants, scope=f"{OFFLINE} api"))


def audience(rp: RelyingParty, answer: httpx.Response) -> Any:
    """Whom the access token is for."""
    assert answer.status_code == 200, answer.text
    return jwt.decode(answer.json()["access_token"], rp.keys(), algorithms=ALGORITHMS).claims["aud"]


def code(rp: RelyingParty, browser: Browser, anna: KnownUser, *resources: str) -> str:
    """The code of a request that names these resources."""
    more = urlencode([("resource", one) for one in resources])
    browser.get(f"{rp.authorize_url(scope=OFFLINE)}&{more}")
    if browser.step == "password":
        browser.login(anna)
    return rp.answer(browser)["code"]


def ask(rp: RelyingParty, form: dict[str, str | None], *resources: str) -> httpx.Response:
    """A token request that names these resources."""
    asked = rp.token_request(**form)
    body = asked.content + b"".join(b"&" + urlencode({"resource": one}).encode() for one in resources)
    headers = {name: asked.headers[name] for name in ("Authorization", "Content-Type")}
    return rp.http.post(asked.url, content=body, headers=headers)


def redeem(rp: RelyingParty, value: str, *resources: str) -> httpx.Response:
    """Redeem a code for these resources."""
    return ask(rp, {"grant_type": "authorization_code", **rp.redemption(value)}, *resources)


def refresh(rp: RelyingParty, value: str, *resources: str) -> httpx.Response:
    """Refresh for these resources."""
    return ask(rp, {"grant_type": "refresh_token", "refresh_token": value}, *resources)


def test_who_names_none_gets_all(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 2: then the audience is what the client is registered for."""
    assert audience(rp, redeem(rp, code(rp, browser, anna))) == [BOOKS, STOCK, "ledger"]


def test_the_one_that_is_named(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 2: the token is for that resource only, at the refresh too."""
    answer = redeem(rp, code(rp, browser, anna, BOOKS))
    assert audience(rp, answer) == BOOKS
    assert audience(rp, refresh(rp, answer.json()["refresh_token"])) == BOOKS


def test_it_is_the_only_parameter_that_may_come_again(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 2: several resources are several parameters; one that is named twice is one, an empty one none."""
    assert audience(rp, redeem(rp, code(rp, browser, anna, BOOKS, STOCK, BOOKS, ""))) == [BOOKS, STOCK]


def test_a_token_for_less(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 2.2: of what was granted the token request takes a part, and the next one another."""
    answer = redeem(rp, code(rp, browser, anna, BOOKS, STOCK), STOCK)
    assert audience(rp, answer) == STOCK
    again = refresh(rp, answer.json()["refresh_token"], BOOKS)
    assert audience(rp, again) == BOOKS
    assert audience(rp, refresh(rp, again.json()["refresh_token"])) == [BOOKS, STOCK]


def test_a_token_for_more(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 2.2: never; and nothing is spent by asking."""
    value = code(rp, browser, anna, BOOKS)
    assert refused(redeem(rp, value, STOCK)) == "invalid_target"
    token = redeem(rp, value).json()["refresh_token"]
    assert refused(refresh(rp, token, BOOKS, STOCK)) == "invalid_target"
    assert audience(rp, refresh(rp, token, BOOKS)) == BOOKS


def refused(answer: httpx.Response) -> str:
    """The error."""
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


WRONG = [
    "ledger",
    "https://api.books.example",
    "https://other.example/",
    f"{BOOKS}#x",
    "/v1",
    "//x",
    "http://[",
    "é:x",
    "1:x",
]


@pytest.mark.parametrize("resource", WRONG)
def test_what_is_not_the_clients(rp: RelyingParty, browser: Browser, resource: str) -> None:
    """Section 2: unknown, malformed, with a fragment, relative: invalid_target, at each of the three endpoints."""
    assert rp.answer(browser.get(rp.authorize_url(resource=resource)))["error"] == "invalid_target"
    assert rp.push(resource=resource).json()["error"] == "invalid_target"
    assert refused(ask(rp, {"grant_type": "client_credentials"}, resource)) == "invalid_target"


def test_too_many(rp: RelyingParty) -> None:
    """There is an end to it."""
    assert (
        refused(ask(rp, {"grant_type": "client_credentials"}, *(f"{BOOKS}{n}" for n in range(21)))) == "invalid_request"
    )


def test_a_clients_own_token(rp: RelyingParty) -> None:
    """Section 2.2: for itself, too."""
    assert audience(rp, ask(rp, {"grant_type": "client_credentials", "scope": "api"}, STOCK)) == STOCK


def test_a_pushed_request_names_them(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """RFC 9126 section 2.1: as at the authorization endpoint; what stands beside its name does not count."""
    where = rp.pushed_url(rp.push(resource=BOOKS).json()["request_uri"], resource=STOCK)
    browser.get(where).login(anna)
    assert audience(rp, redeem(rp, rp.answer(browser)["code"])) == BOOKS


def test_a_client_without_resources_may_name_us(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """RFC 9068 section 3: the audience of its tokens is the issuer, and that may be said."""
    plain = new_rp(world.client("plain"))
    assert audience(plain, redeem(plain, code(plain, browser, anna, ISSUER))) == ISSUER


def test_a_resource_that_was_taken_away(world: World, rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """What is registered now counts."""
    token = redeem(rp, code(rp, browser, anna, BOOKS)).json()["refresh_token"]
    with world.unit_of_work() as session:
        client = session.query(Client).one()
        client.registration = {**client.registration, "audience": [STOCK]}
    assert refused(refresh(rp, token)) == "invalid_target"
