"""How long a company keeps its audit log: chosen in the console, carried out by the worker."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from idp.cli import worker
from idp.login.models import DailyFigures
from idp.platform import batches
from idp.platform.extensions import db
from idp.tenancy import audit_retention
from idp.tenancy.models import Tenant
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

PAGE = "/console/audit/retention"
A_YEAR = timedelta(days=365)
RUNNING = threading.Event()  # never set: nobody stops the work


@pytest.fixture(autouse=True)
def units() -> None:
    """Most events here are made up, without what they describe."""


@pytest.fixture
def choosing(bert: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert, before the choice."""
    return open_page(new_browser(), PAGE, bert)


class StoppedAtTheSecondLook(threading.Event):
    """Set while the first batch is at hand."""

    def is_set(self) -> bool:
        before = super().is_set()
        self.set()
        return before


def add(world: World, tenant: KnownTenant | None, age: timedelta, number: int, clock: MovingClock) -> None:
    """So many events of that age."""
    tenant_id = tenant.id if tenant else None
    row = {"at": clock.now() - age, "kind": "login.step_failed", "tenant_id": tenant_id, "detail": {"step": "password"}}
    with world.unit_of_work() as session:
        session.execute(sa.insert(AuditEvent), [row] * number)


def left(world: World, tenant: KnownTenant | None) -> int:
    tenant_id = tenant.id if tenant else None
    with world.unit_of_work() as session:
        made_up = sa.select(sa.func.count()).where(
            AuditEvent.tenant_id == tenant_id, AuditEvent.kind == "login.step_failed"
        )
        return int(session.scalar(made_up))


def chosen(world: World, tenant: KnownTenant) -> tuple[int, list[dict[str, int]]]:
    """The years of the tenant, and what the events of the change say."""
    with world.unit_of_work() as session:
        kind = AuditEvent.kind == "tenant.audit_retention_chosen"
        said = session.scalars(sa.select(AuditEvent.detail).where(kind, AuditEvent.tenant_id == tenant.id)).all()
        return session.get_one(Tenant, tenant.id).audit_years, list(said)


def test_two_years_unless_it_is_said(choosing: Browser) -> None:
    """A new company has that choice; the log and the login history say it."""
    assert choosing.page.one("input[name=years][checked]")["value"] == "2"
    assert "Events are kept for two years." in choosing.get("/console/audit").text
    assert "which your company keeps for two years." in choosing.get("/account/security/history").text


def test_longer_is_saved_at_once(world: World, zon: KnownTenant, choosing: Browser, clock: MovingClock) -> None:
    """Nothing goes, so nothing is asked; the change is an event, and the same again is none."""
    add(world, zon, 3 * A_YEAR, 4, clock)
    for _ in range(2):
        choosing.get(PAGE).fill(years="7").submit("Save")
        assert "Saved." in choosing.text
    assert chosen(world, zon) == (7, [{"years": 7, "before": 2}])


def test_shorter_asks_with_the_number_first(
    world: World, zon: KnownTenant, choosing: Browser, clock: MovingClock
) -> None:
    """How many events will go, with the file that has them; only the answer to that saves, and removes nothing itself."""
    add(world, zon, A_YEAR + timedelta(days=2), 3, clock)
    add(world, zon, timedelta(days=300), 5, clock)
    add(world, world.tenant("fietsen-bv"), 2 * A_YEAR, 9, clock)
    choosing.get(PAGE).fill(years="1").submit("Save")
    assert choosing.page.one("h2").get_text(strip=True) == "3 events will be removed"
    assert chosen(world, zon) == (2, [])
    link, form = choosing.page.links["Download as CSV"], choosing.filled_form("Remove what is older")
    assert len(choosing.get(link).response.text.splitlines()) == 1 + 3
    choosing.get(PAGE).send(form)
    assert "Saved." in choosing.text
    assert chosen(world, zon) == (1, [{"years": 1, "before": 2}])
    assert left(world, zon) == 8


