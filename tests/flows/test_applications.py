"""The company's own applications in the console: registered, connected, given a new secret, switched off."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from idp.oidc.clients import lifecycle
from idp.oidc.models import Client
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.page import Form
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownClient, KnownTenant, KnownUser, World

NewRelyingParty = Callable[[KnownClient], RelyingParty]

LIST = "/console/applications"
NEW = f"{LIST}/new"
ADDRESS = "https://stock.de-zon.example/callback"


@pytest.fixture
def console(bert: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert in the console."""
    return open_page(new_browser(), LIST, bert)


def register(browser: Browser, **said: str) -> Browser:
    """Fill in the form of a new application, and save."""
    filled = {"name": "Stock", "kind": "server", "redirect_uris": ADDRESS, "post_logout_redirect_uris": ""} | said
    browser.get(NEW)
    return browser.send(browser.filled_form("Save", **filled))


def row(world: World) -> Client:
    with world.unit_of_work() as session:
        found: Client = session.scalar(sa.select(Client).where(Client.tenant_id.is_not(None)))
        session.expunge(found)
        return found


def kinds(world: World) -> list[str]:
    with world.unit_of_work() as session:
        mine = sa.select(AuditEvent.kind).where(AuditEvent.kind.startswith("client."))
        return list(session.scalars(mine.order_by(AuditEvent.id)))


def secret_of(browser: Browser) -> str:
    return browser.page.one("[data-client-secret]").get_text(strip=True)


def application(world: World, secret: str) -> KnownClient:
    return KnownClient(row(world).client_id, secret, row(world).registration)


def test_one_is_registered_and_used(
    world: World, console: Browser, zon: KnownTenant, new_browser: NewBrowser, new_rp: NewRelyingParty
) -> None:
    """Its id and its secret are enough; the page says so once; people of the company log in to it, and are counted."""
    secret = secret_of(register(console))
    rp: RelyingParty = new_rp(application(world, secret))
    anna = world.user("anna", zon)
    browser = new_browser()
    browser.get(rp.authorize_url()).login(anna)
    assert rp.finish(browser).claims["tenant"] == zon.slug
    console.get(f"{LIST}/{row(world).id}")
    assert secret not in console.text
    assert "People in the last 30 days: 1." in console.text
    assert kinds(world) == ["client.registered"]


def test_another_company_is_refused(
    world: World, console: Browser, new_browser: NewBrowser, new_rp: NewRelyingParty
) -> None:
    """The application is the company's own: nobody else gets a code."""
    rp: RelyingParty = new_rp(application(world, secret_of(register(console))))
    frits = world.user("frits", world.tenant("fietsen-bv"))
    browser = new_browser()
    browser.get(rp.authorize_url()).login(frits)
    assert "access_denied" in (browser.landed or "")


@pytest.mark.parametrize(
    ("kind", "address", "registered"),
    [
        ("browser", ADDRESS, {"application_type": "web", "token_endpoint_auth_method": "none"}),
        ("device", "com.example.app:/callback", {"application_type": "native", "token_endpoint_auth_method": "none"}),
    ],
)
def test_public_ones_have_no_secret(
    world: World, console: Browser, kind: str, address: str, registered: dict[str, str]
) -> None:
    """An application that can keep none gets none, and no page to renew it; its page says how to connect."""
    register(console, kind=kind, redirect_uris=address)
    assert not console.page.soup.select("[data-client-secret]")
    found = row(world)
    assert found.registration | registered == found.registration
    assert console.get(f"{LIST}/{found.id}/secret").status == 404
    console.get(f"{LIST}/{found.id}/connect")
    apis = ["api_flask", "api_spring_settings", "api_spring"]
    assert [pre["data-snippet"] for pre in console.page.soup.select("pre")] == [kind, *apis]
    assert found.client_id in console.text


