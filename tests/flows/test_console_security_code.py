"""The company's security code in the console: read, and changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from idp.audit.models import AuditEvent
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

CODE = "/console/security-code"


@pytest.fixture
def settings(bert: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert on the settings page."""
    return open_page(new_browser(), "/console/settings", bert)


def kinds(world: World, bert: KnownUser) -> list[str]:
    with world.unit_of_work() as session:
        mine = sa.select(AuditEvent.kind).where(AuditEvent.actor_id == bert.id)
        return list(session.scalars(mine.order_by(AuditEvent.id)))


def shown(browser: Browser) -> str:
    return browser.page.one("[data-security-code]").get_text(strip=True)


def test_it_is_shown_when_asked_for(world: World, zon: KnownTenant, bert: KnownUser, settings: Browser) -> None:
    """Not before, and that it was looked at is kept."""
    settings.follow("Show the security code")
    assert zon.code not in settings.response.text
    assert shown(settings.submit("Show the security code")) == zon.code
    assert kinds(world, bert) == ["tenant.security_code_shown"]


def test_it_stays_in_sight_for_a_while(
    zon: KnownTenant, bert: KnownUser, settings: Browser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Reload and Back show it again, for five minutes, and only there; the address alone shows nothing to anybody."""
    settings.get(CODE).submit("Show the security code")
    address = settings.page.address
    assert shown(settings.get(address)) == zon.code
    assert zon.code not in open_page(new_browser(), CODE, bert).get(address).response.text
    clock.advance(minutes=5)
    assert zon.code not in settings.get(address).response.text
    assert settings.page.controls[:1] == ["Show the security code"]


@pytest.mark.both_stores
def test_of_two_tabs_one_rotates(world: World, zon: KnownTenant, bert: KnownUser, settings: Browser) -> None:
    """A second press, a form sent again, another administrator: who is too late changes nothing, and is told."""
    settings.submit("Rotate security code")
    form = settings.filled_form("Rotate security code")
    new = shown(settings.send(form))
    assert settings.page.one("[role=status]").get_text(strip=True).startswith("There is a new code.")
    settings.send(form)
    assert "Nothing is changed now" in settings.text
    assert shown(settings.submit("Show the security code")) == new
    assert kinds(world, bert) == ["tenant.security_code_rotated", "tenant.security_code_shown"]


def test_a_proof_in_between_loses_nothing(
    world: World, zon: KnownTenant, bert: KnownUser, settings: Browser, clock: MovingClock
) -> None:
    """After 15 minutes both buttons ask who it is first, then say what is left to do; nothing has happened by then."""
    for button, words in [("Show the security code", "Press the button once more"), ("Rotate security code", "Cancel")]:
        open_page(settings, CODE, bert)
        if words == "Cancel":
            settings.submit(button)
        clock.advance(minutes=16)
        assert settings.submit(button).step == "password"
        settings.login(bert)
        assert words in settings.text
        assert button in settings.page.controls
    assert kinds(world, bert) == []


def test_who_must_be_told(
    world: World, zon: KnownTenant, bert: KnownUser, settings: Browser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Whoever has not logged in since; the accountants of other offices as well. Nothing, where the code was never another one."""
    anna = world.user("anna", zon)
    world.user("iris", world.tenant("kantoor"), type="accountant", works_for=[zon])
    assert "Who must be told" not in settings.get(CODE).text
    settings.submit("Rotate security code")
    assert (
        "everybody: 2 people. They learn the new one from you; who is logged in stays so. Accountants of other offices who need it as well: 1."
        in settings.text
    )
    clock.advance(minutes=1)
    zon.code = shown(settings.submit("Rotate security code"))
    told = "2 of 2 people have not logged in since there is this code. See who Anna Bert"
    assert told in settings.text
    assert "Accountants of other offices who type it as well: 1" in settings.page.links
    open_page(new_browser(), "/account/", anna)
    assert "1 of 2 people have not logged in since" in settings.get(CODE).text
    open_page(new_browser(), "/account/", bert)
    clock.advance(minutes=20)
    assert "Everybody has logged in since there is this code." in open_page(settings, CODE, bert).text


def test_it_is_rotated(
    world: World, zon: KnownTenant, bert: KnownUser, settings: Browser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Asked once more; then the old code is wrong, the new one right, and no 30-day grant counts (C5)."""
    anna = world.user("anna", zon, totp=True, every_30_days=True)
    open_page(new_browser(), "/account/", anna)
    clock.advance(days=1)
    open_page(settings, "/console/settings", bert).submit("Rotate security code")
    settings.submit("Rotate security code")
    new = shown(settings)
    assert new != zon.code
    assert kinds(world, bert) == ["tenant.security_code_rotated"]
    browser = new_browser()
    browser.get("/account/").fill(username=anna.username, password=anna.password).submit()
    assert browser.fill(security_code=zon.code).submit().step == "security_code"
    assert browser.fill(security_code=new).submit().step == "totp"
    assert "The same since 4 Nov 2026." in settings.get(CODE).text


def test_it_is_for_administrators(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """Whoever else is logged in sees nothing and changes nothing."""
    anna = world.user("anna", zon)
    browser = open_page(new_browser(), "/account/security", anna)
    form = {"csrf_token": str(browser.page.one("[name=csrf_token]")["value"])}
    assert [browser.get(page).status for page in (CODE, f"{CODE}/rotate")] == [403, 403]
    assert [browser.post(f"{CODE}/{what}", form).status for what in ("show", "rotate")] == [403, 403]
    assert zon.code not in browser.text
