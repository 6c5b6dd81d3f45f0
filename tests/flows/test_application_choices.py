"""What only some applications need, chosen in the console, and what their owner reads when they were refused."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from idp.oidc.clients import refusals
from idp.oidc.clients.refusals import Reason
from idp.oidc.models import Client, ClientRefusal
from idp.platform.extensions import db
from tests.flows.test_applications import (
    ADDRESS,
    LIST,
    NEW,
    NewRelyingParty,
    application,
    kinds,
    register,
    row,
    secret_of,
)
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.page import Form
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty, basic
from tests.support.world import KnownTenant, KnownUser, World

REFRESH = {"grant_type": "refresh_token", "refresh_token": "x"}
"""A token request of which only the authentication can be right: it answers 400 where that is, 401 where it is not."""


@pytest.fixture
def console(bert: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert in the console."""
    return open_page(new_browser(), LIST, bert)


def in_the_form(rp: RelyingParty, secret: str) -> int:
    """The status of a token request with the secret in its form."""
    form = {**REFRESH, "client_id": rp.client.client_id, "client_secret": secret}
    return rp.http.post("/token", data=form).status_code


def shown(console: Browser, found: Client) -> str:
    """The page of an application, as one line of words."""
    return " ".join(console.get(f"{LIST}/{found.id}").text.split())


def without(console: Browser, choice: str, **said: str) -> Form:
    """The form of the page with one box unticked."""
    form = console.filled_form("Save", **said)
    form.clear(choice)
    return form


def test_a_new_one_sends_its_secret_where_it_likes(world: World, console: Browser, new_rp: NewRelyingParty) -> None:
    """R09: an application of the console is registered for both places, and still for one in each request."""
    secret = secret_of(register(console))
    rp = new_rp(application(world, secret))
    assert (rp.token(**REFRESH).status_code, in_the_form(rp, secret), in_the_form(rp, "wrong")) == (400, 400, 401)
    form = {**REFRESH, "client_secret": secret}
    both = rp.http.post("/token", data=form, headers={"Authorization": basic(rp.client.client_id, secret)})
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


def test_one_that_is_there_is_given_the_other_place(
    world: World, console: Browser, zon: KnownTenant, new_rp: NewRelyingParty
) -> None:
    """R09: whoever was registered for one method keeps to it until an administrator says otherwise."""
    books = world.client("books", tenant=zon)
    rp, secret = new_rp(books), books.client_secret or ""
    assert in_the_form(rp, secret) == 401
    console.get(f"{LIST}/{row(world).id}/change")
    console.send(console.filled_form("Save"))
    assert (in_the_form(rp, secret), kinds(world)) == (401, [])
    console.get(f"{LIST}/{row(world).id}/change")
    console.send(console.filled_form("Save", client_secret_in_header_or_form="on"))
    assert (in_the_form(rp, secret), kinds(world)) == (400, ["client.changed"])


def test_one_that_cannot_do_pkce(
    world: World, console: Browser, zon: KnownTenant, new_browser: NewBrowser, new_rp: NewRelyingParty
) -> None:
    """R04, RFC 9700 section 2.1.1: its logins need a nonce, and without either are refused; the audit log says so."""
    rp: RelyingParty = new_rp(application(world, secret_of(register(console, cannot_do_pkce="on"))))
    browser, bare = new_browser(), {"code_challenge": None, "code_challenge_method": None}
    browser.get(rp.authorize_url(**bare, nonce=None))
    assert rp.answer(browser)["error"] == "invalid_request"
    browser.get(rp.authorize_url(**bare)).login(world.user("anna", zon))
    assert rp.redeem(rp.answer(browser)["code"], code_verifier=None).status_code == 200
    with world.unit_of_work() as session:
        event = session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == "client.registered")).one()
        assert event.detail["without"] == ["require_pkce"]

    console.get(f"{LIST}/{row(world).id}/change")
    console.send(without(console, "cannot_do_pkce"))
    browser.get(rp.authorize_url(**bare))
    assert rp.answer(browser)["error"] == "invalid_request"
    assert kinds(world) == ["client.registered", "client.changed"]


@pytest.mark.parametrize("kind", ["browser", "device"])
def test_public_ones_always_do_pkce(world: World, console: Browser, kind: str) -> None:
    """R04: the form says so, and offers neither choice where it would be wrong."""
    address = "com.example.app:/callback" if kind == "device" else ADDRESS
    register(console, kind=kind, redirect_uris=address, cannot_do_pkce="on")
    assert "Only a website with a server of its own" in (console.alert or "")
    assert console.page.one("input[name=cannot_do_pkce]").has_attr("checked")
    console.send(without(console, "cannot_do_pkce"))
    found = row(world)
    assert (found.require_pkce, "client_secret_in_header_or_form" in found.registration) == (True, False)
    page = console.get(f"{LIST}/{found.id}/change").page
    assert [box["name"] for box in page.soup.select("input[type=checkbox]")] == ["id_token_includes_userinfo"]


def test_pkce_again_after_neither(world: World, console: Browser, zon: KnownTenant) -> None:
    """Whoever was imported to do without both guards and does PKCE now needs no exception for its nonce."""
    world.client("old", tenant=zon, require_pkce=False, require_nonce=False)
    console.get(f"{LIST}/{row(world).id}/change")
    console.send(without(console, "cannot_do_pkce"))
    assert (row(world).require_pkce, row(world).registration["require_nonce"]) == (True, True)


