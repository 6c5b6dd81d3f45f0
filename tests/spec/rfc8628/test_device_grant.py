"""Sections 3 and 5: what the device is told, and what the person sees and decides."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import shortlived
from idp.audit.models import AuditEvent
from idp.cli.worker import purge
from idp.login.models import BrowserSession
from idp.oidc.device import views, waiting
from idp.oidc.models import AuthorizationGrant, Client, Consent, DeviceAuthorization
from idp.platform.extensions import db
from tests.spec.rfc8628.conftest import DEVICE_CODE, FOR_DEVICES, Television, at_the_page
from tests.support.browser import HOME, Browser, NewBrowser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

OFFLINE = "openid profile offline_access"


def test_what_the_device_is_given(tv: Television) -> None:
    """Sections 3.2 and 6.1: both codes, the address to show, how long and how often; never kept."""
    answer = tv.ask()
    shows = answer.json()
    assert re.fullmatch(f"[{waiting.ALPHABET}]{{4}}-[{waiting.ALPHABET}]{{4}}", shows["user_code"])
    assert len(shows["device_code"]) == 43
    assert shows["verification_uri"] == f"{tv.rp.metadata['issuer']}/device"
    assert shows["verification_uri_complete"] == f"{shows['verification_uri']}?user_code={shows['user_code']}"
    assert (shows["expires_in"], shows["interval"]) == (600, 5)
    assert answer.headers["cache-control"] == "no-store"
    assert DEVICE_CODE in tv.rp.metadata["grant_types_supported"]


@pytest.mark.both_stores
def test_the_whole_way(tv: Television, anna: KnownUser, browser: Browser, clock: MovingClock, world: World) -> None:
    """Sections 3.3 to 3.5: pending until the person allows it, then tokens like any others, once."""
    assert tv.poll().json()["error"] == "authorization_pending"
    at_the_page(browser, tv, anna)
    assert tv.shows["user_code"] in browser.text
    assert "Informer TV" in browser.text
    assert "anna" in browser.text
    clock.advance(seconds=5)
    assert tv.poll().json()["error"] == "authorization_pending"
    browser.submit("Allow")
    assert "The device is connected" in browser.text
    answer = tv.poll()
    assert answer.status_code == 200, answer.text
    claims = tv.rp.verified(answer.json()["id_token"])
    assert (claims["sub"], claims["tenant"]) == (str(anna.id), "de-zon")
    assert tv.rp.userinfo(answer.json()["access_token"]).json()["name"] == anna.name
    assert tv.poll().json()["error"] == "invalid_grant"
    assert tv.rp.userinfo(answer.json()["access_token"]).status_code == 200
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="client.device_allowed").count() == 1
        assert session.query(DeviceAuthorization).one().device_code_hash != tv.shows["device_code"]


@pytest.mark.parametrize("first_party", [True, False], ids=["ours", "theirs"])
def test_offline_access(world: World, new_rp: NewRp, anna: KnownUser, browser: Browser, first_party: bool) -> None:
    """The page names it, and is the consent that it needs (OpenID Connect Core section 11)."""
    tv = Television(new_rp(world.client("tv", first_party=first_party, public=True, **FOR_DEVICES)))
    tv.ask(scope=OFFLINE)
    at_the_page(browser, tv, anna)
    assert "while you are away" in browser.text
    browser.submit("Allow")
    tokens = tv.poll().json()
    browser.get("/logout").submit("Log out")
    assert tv.rp.refresh(tokens["refresh_token"]).status_code == 200
    with world.unit_of_work() as session:
        assert session.query(Consent).count() == (0 if first_party else 1)


def test_the_person_refuses(tv: Television, anna: KnownUser, browser: Browser) -> None:
    """Section 3.5: access_denied; what was refused cannot be allowed afterwards."""
    form = at_the_page(browser, tv, anna).filled_form("Allow")
    browser.submit("Cancel")
    assert "not connected" in browser.text
    assert tv.poll().json()["error"] == "access_denied"
    assert browser.send(form).status == 404
    assert tv.poll().json()["error"] == "access_denied"


def test_the_login_is_cancelled(tv: Television, browser: Browser) -> None:
    """The same, from the first page of the login."""
    browser.get("/device").fill(user_code=tv.shows["user_code"]).submit()
    assert browser.step == "password"
    assert "Informer TV" in browser.text
    browser.submit("Cancel")
    assert tv.poll().json()["error"] == "access_denied"


def test_a_device_that_asks_too_often(tv: Television, anna: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """Section 3.5: slow_down, and five seconds more from then on; what is allowed is given at once all the same."""
    assert tv.poll().json()["error"] == "authorization_pending"
    clock.advance(seconds=2)
    assert tv.poll().json()["error"] == "slow_down"
    clock.advance(seconds=6)
    assert tv.poll().json()["error"] == "slow_down"
    clock.advance(seconds=15)
    assert tv.poll().json()["error"] == "authorization_pending"
    at_the_page(browser, tv, anna).submit("Allow")
    assert tv.poll().status_code == 200


def test_too_late_for_the_device(tv: Television, anna: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """Section 3.5: expired_token, before an answer and after it; the page says that it is too old."""
    late = Television(tv.rp)
    late.ask()
    at_the_page(browser, late, anna).submit("Allow")
    form = at_the_page(browser, tv, anna).filled_form("Allow")
    clock.advance(minutes=10)
    assert tv.poll().json()["error"] == late.poll().json()["error"] == "expired_token"
    assert "too old" in browser.send(form).text
    browser.get("/device").fill(user_code=tv.shows["user_code"]).submit()
    assert browser.alert


@pytest.mark.both_stores
def test_of_many_questions_at_once_one_gets_the_tokens(tv: Television, anna: KnownUser, browser: Browser) -> None:
    """One redemption: the others hear invalid_grant, and what was given stays good."""
    at_the_page(browser, tv, anna).submit("Allow")
    barrier = threading.Barrier(4)

    def ask(_: int) -> int:
        barrier.wait()
        return tv.poll().status_code

    with ThreadPoolExecutor(4) as devices:
        assert sorted(devices.map(ask, range(4))) == [200, 400, 400, 400]


# What the code opens, and what it does not


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' - ')} "], ids=range(3)
)
def test_however_it_is_typed(tv: Television, browser: Browser, typed: Callable[[str], str]) -> None:
    """Section 6.1: case and what stands between do not matter."""
    browser.get("/device").fill(user_code=typed(tv.shows["user_code"])).submit()
    assert browser.step == "password"


def test_an_address_with_the_code_lets_nobody_in(tv: Television, anna: KnownUser, browser: Browser) -> None:
    """Sections 3.3.1 and 5.4: the code stands there to be compared; the person goes on, and allows it, by forms."""
    browser.get("/account").login(anna)
    browser.get(tv.shows["verification_uri_complete"])
    field = browser.page.one("input[name=user_code]")
    assert field["value"] == tv.shows["user_code"]
    assert tv.poll().json()["error"] == "authorization_pending"
    browser.submit()
    assert "in front of you" in browser.text
    assert tv.shows["user_code"] in browser.text
    browser.post(browser.page.forms[0].action, {"decision": "allow"})
    assert browser.status == 400
    assert tv.poll().json()["error"] != "access_denied"


def test_a_word_that_is_no_answer(tv: Television, anna: KnownUser, browser: Browser) -> None:
    """The page is shown again."""
    form = at_the_page(browser, tv, anna).filled_form("Allow")
    form.values = [(name, "perhaps" if name == "decision" else value) for name, value in form.values]
    browser.send(form)
    assert browser.step == "consent"


@pytest.mark.parametrize("typed", ["", "x", "BCDF-GHJK", "AEIO-UYAE", "B" * 500, "é", "12345678"], ids=repr)
def test_what_is_no_code(tv: Television, browser: Browser, typed: str) -> None:
    """One sentence for every code that no device shows."""
    browser.get("/device").fill(user_code=typed).submit()
    assert (browser.status, browser.step) == (200, None)
    assert "No device waits" in str(browser.alert)


def test_guessing(tv: Television, browser: Browser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """Section 5.1: so many codes of a browser, then even the right one must wait; another browser's are not used up."""
    for _ in range(10):
        browser.get("/device").fill(user_code="BCDF-GHJK").submit()
    browser.get("/device").fill(user_code=tv.shows["user_code"]).submit()
    assert "Wait ten minutes" in str(browser.alert)
    other = new_browser().get("/device").fill(user_code=tv.shows["user_code"]).submit()
    assert other.step == "password"
    fresh = Television(tv.rp)
    clock.advance(minutes=10)
    fresh.ask()
    assert browser.get("/device").fill(user_code=fresh.shows["user_code"]).submit().step == "password"


