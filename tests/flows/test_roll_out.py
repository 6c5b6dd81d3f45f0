"""Two-factor that becomes mandatory on a day: everywhere, from 00:00 in the Netherlands, without anybody doing anything."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp.accounts.factors import reminders
from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.cli import main, worker
from idp.outbox.jobs import CompanyToRemind
from idp.outbox.models import Queued, seal_owner
from idp.platform.extensions import db
from idp.platform.secrets import sealer
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Plan, Policy
from tests.support.browser import Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

Worked = Callable[[], list[tuple[str, str]]]
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
    tokens = rp.finish(browser.get(rp.authorize_url(scope="openid offline_access")).login(anna).submit(LATER))
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
        awaited = "Two-factor authentication becomes mandatory on" in browser.get("/console/security-center").text
        assert awaited is not holds
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
    assert browser.alert == "Nothing is saved yet: look at the day below."
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


# Reminders


@pytest.fixture
def worked(app: Flask, post: Post) -> Worked:
    """What a worker does within a minute: begin what is due, and deliver. Says which mails came in, to whom."""

    def work() -> list[tuple[str, str]]:
        with app.app_context():
            worker.remind(threading.Event())
            db.session.remove()
        return [(mail.to.partition("@")[0], mail.subject) for mail in post.deliver()]

    return work


def eight(days: int) -> datetime:
    """Eight in the morning, in the Netherlands, so many days before the day."""
    return datetime(2026, 11, 10, 7, tzinfo=UTC) - timedelta(days=days)


SUBJECT = "From 10 Nov 2026 on you need two-factor authentication"


@pytest.mark.both_stores
def test_whoever_has_none_is_reminded(
    world: World, zon: KnownTenant, anna: KnownUser, clock: MovingClock, worked: Worked, post: Post
) -> None:
    """14, 7 and 1 days before, at eight, each once; not whoever is safe, is gone, or is of another company."""
    world.user("carla", zon, totp=True)
    world.user("daan", zon, disabled=True)
    world.user("frits", world.tenant("fietsen-bv"))
    clock.at(eight(20))
    world.plan(zon, DAY)
    for days in (14, 7, 1):
        clock.at(eight(days) - INSTANT)
        assert worked() == []
        clock.at(eight(days))
        assert worked() == [("anna", SUBJECT)]
        assert worked() == []
        clock.at(eight(days) - timedelta(days=2))
        assert worked() == []
    assert "De Zon" in post.newest.text
    assert post.newest.link.endswith("/account/security/two-factor")
    clock.at(BEGINS)
    assert worked() == []


def test_a_worker_that_slept_sends_the_last_one(
    world: World, zon: KnownTenant, anna: KnownUser, clock: MovingClock, worked: Worked
) -> None:
    """Two that are due are one mail; none after the day has come, not even what was under way."""
    clock.at(eight(20))
    world.plan(zon, DAY)
    clock.at(eight(3))
    assert worked() == [("anna", SUBJECT)]
    clock.at(eight(1))
    with world.unit_of_work():
        assert reminders.begin_due(threading.Event()) == 1
    clock.at(BEGINS)
    assert worked() == []


def test_a_reminder_whose_time_is_over_is_not_sent(
    world: World, zon: KnownTenant, anna: KnownUser, clock: MovingClock, worked: Worked
) -> None:
    """A day that is set ten days before begins with the second reminder; moved, it has those of the new day."""
    clock.at(eight(10))
    world.plan(zon, DAY)
    assert worked() == []
    world.plan(zon, DAY + timedelta(days=5))
    clock.at(eight(9))
    assert worked() == [("anna", SUBJECT.replace("10 Nov", "15 Nov"))]


def test_what_is_under_way_looks_once_more(
    world: World, zon: KnownTenant, anna: KnownUser, clock: MovingClock, worked: Worked, browser: Browser
) -> None:
    """A day that is moved or removed, or a second factor of a moment ago, mean no mail."""
    clock.at(eight(20))
    daan = world.user("daan", zon)
    world.plan(zon, DAY)
    clock.at(eight(14))
    with world.unit_of_work():
        reminders.begin_due(threading.Event())
        (errand,) = (outbox_errand(row) for row in db.session.query(Queued).filter_by(kind="company_to_remind"))
        reminders.carry_out(errand)
    browser.get("/account/security/two-factor").login(anna)
    assert browser.steps[-1] == "set_up_totp"
    world.change(User, daan.id, disabled_at=clock.now())
    assert [subject for _, subject in worked() if subject == SUBJECT] == []
    world.plan(zon, DAY + timedelta(days=1))
    with world.unit_of_work():
        reminders.carry_out(errand)
        reminders.carry_out(replace(errand, tenant_id=str(uuid.uuid4())))
    assert worked() == []


def outbox_errand(row: Queued) -> CompanyToRemind:
    payload = sealer().open(str(row.payload_sealed), seal_owner(row.id))
    return CompanyToRemind(**json.loads(payload))


@pytest.mark.both_stores
def test_two_workers_begin_it_once(world: World, zon: KnownTenant, anna: KnownUser, clock: MovingClock) -> None:
    """One of them; the mark and the errand are one unit of work."""
    clock.at(eight(20))
    world.plan(zon, DAY)
    clock.at(eight(14))
    ready = Barrier(2)

    def begin(_number: int) -> int:
        ready.wait(timeout=300)
        with world.unit_of_work():
            return reminders.begin_due(threading.Event())

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(begin, range(2))) == [0, 1]
    with world.unit_of_work() as session:
        assert session.query(Queued).filter_by(kind="company_to_remind").count() == 1


def test_very_many_by_and_by(
    world: World, zon: KnownTenant, clock: MovingClock, worked: Worked, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E6: heap by heap; nobody twice."""
    monkeypatch.setattr(reminders, "HEAP", 2)
    for name in ("p1", "p2", "p3", "p4"):
        world.user(name, zon)
    clock.at(eight(20))
    world.plan(zon, DAY)
    clock.at(eight(7))
    assert sorted(name for name, _ in worked()) == ["p1", "p2", "p3", "p4"]


