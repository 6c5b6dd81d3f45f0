"""What the page of an application says of its people, and of the logouts that it was not told of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from idp.cli import worker
from idp.console.applications import undelivered
from idp.oidc.models import Client, ClientUse
from idp.platform.extensions import db
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import log_out, open_page
from tests.support.peer import Peer, peer, says
from tests.support.relying_party import NewRp
from tests.support.world import KnownClient, KnownTenant, KnownUser, World

LIST = "/console/applications"
FAILS = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Work = Callable[[], None]

pytestmark = pytest.mark.settings(issuer="http://localhost:8000")


@pytest.fixture
def listener() -> Iterator[Peer]:
    """Where the application listens for logout tokens: it has a fault."""
    with peer(says(FAILS)) as listening:
        yield listening


@pytest.fixture
def shop(world: World, zon: KnownTenant, listener: Peer) -> KnownClient:
    """An application of the company's own, which wants to hear of logouts."""
    return world.client("shop", tenant=zon, backchannel_logout_uri=listener.url)


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """Who uses it."""
    return world.user("anna", zon)


@pytest.fixture
def work(app: Flask) -> Work:
    """What `idp worker` does: what is due, and what is over is removed."""

    def do() -> None:
        with app.app_context():
            worker.send(threading.Event())
            worker.purge(threading.Event())
            db.session.remove()

    return do


def use(new_rp: NewRp, client: KnownClient, browser: Browser, user: KnownUser) -> None:
    """Log in to the application."""
    rp = new_rp(client)
    rp.finish(browser.get(rp.authorize_url(scope="openid")).login(user))


def page_of(world: World, client: KnownClient) -> str:
    with world.unit_of_work() as session:
        return f"{LIST}/{session.scalar(sa.select(Client.id).where(Client.client_id == client.client_id))}"


def words(browser: Browser) -> str:
    return " ".join(browser.page.text.split())


def test_its_people_are_remembered(
    world: World,
    shop: KnownClient,
    anna: KnownUser,
    bert: KnownUser,
    new_browser: NewBrowser,
    new_rp: NewRp,
    clock: MovingClock,
    work: Work,
) -> None:
    """Long after their last token is over: how many in thirty days, the latest with the time, for half a year."""
    use(new_rp, shop, new_browser(), anna)
    use(new_rp, shop, new_browser(), anna)
    seen = clock.now().strftime("%H:%M")
    for days, people in ((3, "1."), (28, "0.")):
        clock.advance(days=days)
        work()
        page = words(open_page(new_browser(), page_of(world, shop), bert))
        assert f"People in the last 30 days: {people}" in page
        assert "Anna" in page
        assert seen in page
    clock.advance(days=160)
    work()
    assert "Nobody has logged in to it" in words(open_page(new_browser(), page_of(world, shop), bert))


def test_whoever_left_has_no_name(
    world: World, shop: KnownClient, bert: KnownUser, zon: KnownTenant, new_browser: NewBrowser, new_rp: NewRp
) -> None:
    """An accountant is named while they work for the company; of everybody's applications nothing is kept."""
    eva = world.user("eva", world.tenant("kantoor", security_code=False), type="accountant", works_for=[zon])
    rp = new_rp(shop)
    browser = new_browser()
    browser.get(rp.authorize_url(scope="openid", tenant=zon.slug)).login(eva)
    page = open_page(new_browser(), page_of(world, shop), bert)
    assert "Eva" in words(page)
    page.get(f"/console/accountants/{eva.id}/end").submit("End access")
    assert "somebody who does not work here any more" in words(page.get(page_of(world, shop)))
    use(new_rp, world.client("everybodys"), new_browser(), bert)
    with world.unit_of_work() as session:
        assert list(session.scalars(sa.select(ClientUse.user_id))) == [eva.id]


def test_a_logout_that_it_was_not_told_of(
    world: World,
    shop: KnownClient,
    anna: KnownUser,
    bert: KnownUser,
    listener: Peer,
    new_browser: NewBrowser,
    new_rp: NewRp,
    clock: MovingClock,
    work: Work,
) -> None:
    """It is said what went wrong and when the next try is; what was given up is tried again, by a button."""
    browser = new_browser()
    use(new_rp, shop, browser, anna)
    log_out(browser)
    console = open_page(new_browser(), LIST, bert)
    assert "not told" not in words(console)
    work()
    assert "Logouts not told: 1" in words(console.get(LIST))
    page = page_of(world, shop)
    assert "It answered with the error 500." in words(console.get(page))
    assert "The next try is on" in words(console)
    assert "Try again" not in console.page.controls

    clock.advance(days=4)
    work()
    open_page(console, page, bert)
    assert "It was too late by then" in words(console)
    assert "Given up" in words(console)
    listener._handle = says(OK)
    console.submit("Try again")
    assert "We tell the application again." in words(console)
    work()
    assert len(listener.forms) == 2
    assert "not told" not in words(console.get(LIST))
    with world.unit_of_work() as session:
        told = session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == "client.logouts_retried")).one()
        assert (told.actor_id, told.detail) == (bert.id, {"client_id": shop.client_id, "logouts": 1})


def test_there_is_nothing_to_retry(world: World, shop: KnownClient, bert: KnownUser, new_browser: NewBrowser) -> None:
    """The form sent a second time changes nothing, and is no event."""
    console = open_page(new_browser(), page_of(world, shop), bert)
    console.post(f"{page_of(world, shop)}/retry", {"csrf_token": csrf(console)})
    assert console.status == 200
    with world.unit_of_work() as session:
        assert session.scalar(sa.select(AuditEvent.id).where(AuditEvent.kind == "client.logouts_retried")) is None


def test_another_companys_logouts_are_its_own(
    world: World,
    shop: KnownClient,
    anna: KnownUser,
    new_browser: NewBrowser,
    new_rp: NewRp,
    work: Work,
) -> None:
    """R51: its application is unknown to whoever administers another company; without a token of the form nothing is done."""
    browser = new_browser()
    use(new_rp, shop, browser, anna)
    log_out(browser)
    work()
    frits = world.user("frits", world.tenant("fietsen-bv"), type="administrator", totp=True)
    console = open_page(new_browser(), LIST, frits)
    assert "not told" not in words(console)
    console.get(f"{LIST}/new")
    page = page_of(world, shop)
    assert console.post(f"{page}/retry", {"csrf_token": csrf(console)}).status == 404
    assert console.post(f"{page}/retry", {}).status == 400


def csrf(browser: Browser) -> str:
    return str(browser.page.one("[name=csrf_token]")["value"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("PutOff: shop: answers 404", "It answered with the error 404."),
        ("Refused: it came too late to be of use", "It was too late by then"),
        ("Unreachable: shop: not a public address", "is not on the internet"),
        ("Unreachable: shop: TimeoutError: too slow", "did not answer in time"),
        ("Unreachable: shop: ReadTimeout: timed out", "did not answer in time"),
        ("PutOff: did not answer a moment ago", "did not answer in time"),
        ("Unreachable: shop: nobody answers: refused", "Nobody answers"),
        ("Unreachable: shop: ConnectError: certificate verify failed", "certificate is not valid"),
        ("Unreachable: shop: RemoteProtocolError: x", "could not be reached"),
        ("PutOff: KeyError", "Something is wrong on our side"),
        ("", "Something is wrong on our side"),
    ],
    ids=str,
)
def test_what_went_wrong_in_words(app: Flask, error: str, said: str) -> None:
    """What the outbox wrote down, for whoever does not run the server."""
    with app.test_request_context():
        assert said in undelivered.in_words(error)
