"""Two-factor that becomes mandatory on a day: everywhere, from 00:00 in the Netherlands, without anybody doing anything."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp.audit.models import AuditEvent
from idp.cli import main
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Plan, Policy
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

SETTINGS = "/console/settings"
DAY = date(2026, 11, 10)
BEGINS = datetime(2026, 11, 9, 23, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
FIELD = "two_factor_mandatory_from"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """She has no second factor."""
    return world.user("anna", zon)


@pytest.fixture
def planned(world: World, zon: KnownTenant) -> KnownTenant:
    """The company in which two-factor becomes mandatory on the day."""
    world.plan(zon, DAY)
    return zon


def plan_of(world: World, tenant: KnownTenant) -> Plan:
    with world.unit_of_work() as session:
        plan: Plan = session.get_one(Tenant, tenant.id).plan
        return plan


def events(world: World) -> list[tuple[str, object]]:
    """What the audit log has of settings."""
    with world.unit_of_work() as session:
        found = session.query(AuditEvent).filter(AuditEvent.kind.startswith("tenant.")).order_by(AuditEvent.id)
        return [(event.kind.removeprefix("tenant."), event.detail) for event in found]


def run(app: Flask, *arguments: str) -> str:
    info = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
    return CliRunner().invoke(main, arguments, obj=info).stdout


@pytest.mark.both_stores
def test_it_holds_from_the_day_on(
    planned: KnownTenant, anna: KnownUser, browser: Browser, clock: MovingClock, world: World
) -> None:
    """An instant before the session opens pages, at 00:00 each leads to the setting up; with the clock set back they open.

    What is kept has not moved.
    """
    before = plan_of(world, planned)
    clock.at(BEGINS - INSTANT)
    assert open_page(browser, "/account/security", anna).steps == ["password", "security_code"]
    clock.at(BEGINS)
    assert browser.get("/account/security").step == "set_up_totp"
    clock.at(BEGINS - INSTANT)
    assert browser.get("/account/security").step is None
    assert plan_of(world, planned) == before


def test_applications_are_told_so(
    planned: KnownTenant, anna: KnownUser, rp: RelyingParty, browser: Browser, clock: MovingClock
) -> None:
    """prompt=none and a refresh token: an instant before they are answered, at 00:00 not any more."""
    clock.at(BEGINS - INSTANT)
    tokens = rp.finish(browser.get(rp.authorize_url(scope="openid offline_access")).login(anna))
    refresh_token = rp.refresh(tokens).json()["refresh_token"]
    assert "code" in rp.answer(browser.get(rp.authorize_url(prompt="none")))
    clock.at(BEGINS)
    assert rp.answer(browser.get(rp.authorize_url(prompt="none")))["error"] == "interaction_required"
    assert rp.refresh(refresh_token).json()["error"] == "invalid_grant"


def test_whoever_explains_says_so(
    app: Flask, planned: KnownTenant, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """`idp explain`, the simulator, the security center and `idp tenant show` know what holds at the moment."""
    for now, holds in [(BEGINS - INSTANT, False), (BEGINS, True)]:
        clock.at(now)
        steps = json.loads(run(app, "explain", "anna", "--ip", "203.0.113.7", "--json"))["steps"]
        assert ("set_up_totp" in [step["step"] for step in steps if step["asked"]]) is holds
        policy = json.loads(run(app, "tenant", "show", planned.slug, "--json"))["policy"]
        assert (policy["two_factor_mandatory"], policy[FIELD]) == (holds, "2026-11-10")
        browser = open_page(new_browser(), f"/console/users/{anna.id}/simulator", bert)
        foreseen = browser.page.soup.select("[data-foreseen] > li[data-asked]")
        assert ("set_up_totp" in [row["data-step"] for row in foreseen]) is holds
        offered = "Make two-factor authentication mandatory" in browser.get("/console/security-center").text
        assert offered is not holds
    assert re.search(rf"{FIELD} +2026-11-10", run(app, "tenant", "show", planned.slug))


def test_a_day_is_set_moved_and_removed(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """The box and a day: from then on. Another day moves it, no day: at once, no box: not at all.

    Each is an event; saving the same again is none.
    """
    browser = open_page(new_browser(), SETTINGS, bert)
    browser.fill(two_factor_mandatory=True, **{FIELD: "2026-11-10"}).submit("Save").submit("Save")
    assert plan_of(world, zon) == Plan(Policy(), DAY)
    assert browser.page.checked("two_factor_mandatory")
    assert browser.page.one(f"#{FIELD}")["value"] == "2026-11-10"
    browser.fill(**{FIELD: "2026-11-12"}).submit("Save")
    browser.fill(two_factor_mandatory=False).submit("Save")
    assert plan_of(world, zon) == Plan()
    assert browser.page.one(f"#{FIELD}")["value"] == ""
    browser.fill(two_factor_mandatory=True, **{FIELD: "2026-11-12"}).submit("Save")
    browser.fill(**{FIELD: ""}).submit("Save")
    assert plan_of(world, zon) == Plan(Policy(two_factor_mandatory=True))
    assert events(world) == [
        ("two_factor_day_set", {"day": "2026-11-10"}),
        ("two_factor_day_moved", {"before": "2026-11-10", "after": "2026-11-12"}),
        ("two_factor_day_removed", {"day": "2026-11-12"}),
        ("two_factor_day_set", {"day": "2026-11-12"}),
        ("policy_changed", {"changed": {"two_factor_mandatory": True}}),
        ("two_factor_day_removed", {"day": "2026-11-12"}),
    ]
    assert "Two-factor authentication becomes mandatory from a day on" in browser.get("/console/audit").text


def test_after_the_day_the_box_is_ticked(
    world: World, planned: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """The page shows what holds; saving it again changes nothing, and today as a day means at once."""
    clock.at(BEGINS)
    browser = open_page(new_browser(), SETTINGS, bert)
    assert browser.page.checked("two_factor_mandatory")
    assert browser.page.one(f"#{FIELD}")["value"] == ""
    browser.submit("Save")
    assert plan_of(world, planned) == Plan(Policy(), DAY)
    browser.fill(**{FIELD: "2026-11-10"}).submit("Save")
    assert plan_of(world, planned) == Plan(Policy(two_factor_mandatory=True))


@pytest.mark.parametrize(
    ("on", "typed", "sentence"),
    [
        pytest.param(True, "2026-11-02", "That day is over", id="over"),
        pytest.param(True, "2027-11-05", "within a year", id="far"),
        pytest.param(True, "soon", "soon is not a date", id="no date"),
        pytest.param(True, "2026-11-10" * 999, "is not a date", id="huge"),
        pytest.param(False, "2026-11-10", "Tick the box", id="without the box"),
    ],
)
def test_a_day_that_cannot_be(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, on: bool, typed: str, sentence: str
) -> None:
    """The page says what is wrong, keeps what was typed, and saves nothing."""
    browser = open_page(new_browser(), SETTINGS, bert)
    browser.fill(two_factor_mandatory=on, passkeys=False, **{FIELD: typed}).submit("Save")
    assert browser.alert == "The day is not right, and nothing is saved."
    assert sentence in browser.text
    assert not browser.page.checked("passkeys")
    assert plan_of(world, zon) == Plan()


def test_a_day_that_is_sent_twice(world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser) -> None:
    """It is none."""
    browser = open_page(new_browser(), SETTINGS, bert)
    form = browser.filled_form("Save", two_factor_mandatory="on", **{FIELD: "2026-11-10"})
    form.values.append((FIELD, "2026-11-11"))
    assert "2026-11-10 2026-11-11 is not a date" in browser.send(form).text
    assert plan_of(world, zon) == Plan()


def test_a_stale_day_is_not_lost(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """It waits with the rest of the form while the proof is renewed."""
    browser = open_page(new_browser(), SETTINGS, bert)
    clock.advance(minutes=16)
    browser.fill(two_factor_mandatory=True, **{FIELD: "2026-11-10"}).submit("Save").login(bert).submit("Save")
    assert plan_of(world, zon) == Plan(Policy(), DAY)
