"""The settings of a tenant: who may see them, what Save does, and what becomes of input that waited too long."""

import pytest

from idp.audit.models import AuditEvent
from idp.tenancy.models import Tenant
from tests.support.browser import NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import change_settings, open_page
from tests.support.world import KnownTenant, KnownUser, World

SETTINGS = "/console/settings"
SWITCHES = ("two_factor_mandatory", "limit_two_factor_validity", "security_code", "known_ip_same_browser", "passkeys")


def test_the_console_leads_to_the_settings(new_browser: NewBrowser, bert: KnownUser) -> None:
    """Its address without a page leads there."""
    assert new_browser().get("/console/").login(bert).path == SETTINGS


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_each_switch_is_saved(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, switch: str, on: bool
) -> None:
    """A ticked box is on, an unticked one off; the others stay, also those that the page does not show."""
    world.policy(zon, **{switch: not on}, block_new_ip=True)
    before = policy(world, zon)
    change_settings(new_browser(), bert, **{switch: on})
    assert policy(world, zon) == {**before, switch: on}


def policy(world: World, tenant: KnownTenant) -> dict[str, bool]:
    with world.unit_of_work() as session:
        row = session.get(Tenant, tenant.id)
        return {name: getattr(row.policy, name) for name in row.policy.__dataclass_fields__}


def test_saving_says_so_and_is_recorded(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """The page says that it is saved; the audit log knows who changed what."""
    browser = open_page(new_browser(), SETTINGS, bert)
    browser.fill(two_factor_mandatory=True).submit("Save")
    assert "The settings are saved" in browser.text
    with world.unit_of_work() as session:
        event = session.query(AuditEvent).filter_by(kind="tenant.policy_changed").one()
        assert (event.tenant_id, event.actor_id) == (zon.id, bert.id)
        assert event.detail == {"changed": {"two_factor_mandatory": True}}


def test_it_says_who_has_no_two_factor(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """B6: before saving the administrator sees how many it concerns, and who; other companies' people are no part of it."""
    world.user("anna", zon)
    world.user("carla", zon, totp=True)
    world.user("daan", zon, disabled=True)
    world.user("frits", world.tenant("fietsen-bv"))
    browser = open_page(new_browser(), SETTINGS, bert)
    assert "1 of 3 people without two-factor authentication" in browser.text
    assert [li.get_text(strip=True) for li in browser.page.one("details").find_all("li")] == ["Anna"]


def test_it_says_how_we_see_the_administrator(new_browser: NewBrowser, bert: KnownUser) -> None:
    """C9: the settings page says it too."""
    assert "We see you as 203.0.113.7" in open_page(new_browser(), SETTINGS, bert).text


def test_stale_input_is_not_lost(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, clock: MovingClock
) -> None:
    """Save after 15 minutes asks password and code, then shows the form as it was filled in; nothing is saved until Save."""
    browser = open_page(new_browser(), SETTINGS, bert)
    clock.advance(minutes=16)
    browser.fill(two_factor_mandatory=True, security_code=False).submit("Save")
    assert browser.step == "password"
    browser.login(bert)
    assert (browser.path, browser.steps) == (SETTINGS, ["password", "security_code", "totp"])
    assert "Press Save to confirm" in browser.text
    assert browser.page.checked("two_factor_mandatory")
    assert not browser.page.checked("security_code")
    assert policy(world, zon)["two_factor_mandatory"] is False
    browser.submit("Save")
    assert policy(world, zon)["two_factor_mandatory"] is True
    assert policy(world, zon)["security_code"] is False


def test_input_waits_for_its_own_browser_only(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, clock: MovingClock
) -> None:
    """The address of a form that waits shows nothing to another browser."""
    browser = open_page(new_browser(), SETTINGS, bert)
    clock.advance(minutes=16)
    browser.fill(two_factor_mandatory=True).submit("Save").login(bert)
    address = browser.page.address
    colleague = world.user("cees", zon, type="administrator", totp=True)
    other = open_page(new_browser(), SETTINGS, colleague).get(address)
    assert not other.page.checked("two_factor_mandatory")
    assert "Press Save" not in other.text


@pytest.mark.parametrize("kind", ["employee", "accountant"])
def test_others_cannot_save(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, kind: str
) -> None:
    """R53: the form sent by hand is refused as well, with a page that says so."""
    form = open_page(new_browser(), SETTINGS, bert).filled_form("Save", two_factor_mandatory="on")
    anna = world.user("anna", zon, type=kind)
    browser = open_page(new_browser(), "/account/security", anna)
    form.fill("csrf_token", str(browser.page.one("input[name=csrf_token]")["value"]))
    assert browser.send(form).status == 403
    assert policy(world, zon)["two_factor_mandatory"] is False
    assert SETTINGS not in browser.get("/account/").page.links.values()


def test_it_needs_a_token(world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser) -> None:
    """R32: a form without this browser's token changes nothing."""
    browser = open_page(new_browser(), SETTINGS, bert)
    assert browser.post(SETTINGS, {"two_factor_mandatory": "on"}).status == 400
    assert policy(world, zon)["two_factor_mandatory"] is False


def test_making_it_mandatory_binds_the_administrator(world: World, new_browser: NewBrowser, zon: KnownTenant) -> None:
    """B1: who switches it on without having it is led to it at the very next page."""
    carla = world.user("carla", zon, type="administrator")
    browser = open_page(new_browser(), SETTINGS, carla)
    browser.fill(two_factor_mandatory=True).submit("Save")
    assert browser.step == "set_up_totp"
