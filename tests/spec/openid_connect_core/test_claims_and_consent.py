"""Sections 5.4, 5.5 and 3.1.2.4 together: a claim is told only under a scope that is registered and allowed (E7, R80)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.oidc.models import AuthorizationGrant, Client, Consent
from tests.spec.rfc8628.conftest import FOR_DEVICES, Television, at_the_page
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World

PERSONAL = ("email", "email_verified", "name", "phone_number", "address", "preferred_username", "locale", "updated_at")
WISHES = {name: {"essential": True} for name in PERSONAL}
EVERYTHING = json.dumps({"id_token": WISHES, "userinfo": WISHES})
ALL_SCOPES = "openid profile email phone address offline_access"
KEY = ECKey.generate_key("P-256", {"kid": "shop"})
NewShop = Callable[..., RelyingParty]


@pytest.fixture
def anna(world: World, anna: KnownUser) -> KnownUser:
    """Anna, of whom there is something to tell under each scope."""
    world.change(User, anna.id, phone="+31 20 123 4567", address={"locality": "Zutphen"})
    return anna


@pytest.fixture
def new_shop(world: World, new_rp: NewRp) -> NewShop:
    """Makes a third party's application."""

    def make(scope: str, **registration: Any) -> RelyingParty:
        return new_rp(world.client("shop", name="Web Shop", **{"first_party": False, "scope": scope, **registration}))

    return make


def told(rp: RelyingParty, browser: Browser) -> set[str]:
    """The names of all claims about the person that an application got, in either place."""
    tokens = rp.finish(browser)
    return (set(tokens.claims) | set(rp.userinfo(tokens).json())) & set(PERSONAL)


@pytest.mark.parametrize("first_party", [True, False], ids=["ours", "theirs"])
def test_what_is_not_registered_is_not_told(
    new_shop: NewShop, browser: Browser, anna: KnownUser, first_party: bool
) -> None:
    """E7: an application that is registered for `openid offline_access` gets no more, essential or not; no error."""
    shop = new_shop("openid offline_access", first_party=first_party)
    browser.get(shop.authorize_url(scope=ALL_SCOPES, claims=EVERYTHING)).login(anna)
    assert ("consent" in browser.steps) is not first_party
    tokens = shop.finish(browser)
    assert not set(PERSONAL) & (set(tokens.claims) | set(shop.userinfo(tokens).json()))
    assert tokens.claims["acr"]


def test_what_is_not_registered_is_not_on_the_page(new_shop: NewShop, at_work: Browser) -> None:
    """Section 3.1.2.4: the person is asked for nothing that the application would not get."""
    at_work.get(new_shop("openid").authorize_url(scope="openid", claims=EVERYTHING))
    assert "who you are" in at_work.text
    assert "e-mail address" not in at_work.text
    assert "postal address" not in at_work.text


def test_what_claims_ask_stands_on_the_page(world: World, new_shop: NewShop, at_work: Browser, anna: KnownUser) -> None:
    """Section 5.5: it counts as its scope does; it is remembered, and in the audit log; the token's scope stays as asked."""
    shop, claims = new_shop(ALL_SCOPES), json.dumps({"userinfo": {"email": None, "phone_number": None}})
    at_work.get(shop.authorize_url(scope="openid", claims=claims))
    assert at_work.step == "consent"
    assert "your e-mail address" in at_work.text
    assert "your phone number" in at_work.text
    assert "your name" not in at_work.text
    tokens = shop.finish(at_work.submit("Allow"))
    assert tokens.response["scope"] == "openid"
    assert shop.userinfo(tokens).json()["email"] == anna.email
    with world.unit_of_work() as session:
        assert session.query(Consent).one().scope.split() == ["email", "openid", "phone"]
        assert session.query(AuditEvent).filter_by(kind="consent.given").one().detail["scope"] == "openid email phone"
    at_work.get("/account/security")
    assert "your e-mail address" in at_work.text