def test_told_as_soon_as_it_is_saved(
    world: World, zon: KnownTenant, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser, worked: Worked
) -> None:
    """Where the administrator says so; whoever was asked today is not asked again, neither by the button."""
    browser = open_page(new_browser(), SETTINGS, bert)
    browser.fill(two_factor_mandatory=True, mail_at_once=False, **{FIELD: "2026-11-20"}).submit("Save")
    assert worked() == []
    assert "reminded by mail: 6 Nov 2026, 13 Nov 2026, 19 Nov 2026" in browser.text
    browser.fill(mail_at_once=True).submit("Save")
    assert worked() == [("anna", SUBJECT.replace("10 Nov", "20 Nov"))]
    assert "Mail these people" not in open_page(browser, SETTINGS, bert).page.controls
    with world.unit_of_work() as session:
        event = session.query(AuditEvent).filter_by(kind="two_factor.reminded").one()
        assert (event.user_id, event.actor_id) == (anna.id, bert.id)


def test_the_button_names_the_day(
    planned: KnownTenant, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser, worked: Worked
) -> None:
    """B6: who is asked by hand meanwhile reads from when they need it."""
    open_page(new_browser(), SETTINGS, bert).submit("Mail these people")
    assert worked() == [("anna", SUBJECT)]


def test_told_of_nothing_where_there_is_no_day(
    zon: KnownTenant, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser, worked: Worked
) -> None:
    """The box alone, without a day, mails nobody."""
    open_page(new_browser(), SETTINGS, bert).fill(mail_at_once=True).submit("Save")
    assert worked() == []


# The note


NOTE = "From 10 Nov 2026 on you need two-factor authentication"
LATER = "Later, go on to Informer Books"