def test_where_people_come_back_to_is_said(world: World, console: Browser) -> None:
    """A framework that comes back at an address of its own says so where that is not registered, and is silent where it is."""
    own = "https://stock.de-zon.example/oidc/callback/"
    register(console, redirect_uris=f"{ADDRESS}\n{own}")
    page = console.get(f"{LIST}/{row(world).id}/connect").page
    ways = {way.select("pre")[0]["data-snippet"]: way.get_text() for way in page.soup.select("details")}
    assert f"{own}. It is registered." in " ".join(ways["django_settings"].split())
    for name, missing in [("spring_settings", "/login/oauth2/code/informer"), ("oauth2_proxy", "/oauth2/callback")]:
        assert f"People come back to https://stock.de-zon.example{missing}, and that address is not" in ways[name]
    for way in ("flask", "node", "dotnet", "apache"):
        assert f"{ADDRESS}. It is registered." in " ".join(ways[way].split())


def test_no_address_is_code(world: World, console: Browser, zon: KnownTenant) -> None:
    """R56: an address with signs that mean something in code is not put into any; the page says what is missing."""
    world.client("odd", tenant=zon, redirect_uris=['https://books.example/"+evil+"'])
    page = console.get(f"{LIST}/{row(world).id}/connect").page
    assert not [pre for pre in page.soup.select("pre") if "evil" in pre.get_text()]
    assert "that address is not registered" in page.text