@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_more_is_asked_anew(new_shop: NewShop, at_work: Browser, place: str) -> None:
    """E7: a consent to `openid` is none to a claim of another scope; one that was given is not asked again."""
    shop, claims = new_shop(ALL_SCOPES), json.dumps({place: {"email": None}})
    shop.answer(at_work.get(shop.authorize_url(scope="openid")).submit("Allow"))
    at_work.get(shop.authorize_url(scope="openid", claims=claims, prompt="none"))
    assert shop.answer(at_work)["error"] == "consent_required"
    at_work.get(shop.authorize_url(scope="openid", claims=claims))
    assert at_work.step == "consent"
    assert told(shop, at_work.submit("Allow")) == {"email"}
    assert told(shop, at_work.get(shop.authorize_url(scope="openid", claims=claims, prompt="none"))) == {"email"}
    assert told(shop, at_work.get(shop.authorize_url(scope="openid email", prompt="none"))) == {
        "email",
        "email_verified",
    }


def test_cancelling_tells_nothing(world: World, new_shop: NewShop, at_work: Browser) -> None:
    """Section 3.1.2.4: access_denied, and nothing is remembered."""
    shop = new_shop(ALL_SCOPES)
    at_work.get(shop.authorize_url(scope="openid", claims=EVERYTHING)).submit("Cancel")
    assert shop.answer(at_work)["error"] == "access_denied"
    with world.unit_of_work() as session:
        assert session.query(Consent).count() == 0


def test_claims_about_the_login_need_nothing_more(new_shop: NewShop, at_work: Browser) -> None:
    """Section 5.5.1.1: `acr`, `auth_time` and who it is come with `openid`; asking for them by name is no wish for more."""
    shop = new_shop("openid")
    names = ("acr", "amr", "auth_time", "sub", "tenant", "tenant_name", "user_type")
    claims = json.dumps({"userinfo": dict.fromkeys(names)})
    shop.answer(at_work.get(shop.authorize_url(scope="openid")).submit("Allow"))
    tokens = shop.finish(at_work.get(shop.authorize_url(scope="openid", claims=claims, prompt="none")))
    assert set(names) == set(shop.userinfo(tokens).json())


def test_without_openid_claims_ask_nothing(new_shop: NewShop, at_work: Browser) -> None:
    """Section 5.5: there is no place to tell them, so that they are not asked of the person either."""
    shop = new_shop(ALL_SCOPES)
    at_work.get(shop.authorize_url(scope="email", claims=json.dumps({"userinfo": {"name": None}})))
    assert "your e-mail address" in at_work.text
    assert "your name" not in at_work.text


def test_a_pushed_request(new_shop: NewShop, browser: Browser, anna: KnownUser) -> None:
    """RFC 9126 section 4: what was pushed counts for consent like what the browser brings."""
    shop = new_shop("openid email")
    pushed = shop.push(scope="openid", claims=EVERYTHING).json()["request_uri"]
    browser.get(shop.pushed_url(pushed)).login(anna, until="consent")
    assert "your e-mail address" in browser.text
    assert "your phone number" not in browser.text
    assert told(shop, browser.submit("Allow")) == {"email", "email_verified"}


