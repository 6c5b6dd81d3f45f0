"""RFC 7591 section 1.2, R64: an administrator lets programs register applications of the company, and of no other."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.oidc.models import Client, InitialAccessToken
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.registering import Registrar, initial_token
from tests.support.world import KnownTenant, KnownUser, World

TOKENS = "/console/applications/tokens"


@pytest.fixture
def console(bert: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert at the page."""
    return open_page(new_browser(), TOKENS, bert)


def make(browser: Browser, name: str = "Planner", days: str = "7") -> str:
    """Make one; what is shown once."""
    browser.get(TOKENS)
    browser.send(browser.filled_form("Make a token", name=name, days=days))
    shown = browser.page.soup.select_one("[data-initial-access-token]")
    return shown.get_text(strip=True) if shown else ""


def csrf(browser: Browser) -> str:
    return str(browser.page.one("[name=csrf_token]")["value"])


def test_one_is_made_used_and_revoked(
    world: World, console: Browser, zon: KnownTenant, bert: KnownUser, http: httpx.Client
) -> None:
    """It is shown once; what registers with it belongs to the company and stays when it is revoked."""
    token = make(console)
    assert token not in console.get(TOKENS).text
    assert "Planner" in console.text
    Registrar(http, token).registered(client_name="Maps")
    assert "Maps" in console.get("/console/applications").text
    console.get(TOKENS).submit("Revoke")
    assert "The token registers nothing more." in console.text
    assert Registrar(http, token).register().status_code == 401
    assert "Maps" in console.get("/console/applications").text
    with world.unit_of_work() as session:
        assert session.scalars(sa.select(Client.tenant_id)).all() == [zon.id]
        mine = AuditEvent.kind.startswith("client.registration_")
        found = session.execute(sa.select(AuditEvent.kind, AuditEvent.actor_id).where(mine).order_by(AuditEvent.id))
        assert found.all() == [("client.registration_allowed", bert.id), ("client.registration_stopped", bert.id)]


def test_it_ends(console: Browser, bert: KnownUser, http: httpx.Client, clock: MovingClock) -> None:
    """After the days that were chosen it is worth nothing, and is not listed."""
    token = make(console, days="1")
    clock.advance(days=1, seconds=1)
    assert Registrar(http, token).register().status_code == 401
    assert "Planner" not in open_page(console, TOKENS, bert).text


@pytest.mark.parametrize(
    ("name", "days", "said"),
    [
        ("", "7", "Say what the token is for"),
        ("x" * 101, "7", "Say what the token is for"),
        ("a\x7fb", "7", "Say what the token is for"),
        ("Planner", "8", "Say for how long"),
        ("Planner", "", "Say for how long"),
        ("Planner", "-1", "Say for how long"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_cannot_be_made(world: World, console: Browser, name: str, days: str, said: str) -> None:
    """It is said what is missing, and there is no token."""
    console.post(TOKENS, {"csrf_token": csrf(console), "name": name, "days": days})
    assert (console.status, said in (console.alert or "")) == (200, True)
    with world.unit_of_work() as session:
        assert session.scalar(sa.select(InitialAccessToken.id)) is None


def test_there_are_not_more_than_twenty(world: World, console: Browser, zon: KnownTenant) -> None:
    """So that the list can be looked through; another company's do not count."""
    for _ in range(20):
        initial_token(world, zon)
    initial_token(world, world.tenant("fietsen-bv"))
    assert make(console) == ""
    assert "There are 20 tokens already." in (console.alert or "")
    console.submit("Revoke")
    assert make(console)


def test_another_companys_are_unknown(world: World, console: Browser, new_browser: NewBrowser) -> None:
    """R51: they are not listed, and revoking one is revoking what is not there; so it is with everybody's."""
    make(console)
    initial_token(world)
    frits = world.user("frits", world.tenant("fietsen-bv"), type="administrator", totp=True)
    theirs = open_page(new_browser(), TOKENS, frits)
    assert "Planner" not in theirs.text
    with world.unit_of_work() as session:
        ids = list(session.scalars(sa.select(InitialAccessToken.id)))
    for token_id in ids:
        assert theirs.post(f"{TOKENS}/{token_id}/revoke", {"csrf_token": csrf(theirs.get(TOKENS))}).status == 404
    with world.unit_of_work() as session:
        assert len(session.scalars(sa.select(InitialAccessToken.id)).all()) == 2


def test_it_is_for_administrators_with_a_fresh_proof(
    world: World, console: Browser, zon: KnownTenant, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Whoever else is logged in gets 403; after a quarter of an hour the proof is asked again, and nothing is made."""
    employee = open_page(new_browser(), "/account/", world.user("anna", zon))
    assert employee.get(TOKENS).status == 403
    form = console.filled_form("Make a token", name="Planner")
    clock.advance(minutes=16)
    console.send(form)
    assert console.step == "password"
    with world.unit_of_work() as session:
        assert session.scalar(sa.select(InitialAccessToken.id)) is None
