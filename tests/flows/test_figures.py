"""The figures of the security center: logins, failures and the share of the safe, day by day, as the audit log has them."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections import Counter
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.events import LoginCompleted, LoginRefused, StepFailed
from idp.audit.models import AuditEvent
from idp.cli import worker
from idp.login.models import DailyFigures
from idp.platform.extensions import db
from idp.reporting import daily_counts, login_counts
from idp.reporting.login_counts import Failure, Proof
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.passkeys import add_passkey, use
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

CENTER = "/console/security-center"
RUNNING = threading.Event()  # never set: nobody stops the work


@pytest.fixture(autouse=True)
def units() -> None:
    """Some events here are made up, without what they describe."""


def table(browser: Browser, which: str) -> dict[str, dict[str, str]]:
    """The table behind a figure: by day the number of each kind."""
    section = browser.page.one(f"section[aria-labelledby={which}]")
    kinds = [th.get_text(strip=True) for th in section.select("thead th")][1:]
    rows = section.select("tbody tr")
    numbers = {row.th.get_text(strip=True): [td.get_text(strip=True) for td in row.select("td")] for row in rows}  # type: ignore[union-attr]
    return {day: dict(zip(kinds, cells, strict=True)) for day, cells in numbers.items()}


def today_of(browser: Browser, which: str) -> dict[str, str]:
    return next(iter(table(browser, which).values()))


def made_up(tenant: KnownTenant, at: object, number: int = 1, **detail: object) -> None:
    """Logins in the audit log that nobody made. The caller commits."""
    said = {"amr": ["otp", "pwd", "mfa"], "reasons": [], **detail}
    row = {"at": at, "kind": LoginCompleted.kind, "tenant_id": tenant.id, "detail": said}
    db.session.execute(sa.insert(AuditEvent), [row] * number)


def rows_of(tenant: KnownTenant) -> dict[date, dict[str, int]]:
    mine = sa.select(DailyFigures).where(DailyFigures.tenant_id == tenant.id)
    return {row.day: row.counts for row in db.session.scalars(mine)}


def log_in_each_way(world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """By passkey, TOTP, recovery code, known address and password, and with wrong answers before."""
    url = rp.authorize_url()
    carla = world.user("carla", zon, totp=True, recovery_codes=True)
    dirk = world.user("dirk", zon, totp=True, every_30_days=True)
    anna, phone = world.user("anna", zon), Authenticator()
    add_passkey(new_browser(), anna, phone)
    use(new_browser().get(url), phone)
    new_browser().get(url).login(carla, recovery_code=carla.recovery_codes[0])
    new_browser().get(url).login(dirk)
    new_browser().get(url).login(dirk)
    browser = new_browser().get(url)
    browser.fill(username="carla", password="not the right one").submit()
    browser.login(carla, until="security_code").fill(security_code="000000").submit()
    browser.login(carla, until="totp").fill(totp=carla.wrong_totp()).submit()
    assert browser.step == "totp"


@pytest.mark.both_stores
def test_a_login_counts_by_its_strongest_proof(
    world: World, zon: KnownTenant, bert: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Each way of logging in has a figure of its own, each wrong answer that of its step; the table says the same."""
    log_in_each_way(world, zon, rp, new_browser)
    browser = open_page(new_browser(), CENTER, bert)
    assert today_of(browser, "logins") == {
        "Passkey": "1",
        "Code of an authenticator app": "2",
        "Recovery code": "1",
        "Password, from a known IP address": "1",
        "Password only": "1",
    }
    assert today_of(browser, "failures") == {"Password": "1", "Security code": "1", "Second factor": "1"}
    assert len(browser.page.soup.select(".strip svg[role=img]")) == 8