def test_what_cannot_be_taken_is_shown_again(world: World, console: Browser) -> None:
    """With what is wrong; nothing is registered, and nothing that was typed is lost."""
    wrong = [
        ({"name": " "}, "Give the application a name"),
        ({"name": "x" * 201}, "Give the application a name"),
        ({"kind": "nonsense"}, "Say what kind"),
        ({"redirect_uris": "\n \n"}, "at least one address"),
    ]
    for said, words in wrong:
        register(console, **said)
        assert (console.status, words in (console.alert or "")) == (200, True), said
    register(console, redirect_uris="nonsense")
    assert console.page.one("textarea[name=redirect_uris]").get_text(strip=True) == "nonsense"
    assert console.page.one("input[name=name]")["value"] == "Stock"
    assert kinds(world) == []


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        ("http://stock.example/cb", "server", "It begins with https://"),
        ("http://stock.example/cb", "device", "It begins with https://, with http://127.0.0.1, or like"),
        ("com.example.app:/callback", "device", None),
        ("http://127.0.0.1/cb", "device", None),
        ("com.example.app:/callback", "server", "It begins with https://"),
        ("myapp:/callback", "device", "or like com.example.app:/callback"),
        ("stock.example/cb", "server", "Write the whole address"),
        ("https://", "server", "This is not the address of a page."),
        ("https://stock.example:x/cb", "server", "This is not the address of a page."),
        ("https://stock.example/cb#x", "server", "Leave out the #"),
        ("https://bert@stock.example/cb", "server", "before the @"),
        ("https://*.example/cb", "server", "a * stands for nothing"),
        ("https://stock.example/a b", "server", "a space or a letter"),
        ("https://stock.example/\u00e9", "server", "a space or a letter"),
        ("javascript:alert(1)", "server", "It begins with https://"),
        (f"https://stock.example/{'a' * 2000}", "server", "at most 2000 characters"),
        (f"{ADDRESS}\n\n {ADDRESS} ", "server", "It stands there twice."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_with_an_address(console: Browser, address: str, kind: str, words: str | None) -> None:
    """RFC 9700 section 2.1: said in words beside the address, the same before the form is sent and after."""
    console.get(NEW)
    filled = console.filled_form("Save", name="Stock", kind=kind, redirect_uris=address)
    said = checked(console, filled)["redirect_uris"]
    assert (words is None, len(said)) == (not said, 0 if words is None else 1)
    if words:
        console.send(filled)
        assert words in said[0]
        assert said[0] in (console.alert or "")


def test_every_address_has_its_own_sentence(world: World, console: Browser) -> None:
    """All faults at once, of both fields; the good ones are not spoken of; nothing is registered."""
    uris = f"{ADDRESS}\nhttp://one.example\nhttps://two.example/#x"
    register(console, redirect_uris=uris, post_logout_redirect_uris="three.example")
    alert = console.alert or ""
    assert [name in alert for name in (ADDRESS, "one.example", "two.example", "three.example")] == [False, *[True] * 3]
    wrong = console.page.soup.select("textarea[aria-invalid]")
    assert [area["name"] for area in wrong] == ["redirect_uris", "post_logout_redirect_uris"]
    assert kinds(world) == []


def test_addresses_are_checked_for_administrators(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """Whoever else is logged in gets 403; a form that is not ours 400."""
    browser = open_page(new_browser(), "/account/security", world.user("anna", zon))
    form = {"csrf_token": str(browser.page.one("[name=csrf_token]")["value"])}
    assert browser.http.post(f"{LIST}/check-addresses", data=form).status_code == 403
    assert browser.http.post(f"{LIST}/check-addresses", data={}).status_code == 400


def checked(browser: Browser, form: Form) -> dict[str, list[str]]:
    """What the script is answered with."""
    answer = browser.http.post(f"{LIST}/check-addresses", data=dict(form.values))
    assert answer.status_code == 200
    said: dict[str, list[str]] = answer.json()
    return said


def test_it_is_changed(world: World, console: Browser) -> None:
    """What the form says is saved; what is wrong changes nothing; saving the same again is no change."""
    register(console)
    page = f"{LIST}/{row(world).id}"
    for uris, name in [(f"{ADDRESS}\nhttps://two.example/cb", "Store"), ("http://x.example", "Store"), ("", "Store")]:
        console.get(f"{page}/change")
        console.send(console.filled_form("Save", name=name, redirect_uris=uris))
    assert "at least one address" in (console.alert or "")
    console.get(f"{page}/change")
    console.send(console.filled_form("Save", kind="device", redirect_uris="com.example.app:/cb"))
    assert "It begins with https://" in (console.alert or "")
    console.get(f"{page}/change")
    console.send(console.filled_form("Save"))
    assert console.path.startswith(page)
    assert (row(world).name, row(world).registration["redirect_uris"]) == ("Store", [ADDRESS, "https://two.example/cb"])
    assert kinds(world) == ["client.registered", "client.changed"]


def test_what_was_registered_beyond_the_form_holds(world: World, console: Browser, zon: KnownTenant) -> None:
    """Front-Channel Logout section 2: a new address that does not fit is refused in words, and nothing is changed."""
    out = "https://books.example/out"
    world.client("books", tenant=zon, frontchannel_logout_uri=out)
    page = f"{LIST}/{row(world).id}/change"
    console.get(page)
    console.send(console.filled_form("Save", redirect_uris=ADDRESS))
    assert "These addresses do not fit" in (console.alert or "")
    assert row(world).registration["redirect_uris"] == ["https://books.example/cb"]


def test_a_program_has_no_address_to_come_back_to(world: World, console: Browser, zon: KnownTenant) -> None:
    """RFC 6749 section 4.4: one that acts for itself is renamed without one."""
    world.client("robot", tenant=zon, redirect_uris=[], grant_types=["client_credentials"], response_types=[])
    page = f"{LIST}/{row(world).id}"
    console.get(f"{page}/change")
    console.send(console.filled_form("Save", name="Robot 2"))
    assert (console.path, row(world).name) == (page, "Robot 2")


def test_the_old_secret_works_for_a_day(
    world: World,
    console: Browser,
    zon: KnownTenant,
    new_browser: NewBrowser,
    new_rp: NewRelyingParty,
    clock: MovingClock,
) -> None:
    """So that the application can be given the new one without a moment in which neither works."""
    old = secret_of(register(console))
    console.get(f"{LIST}/{row(world).id}/secret").submit("Make a new secret")
    new = secret_of(console)
    assert new != old

    def judged(secret: str) -> int:
        rp: RelyingParty = new_rp(application(world, secret))
        status: int = rp.token(grant_type="refresh_token", refresh_token="x").status_code
        return status

    assert [judged(secret) for secret in (old, new, "")] == [400, 400, 401]
    clock.advance(hours=24)
    assert [judged(secret) for secret in (old, new)] == [401, 400]
    assert kinds(world) == ["client.registered", "client.secret_renewed"]


def test_it_is_switched_off_and_on(
    world: World, console: Browser, new_browser: NewBrowser, new_rp: NewRelyingParty
) -> None:
    """Off, it is unknown to the protocol; doing the same twice is no event."""
    rp: RelyingParty = new_rp(application(world, secret_of(register(console))))
    console.submit("Switch off")
    assert new_browser().get(rp.authorize_url()).status == 400
    console.post(f"{LIST}/{row(world).id}/switch", _off(console))
    console.submit("Switch on")
    assert new_browser().get(rp.authorize_url()).step == "password"
    console.post(f"{LIST}/{row(world).id}/switch", {**_off(console), "on": "yes"})
    assert kinds(world) == ["client.registered", "client.disabled", "client.enabled"]


def _off(browser: Browser) -> dict[str, str]:
    return {"csrf_token": str(browser.page.one("[name=csrf_token]")["value"]), "on": "no"}


def test_other_applications_are_unknown(world: World, console: Browser) -> None:
    """Another company's, everybody's, and none at all: 404 on every page, by GET and by POST."""
    other = world.tenant("fietsen-bv")
    world.client("theirs", tenant=other)
    world.client("everybodys")
    with world.unit_of_work() as session:
        ids = [*session.scalars(sa.select(Client.id)), uuid.uuid4()]
    form = {"csrf_token": str(console.get(NEW).page.one("[name=csrf_token]")["value"]), "name": "x"}
    for row_id in ids:
        for page in ("", "/change", "/secret", "/connect"):
            assert console.get(f"{LIST}/{row_id}{page}").status == 404
        for page in ("/change", "/secret", "/switch"):
            assert console.post(f"{LIST}/{row_id}{page}", form).status == 404
    assert "theirs" not in console.get(LIST).text


def test_the_form_waits_for_a_proof(world: World, console: Browser, bert: KnownUser, clock: MovingClock) -> None:
    """Who was away for a quarter of an hour proves again who they are, and finds what they typed."""
    console.get(NEW)
    form = console.filled_form("Save", name="Stock", redirect_uris=ADDRESS)
    clock.advance(minutes=16)
    console.send(form)
    console.login(bert)
    assert "Nothing is saved yet." in console.text
    assert console.page.one("input[name=name]")["value"] == "Stock"
    secret_of(console.submit("Save"))
    page = f"{LIST}/{row(world).id}/change"
    console.get(page)
    form = console.filled_form("Save", name="Store")
    clock.advance(minutes=16)
    console.send(form)
    console.login(bert)
    assert console.page.one("input[name=name]")["value"] == "Store"


def test_it_is_for_administrators(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """Whoever else is logged in gets 403."""
    browser = open_page(new_browser(), "/account/", world.user("anna", zon))
    assert [browser.get(page).status for page in (LIST, NEW)] == [403, 403]


@pytest.mark.both_stores
def test_the_list_is_read_page_by_page(world: World, in_app: Flask, zon: KnownTenant) -> None:
    """Each application stands on one page."""
    with world.unit_of_work() as session:
        session.add_all(
            Client(client_id=f"c{n:03}", tenant_id=zon.id, name=f"Client {n}", registration={}) for n in range(120)
        )
    seen, page = list[str](), lifecycle.page_of(zon.id)
    while True:
        seen += [client.client_id for client in page.clients]
        if page.after is None:
            break
        page = lifecycle.page_of(zon.id, page.after)
    assert seen == [f"c{n:03}" for n in range(120)]
