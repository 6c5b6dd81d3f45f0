"""Sections 2.3 and 3.2.1: who a client is, by the one method that it registered."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from idp.crypto import opaque
from idp.oidc.models import Client
from tests.support.relying_party import RelyingParty, basic
from tests.support.world import KnownClient, World

REFRESH = {"grant_type": "refresh_token", "refresh_token": "x"}


def ask(http: httpx.Client, form: dict[str, Any] | None = None, authorization: str | None = None) -> httpx.Response:
    """A token request of which only the authentication can be right."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return http.post("/token", data=REFRESH | (form or {}), headers=headers)


def is_authenticated(answer: httpx.Response) -> bool:
    """Whether the client was believed: then the grant is what is wrong."""
    if answer.json()["error"] == "invalid_grant":
        return True
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic")
    return False


@pytest.fixture
def books(world: World) -> KnownClient:
    """A client registered for client_secret_basic."""
    return world.client("books")


@pytest.fixture
def posting(world: World) -> KnownClient:
    """A client registered for client_secret_post."""
    return world.client("posting", token_endpoint_auth_method="client_secret_post")


@pytest.fixture
def public(world: World) -> KnownClient:
    """A client without secret."""
    return world.client("public", public=True)


def test_client_secret_basic(http: httpx.Client, books: KnownClient) -> None:
    """Section 2.3.1; the scheme's name in any case, and the id may be repeated in the form."""
    assert is_authenticated(ask(http, {}, basic("books", books.client_secret or "")))
    assert is_authenticated(ask(http, {"client_id": "books"}, basic("books", books.client_secret or "")))
    assert is_authenticated(ask(http, {}, basic("books", books.client_secret or "").replace("Basic", "bAsIc")))


@pytest.mark.parametrize("secret", ["a b+c%41&=:é", "100%", "+", "%zz"])
def test_secrets_with_signs_in_them(world: World, http: httpx.Client, books: KnownClient, secret: str) -> None:
    """Section 2.3.1 encodes them first; many clients do not, and both are understood."""
    with world.unit_of_work() as session:
        session.query(Client).one().secret_hash = opaque.digest(secret)
    plain = base64.b64encode(f"books:{secret}".encode()).decode()
    assert is_authenticated(ask(http, {}, f"Basic {plain}"))
    assert is_authenticated(ask(http, {}, basic("books", secret)))


def test_client_secret_post(http: httpx.Client, posting: KnownClient) -> None:
    """Section 2.3.1."""
    assert is_authenticated(ask(http, {"client_id": "posting", "client_secret": posting.client_secret}))


def test_none(http: httpx.Client, public: KnownClient) -> None:
    """Section 3.2.1: a public client names itself."""
    assert is_authenticated(ask(http, {"client_id": "public"}))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic Ym9va3M=",
        "Basic " + base64.b64encode(b"books:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:wrong").decode(),
        "Basic " + base64.b64encode(b"books:").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"books:x\0").decode(),
        "Bearer abc",
        "Digest username=books",
    ],
)
def test_a_header_that_proves_nothing(http: httpx.Client, books: KnownClient, header: str) -> None:
    """Section 5.2: 401 with a challenge, in the same words for a client that does not exist."""
    assert not is_authenticated(ask(http, {}, header))


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"client_id": "books"},
        {"client_id": "posting"},
        {"client_id": "posting", "client_secret": "wrong"},
        {"client_id": "nobody", "client_secret": "wrong"},
        {"client_id": "public", "client_secret": "something"},
        {"client_secret": "wrong"},
    ],
    ids=str,
)
def test_a_form_that_proves_nothing(
    http: httpx.Client, books: KnownClient, posting: KnownClient, public: KnownClient, form: dict[str, str]
) -> None:
    """A confidential client is never taken for a public one, nor a public one for one with a secret."""
    assert not is_authenticated(ask(http, form))


def test_only_the_registered_method(http: httpx.Client, books: KnownClient, posting: KnownClient) -> None:
    """The right secret in the wrong place is no proof."""
    assert not is_authenticated(ask(http, {"client_id": "books", "client_secret": books.client_secret}))
    assert not is_authenticated(ask(http, {}, basic("posting", posting.client_secret or "")))


@pytest.fixture
def either(world: World) -> KnownClient:
    """A client registered for a secret in either place."""
    return world.client("either", client_secret_in_header_or_form=True)


def test_a_secret_in_either_place(http: httpx.Client, either: KnownClient) -> None:
    """Section 2.3.1 knows both: a client that is registered for both may send it in the one or in the other."""
    secret = either.client_secret or ""
    assert is_authenticated(ask(http, {"client_id": "either", "client_secret": secret}))
    assert is_authenticated(ask(http, {}, basic("either", secret)))