def test_a_signed_request(new_shop: NewShop, browser: Browser, anna: KnownUser, clock: MovingClock) -> None:
    """RFC 9101 section 6.3: `claims` in a request object, there an object and no text, counts in the same way."""
    keys = {"keys": [KEY.as_dict(private=False)]}
    shop = new_shop("openid email", jwks=keys, token_endpoint_auth_method="client_secret_basic")
    now = int(clock.now().timestamp())
    about = {"iss": "shop", "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60}
    asked = {**shop.parameters(scope="openid"), "claims": {"id_token": WISHES}, **about}
    request = jws.serialize_compact({"alg": "ES256", "kid": "shop"}, json.dumps(asked), KEY)
    query = urlencode({"client_id": "shop", "request": request})
    browser.get(f"{shop.metadata['authorization_endpoint']}?{query}").login(anna, until="consent")
    assert "your e-mail address" in browser.text
    assert told(shop, browser.submit("Allow")) == {"email", "email_verified"}


def test_a_device(world: World, new_rp: NewRp, browser: Browser, anna: KnownUser) -> None:
    """RFC 8628 section 3.3: the page that allows the device names what it asks by `claims`, and no more is given."""
    scopes = "openid email offline_access"
    tv = Television(new_rp(world.client("tv", first_party=False, public=True, scope=scopes, **FOR_DEVICES)))
    tv.ask(scope="openid", claims=EVERYTHING)
    at_the_page(browser, tv, anna)
    assert "your e-mail address" in browser.text
    assert "your phone number" not in browser.text
    browser.submit("Allow")
    tokens = tv.poll().json()
    claims = set(tv.rp.verified(tokens["id_token"])) | set(tv.rp.userinfo(tokens["access_token"]).json())
    assert claims & set(PERSONAL) == {"email", "email_verified"}
    with world.unit_of_work() as session:
        assert session.query(Consent).one().scope == "email openid"


# What changes afterwards


def test_a_registration_that_became_less(world: World, new_shop: NewShop, browser: Browser, anna: KnownUser) -> None:
    """E7: what is registered at the moment of telling counts, for tokens that are out and for refreshed ones too."""
    shop = new_shop(ALL_SCOPES)
    browser.get(shop.authorize_url(scope=ALL_SCOPES, claims=EVERYTHING, prompt="consent")).login(anna)
    tokens = shop.finish(browser)
    assert shop.userinfo(tokens).json()["email"] == tokens.claims["email"] == anna.email
    _register(world, scope="openid profile offline_access")
    assert set(shop.userinfo(tokens).json()) & {"name", "email", "phone_number", "address"} == {"name"}
    again = shop.refresh(tokens).json()
    assert set(shop.verified(again["id_token"])) & {"name", "email", "phone_number", "address"} == {"name"}
    assert "email" not in shop.userinfo(again["access_token"]).json()
    _register(world, scope="openid offline_access")
    assert "username" not in _introspected(shop, again["access_token"])


def test_an_application_that_is_not_ours_any_more(
    world: World, new_shop: NewShop, browser: Browser, anna: KnownUser
) -> None:
    """E7: what was got as Informer's own is told to a third party only once the person allows it."""
    shop = new_shop(ALL_SCOPES, first_party=True)
    browser.get(shop.authorize_url(scope="openid profile email", claims=EVERYTHING)).login(anna)
    tokens = shop.finish(browser)
    assert shop.userinfo(tokens).json()["email"] == anna.email
    assert _introspected(shop, tokens.access_token)["username"] == "anna"
    with world.unit_of_work() as session:
        session.query(Client).filter_by(client_id="shop").one().first_party = False
    assert set(shop.userinfo(tokens).json()) == {"sub", "tenant", "tenant_name", "user_type"}
    assert "username" not in _introspected(shop, tokens.access_token)


def test_names_that_were_kept_before_there_was_a_rule(
    world: World, new_shop: NewShop, browser: Browser, anna: KnownUser
) -> None:
    """E7: a grant that has names of claims which nobody allowed tells none of them."""
    shop = new_shop(ALL_SCOPES)
    browser.get(shop.authorize_url(scope="openid offline_access", prompt="consent")).login(anna)
    tokens = shop.finish(browser)
    with world.unit_of_work() as session:
        grant = session.query(AuthorizationGrant).one()
        grant.request = {**grant.request, "claims": {place: list(PERSONAL) for place in ("id_token", "userinfo")}}
    assert not set(PERSONAL) & set(shop.userinfo(tokens).json())
    assert not set(PERSONAL) & set(shop.verified(shop.refresh(tokens).json()["id_token"]))


@pytest.mark.parametrize(
    "asked", [{"scope": "openid email"}, {"scope": "openid", "claims": '{"userinfo":{"email":null}}'}]
)
def test_a_registration_that_grew_before_the_button(
    world: World, new_shop: NewShop, at_work: Browser, asked: dict[str, str]
) -> None:
    """Section 3.1.2.4: only what stood on the page is allowed; what came since is shown first."""
    shop = new_shop("openid")
    at_work.get(shop.authorize_url(**asked))
    assert "your e-mail address" not in at_work.text
    _register(world, scope="openid email")
    at_work.submit("Allow")
    assert at_work.step == "consent"
    assert "your e-mail address" in at_work.text
    assert "email" in told(shop, at_work.submit("Allow"))


def test_a_devices_registration_that_grew_before_the_button(
    world: World, new_rp: NewRp, browser: Browser, anna: KnownUser
) -> None:
    """The same of the page for devices."""
    tv = Television(new_rp(world.client("shop", first_party=False, public=True, scope="openid", **FOR_DEVICES)))
    tv.ask(scope="openid email")
    at_the_page(browser, tv, anna)
    _register(world, scope="openid email")
    browser.submit("Allow")
    assert "your e-mail address" in browser.text
    assert tv.poll().json()["error"] == "authorization_pending"
    browser.submit("Allow")
    assert "id_token" in tv.poll().json()


# Others who ask


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ({"scope": "openid profile"}, "anna"),
        ({"scope": "openid"}, None),
        ({"scope": "openid profile", "first_party": False}, None),
    ],
    ids=["ours-and-registered", "not-registered", "theirs"],
)
def test_a_resource_server_learns_the_name_by_its_own_right(
    world: World, new_rp: NewRp, browser: Browser, anna: KnownUser, registered: dict[str, Any], expected: str | None
) -> None:
    """E7, RFC 7662 section 2.2: whom the token is for is told the username only where that is registered for it as well."""
    service = new_rp(world.client("service", **registered))
    books = new_rp(world.client("books", audience=["service"]))
    tokens = books.finish(browser.get(books.authorize_url()).login(anna))
    said = _introspected(service, tokens.access_token)
    assert said["active"] is True
    assert said.get("username") == expected
    assert _introspected(books, tokens.access_token)["username"] == "anna"


