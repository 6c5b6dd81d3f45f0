"""Sections 2 and 4: a service gets a lesser token for the next service, in a person's name, and nothing grows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt

from idp.oidc.models import AuthorizationGrant, Client
from idp.tenancy import support_access
from idp.tenancy.models import Tenant
from tests.support.browser import Browser, NewBrowser
from tests.support.dpop import Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, basic
from tests.support.world import KnownTenant, KnownUser, World

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SCOPE = "openid profile stock:read stock:write"
PRINTER, ARCHIVE = "https://printer.example", "https://archive.example"


def service_of(world: World, new_rp: NewRp, name: str, **registration: Any) -> RelyingParty:
    """A service that may exchange tokens."""
    values = {
        "grant_types": [EXCHANGE],
        "redirect_uris": [],
        "response_types": [],
        "scope": "stock:read stock:write",
        "token_exchange_audience": [PRINTER, ARCHIVE],
        **registration,
    }
    return new_rp(world.client(name, **values))


@pytest.fixture
def web(world: World, new_rp: NewRp) -> RelyingParty:
    """The application that the person uses; its tokens are for the service "stock"."""
    return new_rp(world.client("web", scope=SCOPE + " offline_access", audience=["stock"]))


@pytest.fixture
def stock(world: World, new_rp: NewRp) -> RelyingParty:
    """The service that gets the person's token, and needs others for that."""
    return service_of(world, new_rp, "stock")


@pytest.fixture
def token(web: RelyingParty, anna: KnownUser, browser: Browser) -> str:
    """Anna's access token, as the service got it."""
    return web.finish(browser.get(web.authorize_url(scope=SCOPE)).login(anna)).access_token


def exchange(service: RelyingParty, token: str | None, **changes: str | None) -> httpx.Response:
    """One request."""
    values = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": PRINTER,
        **changes,
    }
    return service.token(**values)


def register(world: World, client_id: str, **changes: Any) -> None:
    """Change what a client is registered for."""
    with world.unit_of_work() as session:
        row = session.query(Client).filter_by(client_id=client_id).one()
        row.registration = {**row.registration, **changes}


def claims_of(rp: RelyingParty, answer: httpx.Response) -> dict[str, Any]:
    """What the new token says, verified with our keys."""
    assert answer.status_code == 200, answer.text
    found = jwt.decode(answer.json()["access_token"], rp.keys(), algorithms=["ES256"])
    assert found.header["typ"] == "at+jwt"
    return dict(found.claims)


def test_what_it_gives(stock: RelyingParty, token: str, anna: KnownUser) -> None:
    """Sections 2.2.1 and 4.1: the same person, for the printer, with the service as the actor; nothing to refresh."""
    answer = exchange(stock, token)
    body = answer.json()
    assert body.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert (body["issued_token_type"], body["token_type"]) == (ACCESS_TOKEN, "Bearer")
    assert body["scope"] == "stock:read stock:write"
    assert answer.headers["cache-control"] == "no-store"
    claims = claims_of(stock, answer)
    assert (claims["sub"], claims["tenant"], claims["aud"]) == (str(anna.id), "de-zon", PRINTER)
    assert (claims["client_id"], claims["act"]) == ("stock", {"sub": "stock"})
    assert claims["acr"] == "urn:informer:acr:password"
    assert EXCHANGE in stock.metadata["grant_types_supported"]


def test_less_scope(stock: RelyingParty, token: str) -> None:
    """Section 2.1: a part of it, where a part is asked."""
    assert exchange(stock, token, scope="stock:read").json()["scope"] == "stock:read"


def test_a_resource_is_an_audience_too(world: World, stock: RelyingParty, token: str) -> None:
    """Section 2.1: either names whom the token is for; a resource must be the client's to name (RFC 8707)."""
    assert exchange(stock, token, audience=None, resource=ARCHIVE).json()["error"] == "invalid_target"
    register(world, "stock", audience=[ARCHIVE, "elsewhere:x"])
    assert claims_of(stock, exchange(stock, token, audience=None, resource=ARCHIVE))["aud"] == ARCHIVE
    assert exchange(stock, token, audience=None, resource="elsewhere:x").json()["error"] == "invalid_target"
    assert exchange(stock, token, resource=ARCHIVE).json()["error"] == "invalid_request"