def test_either_place_is_no_third_one(http: httpx.Client, either: KnownClient) -> None:
    """Section 2.3: one a request, with the right secret, and never by the name alone."""
    secret = either.client_secret or ""
    assert not is_authenticated(ask(http, {"client_id": "either"}))
    assert not is_authenticated(ask(http, {"client_id": "either", "client_secret": "wrong"}))
    assert not is_authenticated(ask(http, {}, basic("either", "")))
    both = ask(http, {"client_id": "either", "client_secret": secret}, basic("either", secret))
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("form", [{}, {"client_id": "public"}, {"client_secret": ""}], ids=str)
def test_a_public_client_with_an_empty_secret(http: httpx.Client, public: KnownClient, form: dict[str, str]) -> None:
    """Section 2.3.1 lets a secret that is empty be left out: the name in a header is the same as in the form."""
    assert is_authenticated(ask(http, form, basic("public", "")))


def test_an_empty_secret_in_the_form(http: httpx.Client, public: KnownClient, books: KnownClient) -> None:
    """Section 3.2: a parameter without a value is none; who has a secret must send it."""
    assert is_authenticated(ask(http, {"client_id": "public", "client_secret": ""}))
    assert not is_authenticated(ask(http, {"client_id": "books", "client_secret": ""}))
    assert not is_authenticated(ask(http, {}, basic("public", "something")))


def test_one_method_a_request(http: httpx.Client, books: KnownClient) -> None:
    """Section 2.3."""
    answer = ask(http, {"client_secret": books.client_secret}, basic("books", books.client_secret or ""))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_two_clients_in_a_request(http: httpx.Client, books: KnownClient) -> None:
    """Neither is chosen."""
    answer = ask(http, {"client_id": "other"}, basic("books", books.client_secret or ""))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_credentials_in_the_address_do_not_count(http: httpx.Client, posting: KnownClient) -> None:
    """Section 2.3.1: they must not be in the request URI."""
    answer = http.post(f"/token?client_id=posting&client_secret={posting.client_secret}", data=REFRESH)
    assert answer.status_code == 401


def test_a_disabled_client(world: World, rp: RelyingParty) -> None:
    """It is unknown at once."""
    with world.unit_of_work() as session:
        session.query(Client).one().disabled_at = world._now()
    assert rp.token(**REFRESH).status_code == 401


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection", "pushed_authorization_request"])
def test_every_endpoint_asks_who_is_there(world: World, rp: RelyingParty, endpoint: str) -> None:
    """Section 2.3: by the registered method and no other, by one at a time, and never a confidential client by its name alone."""
    posting = world.client("posting", token_endpoint_auth_method="client_secret_post")
    keyed = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "a.b.c",
    }
    address = rp.metadata[f"{endpoint}_endpoint"]
    secret = rp.client.client_secret or ""
    right = {"Authorization": basic("books", secret)}
    valid = {"token": "x", "grant_type": "refresh_token", "refresh_token": "x", **rp.parameters()}

    def error(form: dict[str, str], headers: dict[str, str] | None = None) -> str:
        answer = rp.http.post(address, data=valid | form, headers=headers or {})
        assert answer.status_code in {200, 201, 400, 401}
        return "" if answer.is_success else str(answer.json()["error"])

    assert error({}, right) in {"", "invalid_grant"}
    for form, headers in (
        ({"client_id": "books"}, {}),
        ({"client_id": "books", "client_secret": secret}, {}),
        ({"client_id": "nobody", "client_secret": secret}, {}),
        ({"client_id": "posting"}, {"Authorization": basic("posting", posting.client_secret or "")}),
        ({"client_id": "posting", "client_secret": "wrong"}, {}),
        ({}, {"Authorization": basic("books", secret[:-1])}),
        ({}, {"Authorization": basic("books", secret + "x")}),
        (keyed, {}),
    ):
        assert error(form, headers) == "invalid_client", (form, headers)
    for form in ({"client_secret": secret}, keyed, {"client_id": "posting"}):
        assert error(form, right) == "invalid_request", form


@pytest.mark.both_stores
@pytest.mark.parametrize(
    "client_id",
    ["%00", "books%00", "%2500", "books%FF", "%ED%A0%80", "%C0%80", "b" * 20_000, "%", "\u202e", "%F4%90%80%80"],
    ids=lambda text: text[:12],
)
def test_an_id_that_is_no_text_is_nobodys(http: httpx.Client, books: KnownClient, client_id: str) -> None:
    """Section 2.3.1, appendix B, R85: form-encoded within Base64, so no look at the request as it came sees it."""
    pair = base64.b64encode(f"{client_id}:x".encode()).decode()
    assert not is_authenticated(ask(http, {}, f"Basic {pair}"))
