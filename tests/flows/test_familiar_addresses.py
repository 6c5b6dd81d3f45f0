"""The card of the addresses that a person has logged in from: apart from known-IP grants, each can be removed."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest
import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.login.models import FamiliarNetwork
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.pages import open_page
from tests.support.world import KnownUser, World

SECURITY = "/account/security"
REMOVE = f"{SECURITY}/familiar-addresses/remove"


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant(block_new_ip=True), totp=True, every_30_days=True)


@pytest.fixture
def here(anna: KnownUser, browser: Browser, new_browser: NewBrowser) -> Browser:
    """Her browser, after she has logged in elsewhere as well."""
    open_page(new_browser(ELSEWHERE), SECURITY, anna)
    return open_page(browser, SECURITY, anna)


def rows(browser: Browser, card: str = "familiar") -> list[str]:
    shown = browser.page.one(f"section[aria-labelledby={card}]")
    return [" ".join(row.get_text(" ").split()) for row in shown.select("li")]


def remove(browser: Browser, network: str, *more: str) -> Browser:
    """Send the form of a row for another network, or for several."""
    form = browser.get(SECURITY).filled_form("Remove", network=network)
    form.values += [("network", another) for another in more]
    return browser.send(form)


def test_each_with_its_dates(here: Browser) -> None:
    """The last used first, how it came to be familiar, and whether it is the one of this moment."""
    first, second = rows(here)
    assert first.startswith(f"{HOME} where you are now Validated by mail First used")
    assert second.startswith(f"{ELSEWHERE} Validated by mail")
    assert "first open a link" in here.text


def test_apart_from_the_grants(here: Browser, anna: KnownUser) -> None:
    """Removing an address ends no known-IP grant, and the grants are listed by themselves."""
    granted = rows(here, "every-30-days")
    assert len(granted) == 2
    remove(here, ELSEWHERE)
    assert rows(here, "every-30-days") == granted
    assert len(rows(here)) == 1


@pytest.mark.both_stores
def test_removed_it_is_strange_again(world: World, here: Browser, anna: KnownUser, new_browser: NewBrowser) -> None:
    """The next login from there is validated by mail, as the first one was; and the removal is written down."""
    again = new_browser(ELSEWHERE).get("/account/").login(anna)
    assert "new_ip" not in again.steps
    remove(here, ELSEWHERE)
    assert "The address is removed" in here.text
    again = new_browser(ELSEWHERE).get("/account/").login(anna)
    assert "new_ip" in again.steps
    with world.unit_of_work() as session:
        kinds = sa.select(AuditEvent).where(AuditEvent.kind == "familiar_network.forgotten")
        (event,) = session.scalars(kinds)
        assert (event.user_id, event.detail, event.network) == (anna.id, {"forgotten_network": ELSEWHERE}, HOME)
        assert event.request_id


@pytest.mark.parametrize("network", ["", "192.0.2.1", "nonsense", "a\0b", "9" * 5000])
def test_none_of_hers(here: Browser, network: str) -> None:
    """R19, R49: what is no address of the person's is unknown, whatever it is, and nothing is removed."""
    assert remove(here, network).status in {400, 404}
    assert here.text
    assert len(rows(here.get(SECURITY))) == 2


def test_two_at_once_are_none(here: Browser) -> None:
    """A field that was sent twice is no answer."""
    assert remove(here, HOME, ELSEWHERE).status == 404


def test_removed_already(here: Browser) -> None:
    """A second tab with the same button finds nothing any more."""
    form = here.filled_form("Remove")
    assert here.send(form).status == 200
    assert here.send(form).status == 404


def test_somebody_elses(world: World, here: Browser, anna: KnownUser, new_browser: NewBrowser) -> None:
    """E1: a colleague's address is as unknown as none, and stays familiar to the colleague."""
    bea = world.user("bea", anna.tenant)
    open_page(new_browser("192.0.2.9"), SECURITY, bea)
    assert remove(here, "192.0.2.9").status == 404
    assert rows(open_page(new_browser("192.0.2.9"), SECURITY, bea))


def test_when_the_company_does_not_block(world: World, browser: Browser) -> None:
    """Then strange addresses are told by mail only; one user may still be blocked."""
    piet = world.user("piet", world.tenant("maan"))
    open_page(browser, SECURITY, piet)
    assert "we tell you by mail" in browser.text
    with world.unit_of_work() as session:
        session.execute(sa.text("UPDATE users SET block_new_ip = :on"), {"on": True})
    assert "first open a link" in browser.get(SECURITY).text


def test_none_and_many(world: World, here: Browser, anna: KnownUser) -> None:
    """Twenty are shown and the rest are counted; without any the card says so."""
    with world.unit_of_work() as session:
        at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        session.add_all(
            FamiliarNetwork(user_id=uuid.UUID(str(anna.id)), network=f"192.0.2.{n}", since=at, used_at=at)
            for n in range(20)
        )
    assert len(rows(here.get(SECURITY))) == 20
    assert "And 2 others" in here.text
    with world.unit_of_work() as session:
        session.execute(sa.delete(FamiliarNetwork))
    assert "There are none now." in here.get(SECURITY).text