def test_the_profile_in_the_id_token(
    world: World, console: Browser, zon: KnownTenant, new_browser: NewBrowser, new_rp: NewRelyingParty
) -> None:
    """Core section 5.4: off, the ID token names nobody; on, it tells what the scope tells at the UserInfo endpoint."""
    rp: RelyingParty = new_rp(application(world, secret_of(register(console))))
    anna, browser = world.user("anna", zon), new_browser()
    plain = rp.finish(browser.get(rp.authorize_url()).login(anna)).claims
    assert not {"name", "email"} & plain.keys()
    console.get(f"{LIST}/{row(world).id}/change")
    console.send(console.filled_form("Save", id_token_includes_userinfo="on"))
    tokens = rp.finish(browser.get(rp.authorize_url()))
    assert tokens.claims | rp.userinfo(tokens).json() == tokens.claims
    assert (tokens.claims["name"], tokens.claims["email"]) == (anna.name, anna.email)
    less = rp.finish(browser.get(rp.authorize_url(scope="openid email"))).claims
    assert ("name" in less, less["email"]) == (False, anna.email)


def test_how_to_connect_says_which_choice_is_missing(world: World, console: Browser) -> None:
    """What looks for names in the ID token alone says so where they do not stand there, and is silent where they do."""
    register(console)
    ways = f"{LIST}/{row(world).id}/connect"
    missing = "It looks for names in the ID token alone."
    assert [missing in way.get_text() for way in console.get(ways).page.soup.select("details")].count(True) == 1
    console.get(f"{LIST}/{row(world).id}/change")
    console.send(console.filled_form("Save", id_token_includes_userinfo="on"))
    assert missing not in console.get(ways).text


def test_how_to_connect_knows_where_the_secret_goes(world: World, console: Browser, zon: KnownTenant) -> None:
    """R09: the texts of an application that is registered for the form alone send its secret there."""
    world.client("books", tenant=zon, token_endpoint_auth_method="client_secret_post")
    console.get(f"{LIST}/{row(world).id}/connect")
    texts = [pre.get_text() for pre in console.page.soup.select("pre")]
    assert not any("client_secret_basic" in text or "BASIC_AUTH = True" in text for text in texts)
    assert sum("client_secret_post" in text for text in texts) >= 6


def test_an_application_of_somebody_else_asks_for_offline_access(
    world: World, console: Browser, zon: KnownTenant
) -> None:
    """Core section 11: without prompt=consent a third-party application gets no refresh token; the text says so."""
    register(console, kind="device", redirect_uris="com.example.app:/callback")
    text = console.get(f"{LIST}/{row(world).id}/connect").page.one("pre[data-snippet=device]").get_text()
    assert "prompt:                    consent" in text


def test_what_was_chosen_waits_for_a_proof(world: World, console: Browser, bert: KnownUser, clock: MovingClock) -> None:
    """Who was away for a quarter of an hour finds every choice as it was."""
    console.get(NEW)
    form = without(console, "client_secret_in_header_or_form", name="Stock", redirect_uris=ADDRESS, cannot_do_pkce="on")
    clock.advance(minutes=16)
    console.send(form)
    console.login(bert)
    boxes = console.page.soup.select("input[type=checkbox][checked]")
    assert [box["name"] for box in boxes] == ["cannot_do_pkce"]


def test_why_it_was_refused(
    world: World,
    console: Browser,
    zon: KnownTenant,
    new_rp: NewRelyingParty,
    clock: MovingClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """R09: its owner reads which method was used for which; whoever asked reads the one sentence; the log has the reason."""
    books = world.client("books", tenant=zon)
    rp, secret = new_rp(books), books.client_secret or ""
    assert "Why it was refused" not in shown(console, row(world))
    answer = rp.http.post("/token", data={**REFRESH, "client_id": "books", "client_secret": secret})
    assert answer.json()["error_description"] == "Client authentication failed"
    registered = "Registered: a secret in the header (client_secret_basic)."
    assert f"{registered} Sent: a secret in the form (client_secret_post)." in shown(console, row(world))
    logged = capsys.readouterr().err
    assert '"because": "other_method"' in logged
    assert secret not in logged

    clock.advance(minutes=1)
    assert rp.http.post("/token", data={**REFRESH, "client_id": "books"}).status_code == 401
    assert "Sent: only its client ID (none)." in shown(console, row(world))
    clock.advance(minutes=1)
    assert new_rp(application(world, "wrong")).token(**REFRESH).status_code == 401
    page = shown(console, row(world))
    assert "The secret is wrong." in page
    assert "Times: 3." in page


@pytest.mark.both_stores
def test_refusals_are_written_once_a_minute(world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """R88: a stranger's flood costs one write a minute and is counted all the same; what is old is not shown."""
    world.client("books", tenant=zon)
    world.client("everybodys")
    books, everybodys = (
        db.session.scalars(sa.select(Client).where(Client.client_id == name)).one() for name in ("books", "everybodys")
    )

    def flood(*reasons: Reason) -> tuple[str, int] | None:
        for because in reasons:
            refusals.remember(books, because, "none")
            refusals.remember(everybodys, because, "none")
        db.session.expire_all()
        found = refusals.latest(books)
        return (found.reason, found.refusals) if found else None

    assert flood() is None
    assert flood(Reason.SECRET, *[Reason.METHOD] * 20) == ("wrong_secret", 1)
    clock.advance(minutes=1)
    assert flood(Reason.TIME) == ("assertion_time", 22)
    refusals._unwritten.clear()  # another process
    assert flood(Reason.METHOD) == ("assertion_time", 22)
    clock.advance(minutes=1)
    assert flood(Reason.METHOD) == ("other_method", 24)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ClientRefusal)) == 1
    clock.advance(days=30)
    assert flood() is None
