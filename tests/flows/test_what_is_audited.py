"""R71: what happened, to whom, who did it: the events that no other story looks at."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from tests.support.authenticator import Authenticator
from tests.support.browser import HOME, NewBrowser
from tests.support.pages import open_page
from tests.support.passkeys import add_passkey
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

SECURITY = "/account/security"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon, totp=True, every_30_days=True)


def events(world: World, kind: str) -> list[dict[str, Any]]:
    """What the events of that kind say; `by`: who did it."""
    with world.unit_of_work() as session:
        found = session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == kind).order_by(AuditEvent.id))
        return [{**event.detail, "user": event.user_id, "by": event.actor_id} for event in found]


def test_a_new_address_that_the_mailbox_vouched_for(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D1: once for the login that asked; the next one from there validates nothing."""
    carla = world.user("carla", world.tenant("fietsen-bv", block_new_ip=True))
    browser = new_browser().get(rp.authorize_url()).login(carla)
    assert "new_ip" in browser.steps
    new_browser().get(rp.authorize_url()).login(carla)
    assert events(world, "familiar_network.validated") == [
        {"validated_network": HOME, "user": carla.id, "by": None},
    ]


def test_other_names(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Of an authenticator and of a passkey; never what they are called."""
    browser = add_passkey(new_browser(), anna, Authenticator(), "Laptop")
    for form in browser.page.soup.select("form[action$='/rename']"):
        token = browser.page.one("input[name=csrf_token]")["value"]
        browser.post(str(form["action"]), {"csrf_token": str(token), "name": "Other"}).get(SECURITY)
    assert [event["user"] for event in events(world, "two_factor.authenticator_renamed")] == [anna.id]
    (renamed,) = events(world, "passkey.renamed")
    assert (renamed["user"], set(renamed)) == (anna.id, {"passkey", "user", "by"})


@pytest.mark.parametrize("silent", [False, True], ids=["with a page", "silently"])
def test_refused_at_the_door(
    world: World, rp: RelyingParty, new_rp: NewRp, new_browser: NewBrowser, anna: KnownUser, silent: bool
) -> None:
    """E2: whoever is logged in and does not work there is refused without a step in between, and that is kept."""
    app = new_rp(world.client("bikes", name="Bikes", tenant=world.tenant("fietsen-bv")))
    browser = new_browser().get(rp.authorize_url()).login(anna)
    address = app.authorize_url(prompt="none") if silent else app.authorize_url()
    assert app.answer(browser.get(address))["error"] == "access_denied"
    (event,) = events(world, "login.refused")
    assert (event["user"], event["refusal"], event["application"]) == (anna.id, "not_a_member", "Bikes")
    assert [reason["code"] for reason in event["reasons"]] == ["not_a_member"]


def test_nobody_is_refused_where_nobody_is_logged_in(
    world: World, new_rp: NewRp, new_browser: NewBrowser, app: Flask
) -> None:
    """A stranger who is asked to log in was not refused."""
    bikes = new_rp(world.client("bikes", tenant=world.tenant("fietsen-bv")))
    new_browser().get(bikes.authorize_url(prompt="none"))
    assert events(world, "login.refused") == []


@pytest.mark.parametrize(
    ("control", "because"),
    [
        ("Sign out everywhere", "ended_by_administrator"),
        ("Reset two-factor", "two_factor_reset"),
        ("End employment", "employment_ended"),
    ],
)
def test_an_administrator_stands_in_what_ended(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, control: str, because: str
) -> None:
    """Sessions and known addresses that an administrator ends say who it was."""
    open_page(new_browser(), "/account/", anna)
    browser = open_page(new_browser("198.51.100.4"), f"/console/users/{anna.id}", bert).submit(control)
    if browser.path.endswith(("reset-two-factor", "end-employment")):
        browser.submit(control)
    for kind in ("session.ended", "known_ip.revoked"):
        mine = [(event["because"], event["by"]) for event in events(world, kind) if event["user"] == anna.id]
        assert mine == [(because, bert.id)], kind
