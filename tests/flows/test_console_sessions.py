"""Who is at work for the company: what an administrator sees, and ends."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from idp.login.core.serialization import write_evidence
from idp.login.core.types import Evidence, Factor, StepName
from idp.login.models import BrowserSession
from idp.login.session import active
from idp.platform.extensions import db
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

SESSIONS = "/console/sessions"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon)


def names(browser: Browser) -> list[str]:
    return [h2.get_text(strip=True) for h2 in browser.page.soup.select(".rows h2")]


def add_many(world: World, user: KnownUser, number: int, clock: MovingClock) -> None:
    """Sessions of which two each were used at the same moment."""
    password = frozenset({StepName.PASSWORD})
    proof = Evidence(StepName.PASSWORD, clock.now(), frozenset({Factor.PASSWORD}), frozenset({"pwd"}), password)
    evidence = write_evidence([proof])
    with world.unit_of_work() as session:
        session.add_all(
            BrowserSession(
                secret_hash=f"{n:064}",
                user_id=user.id,
                tenant_id=user.tenant.id,
                evidence=evidence,
                epoch=1,
                seen_at=clock.now() - timedelta(seconds=n // 2),
                expires_at=clock.now() + timedelta(hours=1),
            )
            for n in range(number)
        )


def test_it_shows_who_is_at_work(world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser) -> None:
    """Everybody who is logged in for the company, from where; nobody of another one."""
    open_page(new_browser("198.51.100.4"), "/account/", anna)
    open_page(new_browser(), "/account/", world.user("frits", world.tenant("fietsen-bv")))
    browser = open_page(new_browser(), SESSIONS, bert)
    assert sorted(names(browser)) == ["Anna", "Bert"]
    assert "198.51.100.4" in browser.text
    assert "Frits" not in browser.text
    assert browser.follow("Anna").path == f"/console/users/{anna.id}"


def test_an_administrator_ends_a_session(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, rp: RelyingParty
) -> None:
    """The browser is logged out at once, what an application got through it is worth nothing, and who did it is kept."""
    hers = new_browser()
    hers.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(hers)
    browser = open_page(new_browser(), SESSIONS, bert)
    browser.submit("End")
    assert (browser.path, names(browser)) == (SESSIONS, ["Bert"])
    assert hers.get("/account/").step == "password"
    assert rp.refresh(tokens).json()["error"] == "invalid_grant"
    with world.unit_of_work() as session:
        ended = session.scalar(sa.select(AuditEvent).where(AuditEvent.kind == "session.ended"))
        assert (ended.user_id, ended.actor_id) == (anna.id, bert.id)
        assert ended.detail["because"] == "ended_by_administrator"


def test_sessions_of_others_are_unknown(world: World, bert: KnownUser, new_browser: NewBrowser) -> None:
    """Another company's session, an ended one and none at all: 404, and nothing is ended."""
    frits = world.user("frits", world.tenant("fietsen-bv"))
    his = open_page(new_browser(), "/account/", frits)
    with world.unit_of_work() as session:
        foreign = session.scalar(sa.select(BrowserSession.id).where(BrowserSession.user_id == frits.id))
    browser = open_page(new_browser(), "/console/settings", bert)
    form = {"csrf_token": str(browser.page.one("[name=csrf_token]")["value"])}
    for session_id in (foreign, uuid.uuid4()):
        assert browser.post(f"{SESSIONS}/{session_id}/end", form).status == 404
    assert his.get("/account/").path == "/account/"
    assert names(browser.get(f"{SESSIONS}?after={foreign}")) == []
    assert names(browser.get(f"{SESSIONS}?after=nonsense")) == ["Bert"]


# People who work for other companies too


OFFLINE = {"scope": "openid offline_access", "prompt": "consent"}


@pytest.fixture
def fietsen(world: World) -> KnownTenant:
    """A client of Eva's office."""
    return world.tenant("fietsen-bv", security_code=False)


@pytest.fixture
def fred(world: World, fietsen: KnownTenant) -> KnownUser:
    """The administrator there."""
    return world.user("fred", fietsen, type="administrator", totp=True)


@pytest.fixture
def eva(world: World, zon: KnownTenant, fietsen: KnownTenant) -> KnownUser:
    """An accountant of De Zon who works for Fietsen and for De Bakker as well."""
    return world.user("eva", zon, type="accountant", works_for=[fietsen, world.tenant("bakker", security_code=False)])


def at_work_for(
    rp: RelyingParty, browser: Browser, user: KnownUser, *companies: str, offline: bool = True
) -> list[Tokens]:
    """Tokens for these companies, one after the other, in one browser."""
    asked = OFFLINE if offline else {"scope": "openid"}
    return [rp.finish(browser.get(rp.authorize_url(tenant=slug, **asked)).login(user)) for slug in companies]