def test_an_exchanged_token_tells_nothing_of_the_person(
    world: World, new_rp: NewRp, browser: Browser, new_browser: NewBrowser, anna: KnownUser
) -> None:
    """RFC 8693 section 2.1: what one application was allowed, by scope or by `claims`, is not handed on."""
    exchange = ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]
    about: dict[str, Any] = {"grant_types": exchange, "response_types": [], "redirect_uris": []}
    service = new_rp(world.client("service", token_exchange_audience=["deep"], scope="stock", **about))
    books = new_rp(world.client("books", audience=["service"], scope="openid email stock"))
    browser.get(books.authorize_url(scope="openid stock", claims=EVERYTHING)).login(anna)
    tokens = books.finish(browser)
    access = "urn:ietf:params:oauth:token-type:access_token"
    answer = service.token(
        grant_type=exchange[1], subject_token=tokens.access_token, subject_token_type=access, audience="deep"
    ).json()
    assert "id_token" not in answer
    assert answer["scope"] == "stock"
    assert service.userinfo(answer["access_token"]).status_code == 403


def _register(world: World, **registration: Any) -> None:
    with world.unit_of_work() as session:
        client = session.query(Client).filter_by(client_id="shop").one()
        client.registration = {**client.registration, **registration}


def _introspected(rp: RelyingParty, token: str) -> dict[str, Any]:
    request = rp.token_request(token=token)
    request.url = request.url.copy_with(path="/introspect")
    return dict(rp.http.send(request).json())
