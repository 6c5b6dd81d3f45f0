"""The login history: a person's own logins and refused tries, with the reasons of each decision."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.accounts.users.queries import by_id
from idp.audit.models import AuditEvent
from idp.login.core.reasons import sentence
from idp.login.core.types import Demand
from idp.login.flow.explain import explain_login
from idp.reporting import login_history
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

HISTORY = "/account/security/history"


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


def lines(browser: Browser) -> list[str]:
    """What each line of the page says."""
    return [" ".join(row.get_text(" ").split()) for row in browser.page.soup.select("main ul.rows > li")]


def why(browser: Browser, line: int = 0) -> list[str]:
    """The reasons that a line gives."""
    return [li.get_text() for li in browser.page.soup.select("main ul.rows > li")[line].select("details li")]


def wrong_password(browser: Browser, user: KnownUser, times: int = 1) -> None:
    browser.get("/account/")
    for _ in range(times):
        browser.fill(username=user.username, password="wrong").submit()


def remember(world: World, user: KnownUser, count: int) -> None:
    """So many wrong answers of an hour ago, and as many events that are no logins."""
    with world.unit_of_work() as session:
        at = (world.clock.now() if world.clock else None) or pytest.fail("no clock")
        for n in range(count):
            for kind, detail in (("login.step_failed", {"step": "password"}), ("passkey.copied", {"n": n})):
                session.add(AuditEvent(at=at, kind=kind, user_id=user.id, network=f"192.0.2.{n}", detail=detail))


def test_a_login(anna: KnownUser, browser: Browser) -> None:
    """When, from where, with what, and of every step whether it was asked and why."""
    open_page(browser, HISTORY, anna)
    (line,) = lines(browser)
    assert line.startswith("Logged in")
    assert HOME in line
    assert "Password asked: every login begins with it" in why(browser)
    assert "TOTP asked: the user has set it up" in why(browser)


def test_the_application_is_named(anna: KnownUser, browser: Browser, rp: RelyingParty) -> None:
    """Whom the login was for."""
    browser.get(rp.authorize_url()).login(anna)
    assert "Informer Books" in lines(open_page(browser, HISTORY, anna))[0]


def test_it_says_what_explain_says(
    world: World, anna: KnownUser, browser: Browser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A7: the reasons of a login are those that `idp explain` gave just before, from the same function."""
    open_page(new_browser(), "/account/", anna)
    clock.advance(days=1)
    with world.unit_of_work():
        user = by_id(anna.id)
        assert user
        said = [sentence(reason) for reason in explain_login(user, address=HOME, demand=Demand())]
    open_page(browser, HISTORY, anna)
    assert why(browser) == said
    assert any(reason.startswith("TOTP not asked: known-IP grant of") for reason in said)


def test_a_wrong_answer(anna: KnownUser, browser: Browser, new_browser: NewBrowser) -> None:
    """What was answered wrongly, and from where."""
    wrong_password(new_browser(ELSEWHERE), anna)
    open_page(browser, HISTORY, anna)
    newest, older = lines(browser)
    assert newest.startswith("Logged in")
    assert older.startswith("Wrong answer: Password Refused")
    assert ELSEWHERE in older