def test_the_user_page_says_from_when(
    planned: KnownTenant, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Calmly, and to whom it concerns only."""
    sentence = "From 10 Nov 2026 you need two-factor authentication"
    browser = new_browser().get("/account/").login(anna)
    assert (browser.path, sentence in browser.text) == ("/account/", True)
    assert sentence not in new_browser().get("/account/").login(bert).text
    clock.at(BEGINS)
    assert sentence not in new_browser().get("/account/").login(anna, until="set_up_totp").text


def test_later_goes_on(planned: KnownTenant, anna: KnownUser, rp: RelyingParty, browser: Browser) -> None:
    """After a login the note; Later leads where the login was for, whose address the page's policy allows."""
    browser.get(rp.authorize_url()).login(anna)
    assert (browser.status, browser.page.title.startswith(NOTE)) == (200, True)
    assert "form-action 'self' https://books.example" in browser.response.headers["content-security-policy"]
    assert rp.finish(browser.submit(LATER)).claims["acr"] == "urn:informer:acr:security-code"


def test_set_up_now_goes_on_afterwards(
    planned: KnownTenant, anna: KnownUser, rp: RelyingParty, browser: Browser
) -> None:
    """Nothing is asked that was proved just now; the application gets its answer. Cancel leads back to the note."""
    note = browser.get(rp.authorize_url()).login(anna).path
    browser.submit("Set up now")
    assert browser.step == "set_up_totp"
    assert browser.submit("Cancel").path == note
    browser.submit("Set up now").login(anna)
    assert rp.finish(browser).claims["amr"] == ["mfa", "otp", "pwd"]
    assert NOTE not in browser.get(note).text


@pytest.mark.parametrize(
    ("put_off", "shown_after"),
    [
        pytest.param(datetime(2026, 10, 20, 9, tzinfo=UTC), timedelta(days=7), id="long before"),
        pytest.param(datetime(2026, 11, 4, 9, tzinfo=UTC), timedelta(hours=12), id="in the last week"),
    ],
)
def test_later_counts_for_a_while(
    planned: KnownTenant,
    anna: KnownUser,
    rp: RelyingParty,
    new_browser: NewBrowser,
    clock: MovingClock,
    put_off: datetime,
    shown_after: timedelta,
) -> None:
    """A week; in the last week half a day."""
    clock.at(put_off)
    new_browser().get(rp.authorize_url()).login(anna).submit(LATER)
    clock.at(put_off + shown_after - INSTANT)
    assert new_browser().get(rp.authorize_url()).login(anna).landed
    clock.at(put_off + shown_after)
    assert NOTE in new_browser().get(rp.authorize_url()).login(anna).text


def test_a_note_that_is_over(
    world: World, planned: KnownTenant, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Another browser's and an unknown one lead to the user page; so does one that concerns nobody any more."""
    browser = new_browser().get(rp.authorize_url()).login(anna)
    note = browser.path
    other = new_browser().get("/account/").login(anna)
    assert other.get(note).submit("Later").path == "/account/"
    assert browser.get("/account/two-factor-soon/unknown").submit("Later").path == "/account/"
    form = browser.get(note).filled_form("Set up now")
    world.plan(planned, None)
    assert browser.send(form).step == "set_up_totp"
    world.policy(planned, two_factor_mandatory=False)
    assert browser.send(form).landed


def test_a_note_for_a_page_of_our_own(
    world: World, planned: KnownTenant, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """The console's administrator meets it as well; no application is named, and Later leads to the console."""
    chief = world.user("chief", planned, type="administrator")
    browser = new_browser().get("/console/users").login(chief)
    assert browser.page.title.startswith(NOTE)
    assert browser.submit("Later").path == "/console/users"
    clock.advance(minutes=16)
    assert browser.get("/console/users").login(chief).path == "/console/users"


def test_the_note_needs_a_token(planned: KnownTenant, anna: KnownUser, rp: RelyingParty, browser: Browser) -> None:
    """R32: a form without this browser's token puts nothing off; an old login is asked again, and comes back to it."""
    note = browser.get(rp.authorize_url()).login(anna).path
    assert browser.post(note, {"decision": "later"}).status == 400
    form = browser.get(note).filled_form(LATER)
    browser.get("/logout").submit()
    assert browser.get("/account/").step == "password"
    assert browser.send(form).login(anna).path == note


def test_an_invited_person_is_told(
    world: World, planned: KnownTenant, bert: KnownUser, new_browser: NewBrowser, post: Post
) -> None:
    """Where the first password is chosen, the day is named."""
    browser = open_page(new_browser(), "/console/users/invite", bert)
    browser.fill(username="nora", name="Nora", email="nora@de-zon.example").submit("Invite")
    (mail,) = post.deliver()
    link = mail.link.partition("://")[2].partition("/")[2]
    page = new_browser().get(f"/{link}").fill(new_password="zeven gele fietsen zingen").submit()
    assert "From 10 Nov 2026 on your company asks two-factor authentication" in page.text
