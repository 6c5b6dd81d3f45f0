"""Section 2.3, RULES E5: however a login ends, the applications that got something of it are told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp import outbox
from idp.cli import main
from idp.login.models import BrowserSession
from idp.outbox.jobs import ProofEnded
from idp.outbox.models import Queued
from tests.spec.conftest import OFFLINE
from tests.spec.openid_connect_backchannel.conftest import Work, told
from tests.support.browser import Browser, NewBrowser
from tests.support.mail import Post
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


def _the_session(console: Browser, anna: KnownUser) -> None:
    console.get("/console/sessions").submit("End")


def _all_sessions(console: Browser, anna: KnownUser) -> None:
    console.get(f"/console/users/{anna.id}").submit("Sign out everywhere")


def _the_second_factor(console: Browser, anna: KnownUser) -> None:
    console.get(f"/console/users/{anna.id}").submit("Reset two-factor").submit("Reset two-factor")


@pytest.mark.parametrize("end", [_the_session, _all_sessions, _the_second_factor], ids=lambda f: f.__name__.strip("_"))
def test_what_an_administrator_does(
    world: World,
    zon: KnownTenant,
    shop: RelyingParty,
    listener: Peer,
    admin: KnownUser,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
    end: Callable[[Browser, KnownUser], None],
) -> None:
    """To somebody of the company: one token, whichever button it was."""
    nora = world.user("nora", zon, totp=True)
    sid = tokens_of(shop, browser, nora, OFFLINE).claims["sid"]
    console = new_browser().get("/console/users").login(admin)
    end(console, nora)
    work()
    work()
    assert [claims["sid"] for claims in told(shop, listener)] == [sid]


def test_somebody_else_in_the_same_browser(
    world: World,
    zon: KnownTenant,
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    browser: Browser,
    work: Work,
    clock: MovingClock,
) -> None:
    """Whoever logs in ends the session that was there."""
    sid = tokens_of(shop, browser, anna).claims["sid"]
    nora = world.user("nora", zon)
    clock.advance(minutes=1)
    theirs = shop.finish(browser.get(shop.authorize_url(prompt="select_account")).login(nora)).claims
    work()
    assert theirs["sub"] == str(nora.id)
    assert [(claims["sub"], claims["sid"]) for claims in told(shop, listener)] == [(str(anna.id), sid)]


def test_a_password_by_mail(
    app: Flask,
    tmp_path: Path,
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
) -> None:
    """Forgotten, and chosen anew: who was logged in is so no more."""
    sid = tokens_of(shop, browser, anna, OFFLINE).claims["sid"]
    other = new_browser()
    other.get("/forgot-password").fill(username="anna").submit()
    (mail,) = Post(app, tmp_path).deliver()
    other.get(mail.link).fill(new_password="zeven gele fietsen zingen").submit()
    work()
    assert [claims["sid"] for claims in told(shop, listener)] == [sid]


def test_the_end_is_told_once(
    app: Flask, shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work, clock: MovingClock
) -> None:
    """Of what ended with its session the application has heard; what ends the person's login later says nothing new."""
    tokens_of(shop, browser, anna)
    browser.get("/logout").submit("Log out")
    work()
    clock.advance(hours=2)
    idp(app, "user", "disable", "anna")
    work()
    assert len(listener.heard) == 1


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


def _a_factor_added(browser: Browser, new_browser: NewBrowser, anna: KnownUser) -> None:
    assert "10 left" in new_browser().get("/account/security/two-factor").login(anna).text


ENDS = [_by_list, _everywhere, _another_password, _a_factor_added, _logs_out]


@pytest.mark.parametrize("end", ENDS, ids=lambda f: f.__name__.strip("_"))
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