def test_guessing_from_one_network(app: Flask, tv: Television, new_browser: NewBrowser) -> None:
    """Section 5.1: throwing the cookie away does not help for long."""
    at_most, within = views.TRIES_OF_A_NETWORK
    with app.app_context():
        while shortlived.room("device_network", HOME, at_most, within):
            db.session.commit()
    assert "Wait" in str(new_browser().get("/device").fill(user_code=tv.shows["user_code"]).submit().alert)


def test_a_guess_that_is_refused_costs_one_look(app: Flask, tv: Television, browser: Browser) -> None:
    """Section 5.1, R82: whoever guesses on makes the database read one statement, and write nothing."""
    at_most, within = views.TRIES_OF_A_NETWORK
    with app.app_context():
        while shortlived.room("device_network", HOME, at_most, within):
            db.session.commit()
    asked = []
    browser.get("/device").fill(user_code="BCDF-GHJK")
    with app.app_context():
        engine = db.engine

    def look(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", look)
    try:
        browser.submit()
    finally:
        sa.event.remove(engine, "before_cursor_execute", look)
    assert "Wait ten minutes" in str(browser.alert)
    assert len(asked) == 1
    assert "INSERT" not in asked[0]


def test_the_page_is_this_browsers(tv: Television, anna: KnownUser, browser: Browser, new_browser: NewBrowser) -> None:
    """The address of the page is good in one browser."""
    address = at_the_page(browser, tv, anna).page.forms[0].action
    assert new_browser().get(address).status == 404


def test_another_person_came_in_between(
    world: World, zon: KnownTenant, tv: Television, anna: KnownUser, browser: Browser
) -> None:
    """Allow counts for the person whom the page was shown to."""
    form = at_the_page(browser, tv, anna).filled_form("Allow")
    browser.get("/logout").submit("Log out")
    browser.get("/account").login(world.user("bert", zon))
    browser.send(form)
    assert browser.step == "consent"
    assert "bert" in browser.text
    assert tv.poll().json()["error"] == "authorization_pending"


def test_two_tabs(tv: Television, anna: KnownUser, browser: Browser) -> None:
    """What was answered in one is over in the other."""
    other = at_the_page(browser, tv, anna).filled_form("Allow")
    at_the_page(browser, tv, anna).submit("Allow")
    assert browser.send(other).status == 404
    assert tv.poll().status_code == 200


def test_two_answers_at_the_same_moment(
    app: Flask, tv: Television, anna: KnownUser, browser: Browser, new_browser: NewBrowser
) -> None:
    """The one that comes first counts, whoever gave it; the other hears that it was answered."""
    other = at_the_page(new_browser(), tv, anna)
    at_the_page(browser, tv, anna)
    with meanwhile(app, "FROM device_authorizations", lambda: other.submit("Cancel")):
        browser.submit("Allow")
    assert browser.status == 404
    assert tv.poll().json()["error"] == "access_denied"


# The whole pipeline, the tenant's rules, and what ends it


def test_every_step_is_owed(world: World, tv: Television, browser: Browser) -> None:
    """RULES A3: the device's code is no way around a step."""
    tenant = world.tenant("strict", two_factor_mandatory=True)
    carla = world.user("carla", tenant, totp=True)
    at_the_page(browser, tv, carla)
    assert browser.steps == ["password", "security_code", "totp"]


def test_another_tenants_application(
    world: World, zon: KnownTenant, new_rp: NewRp, anna: KnownUser, browser: Browser
) -> None:
    """RULES E2: nobody of another company gets to the page, logged in or not; a named tenant must be its own."""
    other = world.tenant("fietsen-bv", security_code=False)
    tv = Television(new_rp(world.client("tv", tenant=other, public=True, **FOR_DEVICES)))
    assert tv.ask(tenant=zon.slug).json()["error"] == "access_denied"
    tv.ask()
    browser.get("/account").login(anna)
    browser.get("/device").fill(user_code=tv.shows["user_code"]).submit()
    assert browser.step == "password"
    browser.login(anna, until="consent")
    assert "Allow" not in {words for form in browser.page.forms for words in form.controls}
    assert tv.poll().json()["error"] in {"authorization_pending", "access_denied"}


def test_a_level_out_of_reach(world: World, tv: Television, browser: Browser) -> None:
    """A login that can never be worth what is asked is refused, and the device told."""
    dora = world.user("dora", world.tenant("no-keys", security_code=False, passkeys=False))
    tv.ask(claims='{"id_token":{"acr":{"essential":true,"value":"phr"}}}')
    browser.get("/account").login(dora)
    browser.get("/device").fill(user_code=tv.shows["user_code"]).submit()
    assert "not connected" in browser.text
    assert tv.poll().json()["error"] == "access_denied"


def _logs_out(_: World, browser: Browser) -> None:
    browser.get("/logout").submit("Log out")


def _idle(world: World, _: Browser) -> None:
    with world.unit_of_work() as session:
        row = session.query(BrowserSession).one()
        row.seen_at = row.seen_at - (row.expires_at - row.created_at)


def _authorization_gone(world: World, _: Browser) -> None:
    with world.unit_of_work() as session:
        session.execute(sa.delete(AuthorizationGrant))


@pytest.mark.parametrize("ends", [_logs_out, _idle, _authorization_gone], ids=lambda f: f.__name__.strip("_"))
def test_what_ended_before_the_device_asked(
    world: World, tv: Television, anna: KnownUser, browser: Browser, ends: Callable[[World, Browser], None]
) -> None:
    """Nothing is given for a session that is over."""
    at_the_page(browser, tv, anna).submit("Allow")
    ends(world, browser)
    assert tv.poll().json()["error"] == "invalid_grant"


def test_the_application_changed_meanwhile(world: World, tv: Television, anna: KnownUser, browser: Browser) -> None:
    """What it asks is judged by the registration of the moment: nothing is shown for what it may not have any more."""
    address = at_the_page(browser, tv, anna).page.address
    with world.unit_of_work() as session:
        row = session.query(Client).filter_by(client_id="tv").one()
        row.registration = {**row.registration, "scope": "email"}
    assert browser.get(address).status == 404
    with world.unit_of_work() as session:
        session.query(Client).filter_by(client_id="tv").one().disabled_at = world._now()
    assert browser.get(address).status == 404


def test_rows_go(app: Flask, tv: Television, clock: MovingClock) -> None:
    """A day after its end a row is removed."""
    with app.app_context():
        purge(threading.Event())
        assert db.session.scalar(sa.select(sa.func.count()).select_from(DeviceAuthorization)) == 1
        clock.advance(days=2)
        purge(threading.Event())
        assert db.session.scalar(sa.select(sa.func.count()).select_from(DeviceAuthorization)) == 0


# Bad requests


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unheard_of"}, "invalid_scope"),
        ({"scope": 'a"b'}, "invalid_scope"),
        ({"scope": "openid " * 2000}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"essential":true,"value":"gold"}}}'}, "unmet_authentication_requirements"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_client"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_the_endpoint_refuses(tv: Television, parameters: dict[str, str | None], error: str) -> None:
    """Section 3.1: as an OAuth error."""
    answer = tv.ask(**parameters)
    assert answer.json()["error"] == error
    assert answer.status_code in {400, 401}