def test_no_longer_than_the_first(stock: RelyingParty, token: str, clock: MovingClock) -> None:
    """What is left of the first token is all that the second one has."""
    clock.advance(minutes=7)
    answer = exchange(stock, token)
    assert answer.json()["expires_in"] == 180
    assert claims_of(stock, answer)["exp"] == int(clock.now().timestamp()) + 180


def test_an_applications_own_token(world: World, new_rp: NewRp, anna: KnownUser, browser: Browser) -> None:
    """Who got the token from us may exchange it as well."""
    both: dict[str, Any] = {
        "grant_types": ["authorization_code", EXCHANGE],
        "scope": SCOPE,
        "token_exchange_audience": PRINTER,
    }
    app = new_rp(world.client("app", **both))
    own = app.finish(browser.get(app.authorize_url(scope=SCOPE)).login(anna)).access_token
    assert claims_of(app, exchange(app, own))["act"] == {"sub": "app"}


def test_a_person_at_our_own_endpoints(stock: RelyingParty, web: RelyingParty, token: str) -> None:
    """The scopes of OpenID Connect stay with the application: no name, no mail address for the next service."""
    assert exchange(stock, token, scope="openid").json()["error"] == "invalid_scope"
    assert stock.userinfo(exchange(stock, token).json()["access_token"]).status_code == 403


def test_none_of_the_scopes(world: World, new_rp: NewRp, token: str, stock: RelyingParty) -> None:
    """A token for an audience may have none, and then says none."""
    bare = service_of(world, new_rp, "bare", scope="other", audience=["x"])
    register(world, "stock", scope="other")
    answer = exchange(stock, token)
    assert "scope" not in answer.json() | claims_of(stock, answer)
    assert exchange(bare, token).status_code == 400


# Chains


def test_one_service_after_another(world: World, new_rp: NewRp, stock: RelyingParty, token: str) -> None:
    """Section 4.1: who acts now stands outside, who acted before inside; a circle has an end."""
    services = [service_of(world, new_rp, f"s{n}", token_exchange_audience=[f"s{n + 1}"]) for n in range(6)]
    register(world, "stock", token_exchange_audience=["s0"])
    answer = exchange(stock, token, audience="s0")
    for n in range(4):
        answer = exchange(services[n], answer.json()["access_token"], audience=f"s{n + 1}")
    expected: dict[str, Any] = {"sub": "stock"}
    for n in range(4):
        expected = {"sub": f"s{n}", "act": expected}
    assert claims_of(stock, answer)["act"] == expected
    assert exchange(services[4], answer.json()["access_token"], audience="s5").json()["error"] == "invalid_request"


def test_the_helpdesk_stays_visible(
    world: World, zon: KnownTenant, web: RelyingParty, stock: RelyingParty, browser: Browser
) -> None:
    """RULES E4: a helper's `act` stands inside that of the service."""
    hanna = world.user("hanna", world.tenant("informer", security_code=False), type="support", totp=True)
    with world.unit_of_work() as session:
        support_access.give(session.get_one(Tenant, zon.id), uuid.uuid4(), "Bert")
    tokens = web.finish(browser.get(web.authorize_url(scope=SCOPE, tenant=zon.slug)).login(hanna))
    act = claims_of(stock, exchange(stock, tokens.access_token))["act"]
    assert act == {"sub": "stock", "act": {"sub": str(hanna.id)}}


# What ends it


def _logs_out(world: World, anna: KnownUser, browser: Browser) -> None:
    browser.get("/logout").submit("Log out")


def _signs_out_everywhere(world: World, anna: KnownUser, browser: Browser) -> None:
    browser.get("/account/security").submit("Sign out everywhere")


