"""What the console says of the way until everybody is safe, and what it says then."""

from __future__ import annotations

from datetime import date

from tests.support.browser import Browser, NewBrowser
from tests.support.pages import change_settings, open_page
from tests.support.world import KnownTenant, KnownUser, World

SETTINGS, CENTER = "/console/settings", "/console/security-center"
TITLE = "Until everybody is safe"


def steps(browser: Browser) -> list[tuple[bool, str]]:
    """Whether each step is done, and what it says."""
    found = [" ".join(li.get_text(" ").split()) for li in browser.page.soup.select(".todo > li")]
    return [(text.startswith("Done:"), text.partition(": ")[2]) for text in found]


def test_each_step_is_named_until_it_is_done(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """Oneself, the people, mandatory, everybody: on the console's first page and in the security center."""
    chief = world.user("chief", world.tenant("alone"), type="administrator")
    assert [done for done, _ in steps(open_page(new_browser(), SETTINGS, chief))] == [False, False, False, False]
    browser = open_page(new_browser(), SETTINGS, bert)
    assert [done for done, _ in steps(browser)] == [True, False, False, True]
    world.user("anna", zon)
    assert [done for done, _ in steps(browser.get(CENTER))] == [True, True, False, False]
    assert "1 of 2 people have" in steps(browser)[3][1]
    world.plan(zon, date(2026, 11, 10))
    assert "becomes mandatory on 10 Nov 2026" in steps(browser.get(SETTINGS))[2][1]
    assert [done for done, _ in steps(browser)] == [True, True, True, False]


def test_everybody_is_safe(world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser) -> None:
    """Nothing is left to do: no list, and the security center says so; where it is not mandatory, also that."""
    world.user("anna", zon, totp=True)
    browser = open_page(new_browser(), CENTER, bert)
    assert "Everybody is safe. It is not mandatory yet" in browser.text
    change_settings(browser, bert, two_factor_mandatory=True)
    assert TITLE not in browser.text
    assert "Everybody is safe. Who comes new sets up" in browser.get(CENTER).text
    assert TITLE not in browser.text


def test_everybody_is_safe_before_the_day(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """A day that is decided is named: nothing is said to be optional."""
    world.plan(zon, date(2026, 11, 10))
    assert "Everybody is safe. From 10 Nov 2026 on" in open_page(new_browser(), CENTER, bert).text


def test_the_security_center_mails_them(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """B6: the button stands where they are seen, too, while there is somebody to mail."""
    world.user("anna", zon)
    browser = open_page(new_browser(), CENTER, bert).submit("Mail these people")
    assert "A mail is on its way" in browser.text
    assert browser.path == CENTER
    assert "Mail these people" not in browser.page.controls