def test_the_audit_log_says_the_same(
    world: World, zon: KnownTenant, bert: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Whoever follows a day of the table to the log, and counts there, finds the sums of that day."""
    log_in_each_way(world, zon, rp, new_browser)
    browser = open_page(new_browser(), CENTER, bert)
    sums = [sum(map(int, today_of(browser, which).values())) for which in ("logins", "failures")]
    day = str(browser.page.one("section[aria-labelledby=logins] tbody a")["href"])
    browser.get(day.replace("/console/audit?", "/console/audit.csv?"))
    kinds = Counter(row["kind"] for row in csv.DictReader(io.StringIO(browser.response.text)))
    assert sums == [kinds[LoginCompleted.kind], kinds[StepFailed.kind] + kinds[LoginRefused.kind]]


def test_a_login_counts_for_whom_it_was(
    world: World, zon: KnownTenant, bert: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """An accountant's login for the company counts there, not at the accountant's office, and nothing of others counts."""
    office = world.tenant("kantoor")
    eva = world.user("eva", office, type="accountant", totp=True, works_for=[zon])
    olaf = world.user("olaf", office, type="administrator", totp=True)
    new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    browser = open_page(new_browser(), CENTER, bert)
    assert today_of(browser, "logins") == {"Code of an authenticator app": "2"}
    browser = open_page(new_browser(), CENTER, olaf)
    assert today_of(browser, "logins") == {"Code of an authenticator app": "1"}


def test_a_new_company_has_sentences(bert: KnownUser, new_browser: NewBrowser) -> None:
    """Where nothing happened there is no empty figure."""
    browser = open_page(new_browser(), CENTER, bert)
    assert "Nothing was answered wrongly in the last thirty days." in browser.text
    assert "From tomorrow on, you see here how this share grows." in browser.text
    assert browser.page.soup.select("svg.line") == []


@pytest.mark.both_stores
def test_a_day_that_is_over_is_kept(
    world: World, in_app: Flask, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Once, by the worker, with how many are safe; it stands when its events are gone, and on the page of the next days."""
    world.user("anna", zon)
    made_up(zon, clock.now(), 3)
    db.session.commit()
    first = clock.now().date()
    clock.advance(days=1)
    worker.close_days(RUNNING)
    kept = rows_of(zon)
    assert kept == {first: {Proof.TOTP: 3, "people": 2, "safe": 1}}
    db.session.execute(sa.delete(AuditEvent))
    db.session.commit()
    worker.close_days(RUNNING)
    assert rows_of(zon) == kept
    browser = open_page(new_browser(), CENTER, bert)
    days = list(table(browser, "logins").values())
    assert [day["Code of an authenticator app"] for day in days[:3]] == ["1", "3", "0"]
    shares = browser.page.one("section[aria-labelledby=figures] tbody").get_text(" ", strip=True)
    assert shares.endswith("1 2 50%")


@pytest.mark.both_stores
def test_missed_days_are_counted_later(world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """Each gets its own, the ends of days included; who was safe then, nobody knows any more."""
    begins = login_counts.begins(clock.now().date())
    for days, number in ((0, 1), (1, 2), (2, 4)):
        made_up(zon, begins + timedelta(days=days), number)
        made_up(zon, begins + timedelta(days=days + 1, microseconds=-1), number, amr=["pwd"])
    db.session.commit()
    clock.at(begins + timedelta(days=3, hours=5))
    worker.close_days(RUNNING)
    assert list(rows_of(zon).values()) == [
        {Proof.TOTP: 1, Proof.PASSWORD: 1},
        {Proof.TOTP: 2, Proof.PASSWORD: 2},
        {Proof.TOTP: 4, Proof.PASSWORD: 4, "people": 0, "safe": 0},
    ]


def test_a_row_of_another_worker_stands(world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """Who comes second to the same day, or counted while the other wrote, changes nothing."""
    clock.advance(days=2)
    (tenant,) = daily_counts.whom(10)
    daily_counts.keep(tenant)
    before = rows_of(zon)
    made_up(zon, clock.now() - timedelta(days=1))
    daily_counts.keep(tenant)
    newest = max(before)
    db.session.execute(sa.delete(DailyFigures).where(DailyFigures.day != newest))
    assert daily_counts.whom(10) == []
    assert rows_of(zon) == {newest: before[newest]}


def test_a_worker_that_is_told_to_stop_leaves(in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """What it did not count waits for the next one."""
    clock.advance(days=1)
    stopped = threading.Event()
    stopped.set()
    worker.close_days(stopped)
    assert rows_of(zon) == {}


def test_the_page_waits_for_no_worker(
    world: World, in_app: Flask, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Yesterday and today are counted on the spot; of older days it says that they are not counted yet."""
    made_up(zon, clock.now(), 5)
    clock.advance(days=2)
    made_up(zon, clock.now() - timedelta(days=1), 7)
    db.session.commit()
    browser = open_page(new_browser(), CENTER, bert)
    days = list(table(browser, "logins").values())
    assert [day["Code of an authenticator app"] for day in days[:4]] == ["1", "7", "–", "0"]
    assert "Some days are not counted yet." in browser.text


def test_old_rows_go(in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """After more than a year no figure shows them."""
    clock.advance(days=1)
    worker.close_days(RUNNING)
    clock.advance(days=daily_counts.KEPT.days + worker.KEPT.days - 1)
    worker.purge(RUNNING)
    assert len(rows_of(zon)) == 1
    clock.advance(days=1)
    worker.purge(RUNNING)
    assert rows_of(zon) == {}


def test_the_line_thins_out(
    world: World, in_app: Flask, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Of a year one day a week is drawn, up to today, and the table has the same days."""
    now = clock.now().date()
    counts = ({"people": 10, "safe": day // 100} for day in range(1000))
    db.session.execute(
        sa.insert(DailyFigures),
        [{"tenant_id": zon.id, "day": now - timedelta(days=364 - n), "counts": next(counts)} for n in range(364)],
    )
    db.session.commit()
    browser = open_page(new_browser(), CENTER, bert)
    section = browser.page.one("section[aria-labelledby=figures]")
    assert len(section.select("svg .stroke")) == len(section.select("tbody tr")) - 1 == 52
    assert section.select("tbody tr")[0].get_text(" ", strip=True).endswith("1 1 100%")
    assert [text.get_text() for text in section.select("svg .said")] == ["100%"]


@pytest.mark.parametrize(
    ("amr", "known_ip", "expected"),
    [
        pytest.param(["hwk", "user", "mfa"], False, Proof.PASSKEY, id="key"),
        pytest.param(["swk", "user", "pwd", "otp", "mfa"], True, Proof.PASSKEY, id="synced-beside-others"),
        pytest.param(["otp", "pwd", "mfa"], True, Proof.TOTP, id="totp"),
        pytest.param(["pwd", "mfa"], False, Proof.RECOVERY_CODE, id="recovery-code"),
        pytest.param(["pwd"], True, Proof.KNOWN_IP, id="known-ip"),
        pytest.param([], False, Proof.PASSWORD, id="password"),
    ],
)
def test_how_a_login_was_proved(amr: list[str], known_ip: bool, expected: Proof) -> None:
    """The strongest proof counts; a known address counts where there was no second factor."""
    assert login_counts.proof(amr, known_ip=known_ip) is expected


def test_what_an_older_version_wrote_counts(in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """A step that is not known, a refusal, and a login without its methods are counted, once each."""
    for kind, detail in ((StepFailed.kind, {"step": "riddle"}), (LoginRefused.kind, {}), (LoginCompleted.kind, {})):
        db.session.add(AuditEvent(at=clock.now(), kind=kind, tenant_id=zon.id, detail=detail))
    today = daily_counts.today()
    assert login_counts.counted(zon.id, [today]) == {today: {Failure.OTHER: 2, Proof.PASSWORD: 1}}


@pytest.mark.postgres_valkey
def test_a_day_is_read_from_an_index(world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """Of a long log only the events of the asked days are read."""
    for minutes in range(0, 60 * 24 * 40, 40):
        made_up(zon, clock.now() - timedelta(minutes=minutes), 3)
    db.session.execute(sa.text("ANALYZE audit_events"))
    compiled = str(
        login_counts.select(zon.id, [daily_counts.today()]).compile(db.engine, compile_kwargs={"literal_binds": True})
    )
    answer = db.session.scalar(
        sa.text(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}".replace("%%", "%").replace(":", r"\:"))
    )
    assert "ix_audit_events_tenant_id_at_id" in json.dumps(answer)
    assert "Seq Scan" not in json.dumps(answer)