def _owes_two_factor(world: World, anna: KnownUser, browser: Browser) -> None:
    world.policy(anna.tenant, two_factor_mandatory=True)


def _idle(world: World, anna: KnownUser, browser: Browser) -> None:
    world.policy(anna.tenant, session_idle_minutes=5)
    assert world.clock
    world.clock.advance(minutes=6)


def _removed(world: World, anna: KnownUser, browser: Browser) -> None:
    with world.unit_of_work() as session:
        session.query(AuthorizationGrant).delete()


ENDS = [_removed, _logs_out, _signs_out_everywhere, _owes_two_factor, _idle]


@pytest.mark.parametrize("ends", ENDS, ids=lambda f: f.__name__.strip("_"))
def test_nothing_is_given_for_what_has_ended(
    world: World,
    stock: RelyingParty,
    token: str,
    anna: KnownUser,
    browser: Browser,
    ends: Callable[[World, KnownUser, Browser], None],
) -> None:
    """Section 2.2.2, RULES A3: it is no way around a step that is owed."""
    assert exchange(stock, token).status_code == 200
    ends(world, anna, browser)
    assert exchange(stock, token).json()["error"] == "invalid_request"


def test_it_dies_with_what_it_came_from(
    world: World, new_rp: NewRp, stock: RelyingParty, token: str, browser: Browser
) -> None:
    """The next service asks us whether it is alive, and hears when it is not."""
    printer = new_rp(world.client(PRINTER, scope="stock:read"))
    exchanged = exchange(stock, token).json()["access_token"]
    assert introspected(printer, exchanged)["act"] == {"sub": "stock"}
    browser.get("/logout").submit("Log out")
    assert introspected(printer, exchanged) == {"active": False}


def introspected(rp: RelyingParty, token: str) -> dict[str, Any]:
    """What we say of a token (RFC 7662)."""
    request = rp.token_request(token=token)
    request.url = httpx.URL(rp.metadata["introspection_endpoint"])
    return dict(rp.http.send(request).json())


def test_an_expired_token(stock: RelyingParty, token: str, clock: MovingClock) -> None:
    """Section 2.2.2."""
    clock.advance(minutes=11)
    assert exchange(stock, token).json()["error"] == "invalid_request"


# Who may, and who may not


def test_a_token_that_is_not_for_this_service(world: World, new_rp: NewRp, stock: RelyingParty, token: str) -> None:
    """It is refused like one that does not exist: not given to it, not for it."""
    other = service_of(world, new_rp, "other")
    assert exchange(other, token).json() == exchange(other, "x").json()
    assert exchange(other, token).json()["error"] == "invalid_request"


def test_a_service_of_another_company(
    world: World, new_rp: NewRp, zon: KnownTenant, anna: KnownUser, browser: Browser
) -> None:
    """RULES E1: what a company registered gets nothing of another company's people."""
    other = world.tenant("fietsen-bv")
    web = new_rp(world.client("web", scope=SCOPE, audience=["theirs", "ours"]))
    token = web.finish(browser.get(web.authorize_url(scope=SCOPE)).login(anna)).access_token
    assert exchange(service_of(world, new_rp, "theirs", tenant=other), token).json()["error"] == "invalid_request"
    assert exchange(service_of(world, new_rp, "ours", tenant=zon), token).status_code == 200


def test_a_clients_own_token(world: World, new_rp: NewRp) -> None:
    """There is no person in whose name to act."""
    service = service_of(world, new_rp, "service", grant_types=["client_credentials", EXCHANGE])
    own = service.token(grant_type="client_credentials").json()["access_token"]
    assert exchange(service, own).json()["error"] == "invalid_request"


