"""Sections 4.1.2, 4.1.3 and 10.5: a code is good once, for a minute, for whom it was made."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from idp.accounts.models import User, UserType
from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession
from idp.oidc.models import AuthorizationGrant, Client
from idp.tenancy.models import Membership, Tenant
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, basic
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def code(rp: RelyingParty, at_work: Browser) -> str:
    """A code that nobody has used."""
    return rp.answer(at_work)["code"]


def refused(rp: RelyingParty, code: str | None, **changes: str | None) -> str:
    """The error for this code."""
    answer = rp.redeem(code, **changes)
    assert answer.status_code == 400, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["error"])


def test_what_it_gives(rp: RelyingParty, code: str) -> None:
    """Section 5.1: a bearer token that may not be kept by any cache."""
    answer = rp.redeem(code)
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["token_type"], body["scope"]) == ("Bearer", "openid profile email")
    assert 0 < body["expires_in"] <= 3600
    assert "refresh_token" not in body


def test_it_has_no_readable_content(code: str) -> None:
    """Section 10.10: 256 random bits."""
    assert len(code) == 43


def test_it_is_good_once(world: World, rp: RelyingParty, code: str) -> None:
    """Section 4.1.2: the second use is refused, and what the first gave is revoked."""
    tokens = rp.redeem(code).json()
    assert rp.userinfo(tokens["access_token"]).status_code == 200
    assert refused(rp, code) == "invalid_grant"
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="token.code_reused").count() == 1


def test_a_second_use_counts_whatever_else_is_wrong_with_it(rp: RelyingParty, code: str) -> None:
    """Section 4.1.2: who has a used code, but not its verifier, shows all the more that it leaked."""
    tokens = rp.redeem(code).json()
    assert refused(rp, code, code_verifier="v" * 43) == "invalid_grant"
    assert rp.userinfo(tokens["access_token"]).status_code == 401


def test_a_second_use_ends_the_refresh_tokens_too(rp: RelyingParty, at_work: Browser) -> None:
    """Section 4.1.2: all tokens that grew from it."""
    code = rp.answer(at_work.get(rp.authorize_url(scope=OFFLINE)))["code"]
    tokens = rp.redeem(code).json()
    renewed = rp.refresh(tokens["refresh_token"]).json()
    assert refused(rp, code) == "invalid_grant"
    assert refused(rp, code) == "invalid_grant"
    assert rp.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.both_stores
def test_of_two_at_once_one_is_first(rp: RelyingParty, code: str, clock: MovingClock) -> None:
    """Section 4.1.2: two requests that both find the code unused; the tokens of the winner are revoked."""
    ready = Barrier(8)

    def redeem(_: int) -> int:
        ready.wait(timeout=300)
        return rp.redeem(code).status_code

    assert rp.metadata
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(redeem, range(8)))
    assert sorted(statuses) == [200, *[400] * 7]


@pytest.mark.both_stores
def test_one_that_another_request_uses_at_the_same_moment(app: Flask, rp: RelyingParty, code: str) -> None:
    """Section 4.1.2: both find it unused, one spends it, and what that one got is revoked: the code was used twice."""
    with meanwhile(app, "authorization_grants.code_hash = ", lambda: rp.redeem(code)) as others:
        assert refused(rp, code) == "invalid_grant"
    assert others[0].status_code == 200
    assert rp.userinfo(others[0].json()["access_token"]).status_code == 401


def test_it_is_good_for_a_minute(rp: RelyingParty, code: str, clock: MovingClock) -> None:
    """Section 4.1.2: short, to lessen the risk of leaks."""
    clock.advance(seconds=60)
    assert refused(rp, code) == "invalid_grant"


def test_and_in_its_last_second(rp: RelyingParty, code: str, clock: MovingClock) -> None:
    """59 seconds are within it."""
    clock.advance(seconds=59)
    assert rp.redeem(code).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code": None}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code": "x" * 43}, "invalid_grant"),
        ({"code": "x" * 5000}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": "https://books.example/cb/"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "v" * 129}, "invalid_request"),
        ({"code_verifier": "v" * 42 + "/"}, "invalid_request"),
        ({"code_verifier": "v" * 42 + "é"}, "invalid_request"),
        ({"code_verifier": "v" * 43}, "invalid_grant"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_request_burns_nothing(
    rp: RelyingParty, code: str, changes: dict[str, str | None], expected: str
) -> None:
    """Sections 4.1.3 and 5.2: and the right request still succeeds."""
    others = {name: value for name, value in changes.items() if name != "code"}
    assert refused(rp, changes.get("code", code), **others) == expected
    assert rp.redeem(code).status_code == 200


def test_it_is_its_clients(world: World, new_rp: NewRp, rp: RelyingParty, code: str) -> None:
    """Section 4.1.3: another client gets nothing, burns nothing and revokes nothing, also after its use."""
    other = new_rp(world.client("other"))
    verifier = rp.asked.code_verifier
    assert refused(other, code, code_verifier=verifier) == "invalid_grant"
    tokens = rp.redeem(code).json()
    assert refused(other, code, code_verifier=verifier) == "invalid_grant"
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_a_client_that_does_not_authenticate_burns_nothing(rp: RelyingParty, code: str) -> None:
    """Section 3.2.1."""
    wrong = {"Authorization": basic("books", "wrong")}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": rp.client.redirect_uri}
    answer = rp.http.post("/token", data=form | {"code_verifier": rp.asked.code_verifier}, headers=wrong)
    assert answer.status_code == 401
    assert rp.redeem(code).status_code == 200


Ending = Callable[[World, KnownUser, KnownTenant, MovingClock], None]


def _user_disabled(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    world.change(User, anna.id, disabled_at=clock.now())


def _epoch_moved_on(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    world.change(User, anna.id, epoch=2)


def _tenant_disabled(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    world.change(Tenant, zon.id, disabled_at=clock.now())


def _moved_to_another_tenant(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    world.change(User, anna.id, tenant_id=world.tenant("elsewhere").id)


def _session_ended(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    with world.unit_of_work() as session:
        session.query(BrowserSession).one().ended_at = clock.now()


def _session_swept_away(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    with world.unit_of_work() as session:
        session.delete(session.query(BrowserSession).one())


def _revoked(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    with world.unit_of_work() as session:
        session.query(AuthorizationGrant).one().revoked_at = clock.now()


def _application_given_to_another_tenant(world: World, anna: KnownUser, zon: KnownTenant, clock: MovingClock) -> None:
    elsewhere = world.tenant("elsewhere").id
    with world.unit_of_work() as session:
        session.query(Client).one().tenant_id = elsewhere


ENDINGS: list[Ending] = [
    _user_disabled,
    _epoch_moved_on,
    _tenant_disabled,
    _moved_to_another_tenant,
    _session_ended,
    _session_swept_away,
    _revoked,
    _application_given_to_another_tenant,
]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__.strip("_"))
def test_what_ends_it_before_its_use(
    world: World, rp: RelyingParty, anna: KnownUser, zon: KnownTenant, code: str, clock: MovingClock, end: Ending
) -> None:
    """A code is worth what is true when it is redeemed."""
    end(world, anna, zon, clock)
    assert refused(rp, code) == "invalid_grant"


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__.strip("_"))
def test_what_ends_its_access_token(
    world: World, rp: RelyingParty, anna: KnownUser, zon: KnownTenant, code: str, clock: MovingClock, end: Ending
) -> None:
    """And so is an access token, where we are asked."""
    token = rp.redeem(code).json()["access_token"]
    assert rp.userinfo(token).status_code == 200
    end(world, anna, zon, clock)
    assert rp.userinfo(token).status_code == 401


def test_a_session_of_offline_access_counts_for_the_code(
    world: World, rp: RelyingParty, anna: KnownUser, zon: KnownTenant, at_work: Browser, clock: MovingClock
) -> None:
    """Offline access begins with a code that was redeemed in a living session."""
    code = rp.answer(at_work.get(rp.authorize_url(scope=OFFLINE)))["code"]
    _session_ended(world, anna, zon, clock)
    assert refused(rp, code) == "invalid_grant"


def test_an_accountant_works_for_another_tenant_while_a_member(
    world: World, zon: KnownTenant, rp: RelyingParty, browser: Browser
) -> None:
    """The token names that tenant, and ends with the membership or the profession."""
    fietsen = world.tenant("fietsen-bv", security_code=False)
    eva = world.user("eva", zon, type="accountant", works_for=[fietsen])
    tokens = rp.finish(browser.get(rp.authorize_url(tenant="fietsen-bv")).login(eva))
    assert tokens.claims["tenant"] == "fietsen-bv"
    assert rp.userinfo(tokens).json()["tenant_name"] == "Fietsen Bv"
    world.change(User, eva.id, type=UserType.EMPLOYEE)
    assert rp.userinfo(tokens).status_code == 401
    world.change(User, eva.id, type=UserType.ACCOUNTANT)
    assert rp.userinfo(tokens).status_code == 200
    with world.unit_of_work() as session:
        session.delete(session.query(Membership).one())
    assert rp.userinfo(tokens).status_code == 401
