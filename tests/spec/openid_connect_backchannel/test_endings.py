"""Section 2.3, RULES E5: however a login ends, the applications that got something of it are told."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp import outbox
from idp.cli import main
from idp.login.models import BrowserSession
from idp.outbox.errands import ProofEnded
from idp.outbox.models import Queued
from tests.spec.conftest import OFFLINE
from tests.spec.openid_connect_backchannel.conftest import Work, told
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.peer import Peer
from tests.support.relying_party import RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

pytestmark = pytest.mark.settings(issuer="http://localhost:8000")


@pytest.fixture
def admin(world: World, zon: KnownTenant) -> KnownUser:
    """Who may end an employment."""
    return world.user("bert", zon, type="administrator")


def tokens_of(rp: RelyingParty, browser: Browser, user: KnownUser, scope: str = "openid") -> Tokens:
    """What the application got in this browser."""
    return rp.finish(browser.get(rp.authorize_url(scope=scope)).login(user))


def in_the_console(browser: Browser, admin: KnownUser, user: KnownUser, control: str) -> None:
    """An administrator presses this on the person's page, and confirms where it is asked."""
    browser.get("/console/users").login(admin).get(f"/console/users/{user.id}").press(control)
    if control in {*(words for form in browser.page.forms for words in form.controls)}:
        browser.submit(control)


def idp(app: Flask, *arguments: str) -> None:
    """One command."""
    done = CliRunner().invoke(main, arguments, obj=ScriptInfo(create_app=lambda: app))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("scope", ["openid", OFFLINE], ids=["online", "offline"])
def test_the_end_of_an_employment(
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    admin: KnownUser,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
    scope: str,
) -> None:
    """E5: at once, once, and nothing that the application holds is worth anything."""
    tokens = tokens_of(shop, browser, anna, scope)
    in_the_console(new_browser(), admin, anna, "End employment")
    work()
    work()
    (claims,) = told(shop, listener)
    assert (claims["sub"], claims["sid"]) == (str(anna.id), tokens.claims["sid"])
    assert shop.userinfo(tokens).status_code == 401
    if scope is OFFLINE:
        assert shop.refresh(tokens).status_code == 400


def test_offline_access_of_a_session_that_ended_long_ago(
    app: Flask, shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work, clock: MovingClock
) -> None:
    """Logging out leaves the offline access (section 2.7); what ends that later is told again, with the same `sid`."""
    tokens = tokens_of(shop, browser, anna, OFFLINE)
    browser.get("/logout").submit("Log out")
    work()
    assert len(told(shop, listener)) == 1
    assert shop.refresh(tokens).status_code == 200
    clock.advance(days=3)
    listener.heard.clear()
    idp(app, "user", "disable", "anna")
    work()
    (claims,) = told(shop, listener)
    assert (claims["sub"], claims["sid"]) == (str(anna.id), tokens.claims["sid"])


def test_a_command_of_the_operator(
    app: Flask, world: World, shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work
) -> None:
    """What ends by the epoch alone is ended by name in the next second, and told once."""
    tokens = tokens_of(shop, browser, anna, OFFLINE)
    idp(app, "user", "disable", "anna")
    work()
    work()
    assert [claims["sid"] for claims in told(shop, listener)] == [tokens.claims["sid"]]
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).one().ended_because == "proof_ended"


def _by_list(browser: Browser, new_browser: NewBrowser, anna: KnownUser) -> None:
    other = new_browser()
    other.get("/account/security").login(anna)
    other.submit("End all others")


def _everywhere(browser: Browser, new_browser: NewBrowser, anna: KnownUser) -> None:
    browser.get("/account/security").submit("Sign out everywhere")


def _another_password(browser: Browser, new_browser: NewBrowser, anna: KnownUser) -> None:
    other = new_browser()
    other.get("/account/security").login(anna)
    other.fill(current_password=anna.password, new_password="zeven gele fietsen zingen").submit()
    assert "Your password is changed" in other.text


def _logs_out(browser: Browser, new_browser: NewBrowser, anna: KnownUser) -> None:
    browser.get("/logout").submit("Log out")


@pytest.mark.parametrize(
    "end", [_by_list, _everywhere, _another_password, _logs_out], ids=lambda f: f.__name__.strip("_")
)
@pytest.mark.parametrize("scope", ["openid", OFFLINE], ids=["online", "offline"])
def test_what_the_person_does(
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
    end: Callable[[Browser, NewBrowser, KnownUser], None],
    scope: str,
) -> None:
    """One token for each end, whichever page it was."""
    sid = tokens_of(shop, browser, anna, scope).claims["sid"]
    end(browser, new_browser, anna)
    work()
    assert [claims["sid"] for claims in told(shop, listener)] == [sid]


@pytest.mark.parametrize(
    ("then", "because"), [({"minutes": 481}, "idle"), ({"hours": 25}, "expired")], ids=["idle", "too old"]
)
def test_the_limits_of_a_session(
    world: World,
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    browser: Browser,
    work: Work,
    clock: MovingClock,
    then: dict[str, int],
    because: str,
) -> None:
    """A session that nobody ends is ended by a worker, in the minute after its limit, and not before."""
    if because == "expired":
        world.policy(anna.tenant, session_idle_minutes=60 * 30)
    tokens_of(shop, browser, anna)
    clock.advance(hours=7)
    work()
    assert listener.heard == []
    clock.advance(**then)
    work()
    work()
    assert len(told(shop, listener)) == 1
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).one().ended_because == because


def test_a_company_that_is_disabled(
    app: Flask,
    world: World,
    zon: KnownTenant,
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
) -> None:
    """Its people's sessions end, also one that works for another company; nobody else's."""
    other = world.tenant("fietsen-bv", security_code=False)
    eva = world.user("eva", zon, type="accountant", works_for=[other])
    finn = world.user("finn", other)
    tokens_of(shop, browser, anna)
    shop.finish(new_browser().get(shop.authorize_url(tenant=other.slug)).login(eva))
    tokens_of(shop, new_browser(), finn)
    idp(app, "tenant", "disable", zon.slug)
    work()
    assert {claims["sub"] for claims in told(shop, listener)} == {str(anna.id), str(eva.id)}


def test_who_is_gone_by_then(world: World, work: Work) -> None:
    """A proof of nobody has nothing to end."""
    with world.unit_of_work():
        outbox.ask(ProofEnded(user_id=str(uuid.uuid4()), at=world._now().isoformat()))
    work()
    with world.unit_of_work() as session:
        assert session.query(Queued).one().delivered_at