def test_a_client_that_is_not_for_devices(rp: RelyingParty) -> None:
    """RFC 6749 section 5.2: unauthorized_client, at both endpoints."""
    assert Television(rp).ask().json()["error"] == "unauthorized_client"
    assert rp.token(grant_type=DEVICE_CODE, device_code="x").json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"device_code": None}, "invalid_request"),
        ({"device_code": ""}, "invalid_request"),
        ({"device_code": "x"}, "invalid_grant"),
        ({"device_code": "\0"}, "invalid_request"),
        ({"device_code": "x" * 5000}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_client"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_the_token_endpoint_refuses(tv: Television, changes: dict[str, str | None], error: str) -> None:
    """Section 3.4."""
    assert tv.poll(**changes).json()["error"] == error


def test_another_clients_device_code(world: World, tv: Television, new_rp: NewRp) -> None:
    """It is as unknown as one that does not exist."""
    other = Television(new_rp(world.client("other", public=True, **FOR_DEVICES)))
    other.shows = tv.shows
    assert other.poll().json()["error"] == "invalid_grant"


def test_a_device_code_is_no_authorization_code(world: World, new_rp: NewRp, anna: KnownUser, browser: Browser) -> None:
    """Section 3.4: of an application that uses both grants, too; the device still gets its tokens."""
    both = new_rp(world.client("both", require_pkce=False, grant_types=["authorization_code", DEVICE_CODE]))
    tv = Television(both)
    tv.ask()
    at_the_page(browser, tv, anna).submit("Allow")
    as_code = {"grant_type": "authorization_code", "code": tv.shows["device_code"]}
    for redirect_uri in (None, both.client.redirect_uri):
        assert both.token(**as_code, redirect_uri=redirect_uri).json()["error"] == "invalid_grant"
    assert tv.poll().status_code == 200
