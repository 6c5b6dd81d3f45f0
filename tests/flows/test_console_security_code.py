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