def test_other_kinds_of_tokens(
    stock: RelyingParty, web: RelyingParty, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """An ID token and a refresh token are no access tokens, whatever they are called."""
    tokens = web.finish(new_browser().get(web.authorize_url(scope=f"{SCOPE} offline_access")).login(anna))
    for other in (tokens.id_token, tokens.refresh_token):
        assert exchange(stock, other).json()["error"] == "invalid_request"
    assert exchange(stock, tokens.access_token).status_code == 200


def test_a_client_that_is_not_registered_for_it(web: RelyingParty, token: str) -> None:
    """RFC 6749 section 5.2."""
    assert exchange(web, token).json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token": ""}, "invalid_request"),
        ({"subject_token": "x" * 5000}, "invalid_request"),
        ({"subject_token": "a.b.c"}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"audience": None}, "invalid_request"),
        ({"audience": "https://bank.example"}, "invalid_target"),
        ({"audience": None, "resource": "https://bank.example"}, "invalid_target"),
        ({"scope": "stock:delete"}, "invalid_scope"),
        ({"scope": "stock:read offline_access"}, "invalid_scope"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_refused(stock: RelyingParty, token: str, changes: dict[str, str | None], error: str) -> None:
    """Sections 2.1 and 2.2.2."""
    answer = exchange(stock, **{"token": token, **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


# Keys


def test_a_bound_token(world: World, new_rp: NewRp, anna: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """RFC 9449 section 6: it is exchanged only with a proof of its key, and what comes of it is bound to the same."""
    both: dict[str, Any] = {
        "grant_types": ["authorization_code", EXCHANGE],
        "scope": SCOPE,
        "token_exchange_audience": PRINTER,
    }
    app = new_rp(world.client("app", **both))
    code = app.answer(browser.get(app.authorize_url(scope=SCOPE)).login(anna))["code"]
    prover, stranger = Prover(clock.now), Prover(clock.now)
    bound = prover.token(app, grant_type="authorization_code", **app.redemption(code)).json()["access_token"]
    values = {"grant_type": EXCHANGE, "subject_token": bound, "subject_token_type": ACCESS_TOKEN, "audience": PRINTER}
    assert app.token(**values).json()["error"] == "invalid_request"
    assert stranger.token(app, **values).json()["error"] == "invalid_request"
    answer = prover.token(app, **values)
    assert answer.json()["token_type"] == "DPoP"
    assert claims_of(app, answer)["cnf"] == {"jkt": prover.jkt}


def test_the_service_gives_it_back(
    world: World, new_rp: NewRp, web: RelyingParty, stock: RelyingParty, token: str
) -> None:
    """RFC 7009 section 2.1: that token alone ends; what it came from goes on, and is not the service's to end."""
    printer = service_of(world, new_rp, PRINTER)
    lesser, other = (str(exchange(stock, token).json()["access_token"]) for _ in range(2))

    def active(rp: RelyingParty, of: str) -> bool:
        return bool(signed_in(rp, "introspection", of).json()["active"])

    assert active(stock, lesser)
    for theirs in (lesser, token):
        assert signed_in(stock if theirs == lesser else printer, "revocation", theirs).status_code == 200
    assert not active(stock, lesser)
    assert not active(printer, lesser)
    assert exchange(printer, lesser, audience=ARCHIVE).json()["error"] == "invalid_request"
    assert active(printer, other)
    assert active(stock, token)
    assert signed_in(web, "revocation", token).status_code == 200
    assert not active(printer, other)


def test_what_a_service_has_ends_with_it(world: World, new_rp: NewRp, stock: RelyingParty, token: str) -> None:
    """RFC 7662 section 4: a service that is disabled acts for nobody any more."""
    printer = service_of(world, new_rp, PRINTER)
    lesser = exchange(stock, token).json()["access_token"]
    assert signed_in(printer, "introspection", lesser).json()["act"] == {"sub": "stock"}
    with world.unit_of_work() as session:
        session.query(Client).filter_by(client_id="stock").one().disabled_at = world._now()
    assert signed_in(printer, "introspection", lesser).json() == {"active": False}


def signed_in(rp: RelyingParty, endpoint: str, token: str) -> httpx.Response:
    """One request about a token."""
    headers = {"Authorization": basic(rp.client.client_id, rp.client.client_secret or "")}
    return rp.http.post(rp.metadata[f"{endpoint}_endpoint"], data={"token": token}, headers=headers)
