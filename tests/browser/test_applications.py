"""The company's applications in a real browser: what only exists with script, and how the pages look."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPerson, Person
from tests.support.server import Server
from tests.support.world import KnownUser

pytestmark = pytest.mark.slow
ADDRESS = "https://stock.example/callback"


@pytest.fixture
def bert(live: Server) -> KnownUser:
    """The administrator of a company of his own."""
    world = live.new_world()
    return world.user("bert", world.tenant("de-zon"), type="administrator", totp=True)


def at(person: Person, live: Server, bert: KnownUser, path: str) -> None:
    """Go to a page of the console, and log in where that is asked."""
    person.page.goto(f"{live.issuer}{path}")
    person.log_in(bert)


def test_addresses_are_checked_as_they_are_typed(live: Server, new_person: NewPerson, bert: KnownUser) -> None:
    """What is wrong is said when the field is left, and no more once it is mended or another kind allows it."""
    person = new_person(390)
    at(person, live, bert, "/console/applications/new")
    area, said = person.page.locator("#redirect_uris"), person.page.locator("#redirect_uris-wrong")
    area.fill(f"{ADDRESS}\nmy.app:/callback")
    area.blur()
    expect(said).to_have_text("my.app:/callback: It begins with https://, so that nobody on the way can read along.")
    expect(area).to_have_attribute("aria-invalid", "true")
    person.picture("wrong")
    person.page.locator("#kind-device").check()
    expect(said).to_be_empty()
    person.page.locator("#kind-server").check()
    expect(said).not_to_be_empty()
    area.press_sequentially("x")
    area.fill(ADDRESS)
    expect(said).to_be_empty()
    expect(area).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("locale", ["en", "nl"])
def test_what_some_applications_need(live: Server, new_person: NewPerson, locale: str) -> None:
    """The choices of the form, and why an application was refused, fit a telephone and a desk, in both languages."""
    world = live.new_world()
    bert = world.user("bert", world.tenant("de-zon"), type="administrator", totp=True, locale=locale)
    client = world.client("stock", tenant=bert.tenant, redirect_uris=[ADDRESS])
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client.client_id}
    refused = httpx.post(f"{live.issuer}/token", data={**form, "client_secret": "x"}, trust_env=False, timeout=30)
    assert refused.status_code == 401
    phone, desk = new_person(390), new_person(1280)
    for person, width in ((phone, 390), (desk, 1280)):
        at(person, live, bert, "/console/applications/new")
        box = person.page.locator("#client_secret_in_header_or_form")
        expect(box).to_be_checked()
        expect(person.page.locator("#cannot_do_pkce")).not_to_be_checked()
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width
        person.picture(f"new-{width}-{locale}")
        person.page.goto(f"{live.issuer}/console/applications")
        person.press(client.client_id.title())
        expect(person.page.locator("#refusal")).to_be_visible()
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width
        person.picture(f"refused-{width}-{locale}")
        person.page.goto(f"{person.page.url}/connect")
        person.page.locator("summary", has_text="Streamlit").click()
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width
        person.picture(f"connect-{width}-{locale}")


def test_a_text_is_copied(live: Server, new_person: NewPerson, bert: KnownUser) -> None:
    """Each text has a button that puts it on the clipboard as it is printed; without script there is none."""
    client = live.new_world().client("stock", tenant=bert.tenant, redirect_uris=[ADDRESS])
    person, plain = new_person(390), new_person(1280, script=False)
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for somebody in (person, plain):
        at(somebody, live, bert, "/console/applications")
        somebody.press(client.client_id.title())
        somebody.press("How to connect")
        somebody.page.locator("summary", has_text="Django (Python)").click()
    person.page.locator("button[data-copy=snippet-django_urls]").click()
    expect(person.page.locator("button[data-copy=snippet-django_urls]")).to_have_text("Copied")
    copied = person.page.evaluate("navigator.clipboard.readText()")
    assert copied == person.page.locator("#snippet-django_urls").inner_text().strip()
    person.picture("connect-390")
    plain.picture("connect-1280")
    assert not plain.page.locator("button[data-copy]").first.is_visible()