def end(browser: Browser, administrator: KnownUser, name: str) -> None:
    """Press the button beside that name."""
    open_page(browser, SESSIONS, administrator)
    (row,) = (row for row in browser.page.soup.select(".rows > *") if name in row.get_text())
    form = {str(field["name"]): str(field["value"]) for field in row.select("input[name]")}
    browser.post(str(row.select_one("form")["action"]), form)  # type: ignore[index]


@pytest.mark.both_stores
def test_a_guests_session_ends_for_this_company_alone(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, fred: KnownUser, fietsen: KnownTenant
) -> None:
    """R88: what Eva has for De Bakker and for her own office stays, her login too; at Fietsen everything is asked anew."""
    hers = new_browser()
    bakker, zon, here = at_work_for(rp, hers, eva, "bakker", "de-zon", "fietsen-bv")
    end(new_browser(), fred, "Eva")
    assert [rp.refresh(tokens).status_code for tokens in (bakker, zon, here)] == [200, 200, 400]
    assert hers.get("/account/").path == "/account/"
    rp.finish(hers.get(rp.authorize_url(tenant="bakker", prompt="none")))
    hers.get(rp.authorize_url(tenant="fietsen-bv", prompt="none"))
    assert rp.answer(hers)["error"] in {"login_required", "interaction_required"}
    assert hers.get(rp.authorize_url(tenant="fietsen-bv")).step == "password"
    assert rp.finish(hers.login(eva)).claims["tenant"] == "fietsen-bv"
    rp.finish(hers.get(rp.authorize_url(tenant="fietsen-bv", prompt="none")))
    with world.unit_of_work() as session:
        ended = session.scalar(sa.select(AuditEvent).where(AuditEvent.kind == "session.ended"))
        assert (ended.tenant_id, ended.user_id, ended.actor_id) == (fietsen.id, eva.id, fred.id)


def test_online_access_of_a_guest_for_others_goes_on(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, fred: KnownUser
) -> None:
    """R88: what lives as long as the login lives on, for the other company; for this one it is dead at once."""
    bakker, here = at_work_for(rp, new_browser(), eva, "bakker", "fietsen-bv", offline=False)
    end(new_browser(), fred, "Eva")
    assert [rp.userinfo(tokens).status_code for tokens in (bakker, here)] == [200, 401]


def test_a_guest_who_went_on_for_another_company(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, fred: KnownUser
) -> None:
    """R88, E3: pressed too late, it ends what was given for this company, and leaves her at work for the other one."""
    hers, his = new_browser(), open_page(new_browser(), SESSIONS, fred)
    (here,) = at_work_for(rp, hers, eva, "fietsen-bv")
    his.get(SESSIONS)
    (row,) = (row for row in his.page.soup.select(".rows > *") if "Eva" in row.get_text())
    form = {str(field["name"]): str(field["value"]) for field in row.select("input[name]")}
    action = str(row.select_one("form")["action"])  # type: ignore[index]
    (bakker,) = at_work_for(rp, hers, eva, "bakker")
    assert his.post(action, form).status == 200
    assert [rp.refresh(tokens).status_code for tokens in (bakker, here)] == [200, 400]
    assert rp.finish(hers.get(rp.authorize_url(prompt="none"))).claims["tenant"] == "bakker"
    assert his.post(action, form).status == 404


def test_her_own_company_ends_the_login_and_nothing_that_others_gave(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser
) -> None:
    """R88, E5: the login is the office's to end, offline access for a client of the office is that client's."""
    hers = new_browser()
    fietsen, zon = at_work_for(rp, hers, eva, "fietsen-bv", "de-zon")
    end(new_browser(), bert, "Eva")
    assert [rp.refresh(tokens).status_code for tokens in (fietsen, zon)] == [200, 400]
    assert hers.get("/account/").step == "password"


def test_it_is_for_administrators(anna: KnownUser, new_browser: NewBrowser) -> None:
    """Whoever else is logged in gets 403."""
    assert open_page(new_browser(), "/account/", anna).get(SESSIONS).status == 403


@pytest.mark.both_stores
def test_pages_together_are_the_whole(world: World, in_app: Flask, anna: KnownUser, clock: MovingClock) -> None:
    """Each session stands on one page, also where two were used at the same moment; one that lies idle on none."""
    add_many(world, anna, 60, clock)
    world.policy(anna.tenant, session_idle_minutes=60)
    whole = [one.session.id for one in active.page_of(anna.tenant.id, size=1000).at_work]
    by_pages, page = list[uuid.UUID](), active.page_of(anna.tenant.id, size=7)
    while True:
        by_pages += [one.session.id for one in page.at_work]
        if page.after is None:
            break
        page = active.page_of(anna.tenant.id, page.after, size=7)
    assert by_pages == whole
    assert len(set(whole)) == 60
    clock.advance(minutes=59, seconds=45)
    db.session.expire_all()
    assert len(active.page_of(anna.tenant.id, size=1000).at_work) == 30