def test_shorter_where_nothing_is_that_old(world: World, zon: KnownTenant, choosing: Browser) -> None:
    """There is nothing to ask."""
    choosing.fill(years="1").submit("Save")
    assert chosen(world, zon)[0] == 1


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([], id="missing"),
        pytest.param([("years", "")], id="empty"),
        pytest.param([("years", "1"), ("years", "7")], id="twice"),
        pytest.param([("years", "3")], id="no-choice"),
        pytest.param([("years", "0"), ("confirmed", "0")], id="none"),
        pytest.param([("years", "7" * 5000)], id="huge"),
        pytest.param([("years", "\u0661")], id="other-digits"),
    ],
)
def test_what_is_no_choice_saves_nothing(
    world: World, zon: KnownTenant, choosing: Browser, sent: list[tuple[str, str]]
) -> None:
    """And says so."""
    token = str(choosing.page.one("input[name=csrf_token]")["value"])
    choosing.post(PAGE, [("csrf_token", token), *sent])
    assert (choosing.status, choosing.alert) == (200, "Choose one of these. Nothing is saved.")
    assert chosen(world, zon) == (2, [])


@pytest.mark.settings(audit_years=3)
def test_the_operator_has_a_floor(world: World, zon: KnownTenant, choosing: Browser) -> None:
    """A company chooses from what is no shorter, and what it chose before counts as the floor."""
    assert [radio["value"] for radio in choosing.page.soup.select("input[name=years]")] == ["5", "7"]
    assert choosing.page.one("input[name=years][checked]")["value"] == "5"
    token = str(choosing.page.one("input[name=csrf_token]")["value"])
    choosing.post(PAGE, {"csrf_token": token, "years": "1", "confirmed": "1"})
    assert choosing.alert == "Choose one of these. Nothing is saved."


def test_it_is_for_administrators(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """Whoever else is logged in gets 403."""
    browser = open_page(new_browser(), "/account/", world.user("anna", zon))
    assert browser.get(PAGE).status == 403


@pytest.mark.both_stores
def test_the_worker_removes_what_is_older(
    world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each company what is older than it chose, of no company what is older than two years, batch by batch."""
    monkeypatch.setattr(batches, "AT_ONCE", 4)
    monkeypatch.setattr(batches, "HELD", 1e-9)
    other = world.tenant("fietsen-bv")
    world.change(Tenant, other.id, audit_years=5)
    clock.advance(days=1)
    for tenant in (zon, other, None):
        add(world, tenant, 2 * A_YEAR + timedelta(days=2), 10, clock)
        add(world, tenant, 2 * A_YEAR - timedelta(days=2), 3, clock)
    worker.close_days(RUNNING)
    worker.purge(RUNNING)
    assert [left(world, tenant) for tenant in (zon, other, None)] == [3, 13, 3]


def test_a_worker_that_is_stopped_goes_on_next_time(
    world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole batches are gone, the day stays open, and the next worker removes the rest."""
    monkeypatch.setattr(batches, "AT_ONCE", 4)
    monkeypatch.setattr(batches, "HELD", 1e-9)
    clock.advance(days=1)
    add(world, zon, 3 * A_YEAR, 10, clock)
    worker.close_days(StoppedAtTheSecondLook())
    assert left(world, zon) == 6
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DailyFigures)) == 0
    worker.close_days(RUNNING)
    assert left(world, zon) == 0


def test_a_leap_day_is_nobodys_end(in_app: Flask, clock: MovingClock) -> None:
    """A year before 29 February ends on the 28th."""
    clock.at(datetime(2028, 2, 29, 12, tzinfo=UTC))
    assert audit_retention.due(1) == datetime(2027, 2, 28, 12, tzinfo=UTC)


@pytest.mark.postgres_valkey
def test_what_is_older_is_found_by_an_index(world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """However long the log is, of this company and of others."""
    for tenant in (zon, world.tenant("fietsen-bv"), None):
        add(world, tenant, A_YEAR, 2_000, clock)
        add(world, tenant, 3 * A_YEAR, 50, clock)
    db.session.execute(sa.text("ANALYZE audit_events"))
    for tenant_id in (zon.id, None):
        oldest = sa.select(AuditEvent.id).where(*audit_retention._gone(tenant_id, 2)).limit(500)
        compiled = str(oldest.compile(db.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(db.session.scalars(sa.text(f"EXPLAIN {compiled}".replace(":", r"\:"))))
        assert "ix_audit_events_tenant_id_at_id" in plan