def test_too_many_wrong_answers(anna: KnownUser, browser: Browser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """The fifth in a row is said to have slowed down whoever it was."""
    wrong_password(new_browser(ELSEWHERE), anna, 5)
    clock.advance(seconds=60)
    open_page(browser, HISTORY, anna)
    assert why(browser, 1) == ["Further answers were refused for 30 seconds."]
    assert lines(browser)[1].startswith("Too many wrong answers: Password")


def test_a_refused_login(world: World, browser: Browser, rp: RelyingParty) -> None:
    """Why nothing that was answered could help."""
    world.tenant("fietsen-bv")
    piet = world.user("piet", world.tenant("maan"))
    browser.get(rp.authorize_url(tenant="fietsen-bv")).login(piet)
    assert browser.landed
    open_page(browser, HISTORY, piet)
    refused = [line for line in lines(browser) if line.startswith("Login refused")]
    assert len(refused) == 1
    assert "Refused: the user does not work for the company that the request names" in refused[0]


def test_another_company_is_named(world: World, browser: Browser, rp: RelyingParty) -> None:
    """An accountant sees which company a login was for."""
    zon, fietsen = world.tenant(), world.tenant("fietsen-bv", name="Fietsen BV")
    eva = world.user("eva", zon, type="accountant", works_for=[fietsen])
    browser.get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    browser.get(HISTORY)
    assert "Fietsen BV" in lines(browser)[0]


def test_nobody_elses(world: World, anna: KnownUser, browser: Browser, new_browser: NewBrowser) -> None:
    """E1: a colleague's logins and tries are not here."""
    bea = world.user("bea", anna.tenant)
    open_page(new_browser(ELSEWHERE), HISTORY, bea)
    wrong_password(new_browser(ELSEWHERE), bea)
    assert len(lines(open_page(browser, HISTORY, anna))) == 1


@pytest.mark.both_stores
def test_page_by_page(world: World, anna: KnownUser, browser: Browser) -> None:
    """Twenty at a time, the newest first, each once, and back to the newest."""
    remember(world, anna, 45)
    open_page(browser, HISTORY, anna)
    seen = lines(browser)
    while "Older" in browser.page.links:
        seen += lines(browser.follow("Older"))
    addresses = [re.findall(r"[\d.]{7,}", line)[0] for line in seen]
    assert addresses == [HOME, *(f"192.0.2.{n}" for n in reversed(range(45)))]
    assert lines(browser.follow("The newest"))[0].startswith("Logged in")


def test_the_last_months(anna: KnownUser, browser: Browser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """What is older than half a year is not shown."""
    wrong_password(new_browser(), anna)
    clock.advance(days=182)
    assert len(lines(open_page(browser, HISTORY, anna))) == 2

    clock.advance(days=2, hours=7)
    assert len(lines(open_page(browser, HISTORY, anna))) == 2  # the two logins, not the try


@pytest.mark.parametrize(
    "query",
    ["before=", "before=x", "before=-1", "before=1&before=2", "before=" + "9" * 19, "before=%00", "before=٣"],
    ids=["empty", "no number", "negative", "twice", "huge", "NUL", "other digits"],
)
def test_no_such_page(anna: KnownUser, browser: Browser, query: str) -> None:
    """R19: what is no event is a bad request, in words."""
    open_page(browser, HISTORY, anna)
    assert browser.get(f"{HISTORY}?{query}").status == 400
    assert browser.text


def test_before_the_first(anna: KnownUser, browser: Browser) -> None:
    """A page without a line says so."""
    open_page(browser, HISTORY, anna)
    browser.get(f"{HISTORY}?before=1")
    assert "There is nothing here." in browser.text


def test_what_another_version_wrote(world: World, anna: KnownUser, browser: Browser) -> None:
    """Version N-1 reads what N writes: a step, a reason and a field that it does not know are left out."""
    detail = {"step": "iris", "reasons": [{"code": "new", "step": None, "asked": True}], "later": 1}
    with world.unit_of_work() as session:
        at = world.clock.now() if world.clock else None
        session.add(AuditEvent(at=at, kind="login.step_failed", user_id=anna.id, detail=detail))
    open_page(browser, HISTORY, anna)
    assert lines(browser)[1].startswith("Wrong answer Refused")
    assert not why(browser, 1)


def test_it_is_found_from_the_security_page(anna: KnownUser, browser: Browser) -> None:
    """One click from the sessions."""
    open_page(browser, "/account/security", anna).follow("Login history")
    assert browser.path == HISTORY


def plan(session: Session, statement: sa.Select[AuditEvent]) -> str:
    """How the database would answer."""
    postgres = session.get_bind().dialect.name == "postgresql"
    literal = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    if postgres:
        session.execute(sa.text("ANALYZE audit_events"))
    explain = "EXPLAIN" if postgres else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row) for row in session.execute(sa.text(f"{explain} {literal}")))


@pytest.mark.both_stores
def test_an_index_answers(world: World, anna: KnownUser) -> None:
    """E6: however many events there are, a page reads those of one person, in order, by an index."""
    with world.unit_of_work() as session:
        at = world.clock.now() if world.clock else None
        other = world.user("bea", anna.tenant)
        row: dict[str, object] = {"at": at, "kind": "login.step_failed", "detail": {}, "user_id": other.id}
        session.execute(sa.insert(AuditEvent), [row] * 4000 + [{**row, "user_id": anna.id}] * 40)
    with world.unit_of_work() as session:
        found = plan(session, login_history.select(anna.id, 5000).limit(21))
    assert "ix_audit_events_user_id_at_id" in found, found
    assert "Seq Scan" not in found
    assert "SCAN audit_events" not in found
