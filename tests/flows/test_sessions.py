"""The sessions card of the security page: where a person is logged in, and how that ends."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from idp.accounts.users import browsers
from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession, KnownIpGrant
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SECURITY = "/account/security"


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant())


@pytest.fixture
def here(anna: KnownUser, browser: Browser) -> Browser:
    return open_page(browser, SECURITY, anna)


@pytest.fixture
def elsewhere(anna: KnownUser, here: Browser, new_browser: NewBrowser) -> Browser:
    """A second browser of hers, at another address."""
    other = new_browser(ELSEWHERE)
    other.http.headers["User-Agent"] = FIREFOX
    return open_page(other, SECURITY, anna)


def rows(browser: Browser) -> list[str]:
    """The sessions that the card shows, each in its words."""
    card = browser.page.one("section[aria-labelledby=sessions]")
    return [" ".join(row.get_text(" ").split()) for row in card.select("li")]


def other_session(world: World, user: KnownUser, network: str = ELSEWHERE) -> uuid.UUID:
    with world.unit_of_work() as session:
        mine = sa.select(BrowserSession.id).where(BrowserSession.user_id == user.id, BrowserSession.network == network)
        return uuid.UUID(str(session.scalars(mine).one()))


def events(world: World, user: KnownUser, kind: str) -> list[dict[str, object]]:
    with world.unit_of_work() as session:
        found = session.scalars(sa.select(AuditEvent).where(AuditEvent.user_id == user.id, AuditEvent.kind == kind))
        return [event.detail for event in found]


def press(browser: Browser, address: str) -> Browser:
    """Send a form of the security page to an address that it does not lead to."""
    form = browser.get(SECURITY).filled_form("Sign out everywhere")
    form.action = address
    return browser.send(form)


def test_each_is_told_apart(here: Browser, elsewhere: Browser, anna: KnownUser) -> None:
    """This one first, then the others: the browser in words, the address, when it was last used."""
    first, second = rows(here.get(SECURITY))
    assert first.startswith("Unknown browser This one")
    assert HOME in first
    assert second.startswith("Firefox on Windows")
    assert ELSEWHERE in second
    assert "Last used" in second


def test_only_those_that_live(here: Browser, elsewhere: Browser, anna: KnownUser, clock: MovingClock) -> None:
    """One that has not been used for a working day is over, and not shown."""
    clock.advance(hours=5)
    here.get(SECURITY)
    clock.advance(hours=4)
    assert len(rows(here.get(SECURITY))) == 1


@pytest.mark.both_stores
def test_end_one(here: Browser, elsewhere: Browser, anna: KnownUser, rp: RelyingParty) -> None:
    """That browser is logged out, and what an application got through it is worth nothing, offline access too."""
    elsewhere.get(rp.authorize_url(scope="openid offline_access"))
    tokens = rp.finish(elsewhere)
    here.get(SECURITY).submit("End")
    assert "session is ended" in here.text
    assert len(rows(here)) == 1
    assert elsewhere.get("/account/").step == "password"
    assert rp.refresh(tokens.refresh_token).status_code == 400


def test_the_others_keep_what_they_have(here: Browser, elsewhere: Browser, anna: KnownUser, rp: RelyingParty) -> None:
    """Ending one session ends nothing of another one."""
    here.get(rp.authorize_url(scope="openid offline_access"))
    tokens = rp.finish(here)
    here.get(SECURITY).submit("End")
    assert rp.refresh(tokens.refresh_token).status_code == 200
    assert here.get("/account/").step is None


def test_end_all_others(here: Browser, elsewhere: Browser, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Everywhere but here."""
    third = open_page(new_browser("192.0.2.9"), SECURITY, anna)
    here.get(SECURITY).submit("End all others")
    assert len(rows(here)) == 1
    assert (elsewhere.get("/account/").step, third.get("/account/").step) == ("password", "password")


def test_alone_there_are_no_others(here: Browser) -> None:
    """With one session there is nothing to end but everything."""
    controls = here.page.controls
    assert "Sign out everywhere" in controls
    assert not {"End", "End all others"} & set(controls)


@pytest.mark.both_stores
def test_sign_out_everywhere(world: World, new_browser: NewBrowser, rp: RelyingParty, clock: MovingClock) -> None:
    """C5: sessions, this one too, known-IP grants, and the refresh tokens of every session that ever was."""
    tess = world.user("tess", world.tenant("fietsen-bv"), totp=True, every_30_days=True)
    gone, other, here = new_browser(), new_browser(ELSEWHERE), new_browser()
    gone.get(rp.authorize_url(scope="openid offline_access")).login(tess)
    tokens = rp.finish(gone)
    clock.advance(days=2)  # that session is long over, its offline access is not
    open_page(other, SECURITY, tess)
    open_page(here, SECURITY, tess).submit("Sign out everywhere")
    assert (here.status, here.path) == (200, "/logout")
    assert rp.refresh(tokens.refresh_token).status_code == 400
    assert other.get("/account/").step == "password"
    here.get("/account/").login(tess)
    assert "totp" in here.steps
    assert len(events(world, tess, "user.signed_out_everywhere")) == 1


def test_known_addresses_end_with_it(world: World, new_browser: NewBrowser) -> None:
    """C5: no grant is left, in the table or in its words."""
    tess = world.user("tess", world.tenant("fietsen-bv"), totp=True, every_30_days=True)
    open_page(new_browser(), SECURITY, tess).submit("Sign out everywhere")
    with world.unit_of_work() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(KnownIpGrant)) == 0


def test_a_copied_cookie_is_worthless(here: Browser, elsewhere: Browser, new_browser: NewBrowser) -> None:
    """R45: the session ends on the server, whatever a browser still sends."""
    thief = new_browser(ELSEWHERE)
    thief.http.cookies = elsewhere.http.cookies
    here.get(SECURITY).submit("End")
    assert thief.get("/account/").step == "password"


def test_every_ending_is_audited(world: World, here: Browser, elsewhere: Browser, anna: KnownUser) -> None:
    """Which session, and why."""
    ended = other_session(world, anna)
    here.get(SECURITY).submit("End")
    assert events(world, anna, "session.ended") == [{"session_id": str(ended), "because": "ended_by_user"}]


@pytest.mark.parametrize("whose", ["nobody's", "somebody else's", "ended"])
def test_unknown_ones(
    world: World, here: Browser, elsewhere: Browser, anna: KnownUser, new_browser: NewBrowser, whose: str
) -> None:
    """E1, R49: an id of another person, or one that is over, looks like an id that does not exist; nothing ends."""
    bea = world.user("bea", world.tenant("fietsen-bv"))
    theirs = open_page(new_browser("192.0.2.9"), SECURITY, bea)
    session_id = {
        "nobody's": uuid.uuid4(),
        "somebody else's": other_session(world, bea, "192.0.2.9"),
        "ended": other_session(world, anna),
    }[whose]
    if whose == "ended":
        here.get(SECURITY).submit("End")
    press(here, f"/account/security/sessions/{session_id}/end")
    assert here.status == 404
    assert theirs.get(SECURITY).status == 200
    assert theirs.step is None


@pytest.mark.parametrize("session_id", ["1", "%00", "x" * 5000], ids=["no uuid", "NUL", "huge"])
def test_no_id_at_all(here: Browser, session_id: str) -> None:
    """R19: what is no id is no page, and a NUL is no request."""
    assert press(here, f"/account/security/sessions/{session_id}/end").status in {400, 404}


def test_a_form_without_its_token_ends_nothing(here: Browser, elsewhere: Browser) -> None:
    """R32: another site cannot log a person out."""
    here.post("/account/security/sessions/sign-out-everywhere", {})
    assert here.status == 400
    assert elsewhere.get("/account/").step is None


@pytest.mark.both_stores
def test_ended_twice_at_once(world: World, here: Browser, elsewhere: Browser, anna: KnownUser) -> None:
    """Two tabs that end the same session end it once: one event, and the slower one is told or is none the wiser."""
    forms = [here.get(SECURITY).filled_form("End") for _ in range(2)]
    tabs = [Browser.within(world.app, here.issuer, HOME) for _ in forms]
    for tab in tabs:
        tab.page, tab.http.cookies = here.page, here.http.cookies
    gate = threading.Barrier(len(forms))

    def end(index: int) -> int:
        gate.wait(10)
        return tabs[index].send(forms[index]).status

    with ThreadPoolExecutor(len(forms)) as pool:
        statuses = set(pool.map(end, range(len(forms))))
    assert statuses <= {200, 404}
    assert len(events(world, anna, "session.ended")) == 1


def test_so_many_are_shown(world: World, here: Browser, anna: KnownUser, clock: MovingClock) -> None:
    """The card stays readable; the rest are counted, and end with the others."""
    with world.unit_of_work() as session:
        mine = session.scalars(sa.select(BrowserSession).where(BrowserSession.user_id == anna.id)).one()
        copied = {c.name: getattr(mine, c.name) for c in BrowserSession.__table__.columns}
        session.add_all(BrowserSession(**{**copied, "id": uuid.uuid4(), "secret_hash": f"{n:064d}"}) for n in range(24))
    assert len(rows(here.get(SECURITY))) == 20
    assert "And 5 others" in here.text
    here.submit("End all others")
    assert len(rows(here)) == 1
    assert len(events(world, anna, "session.ended")) == 24


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        pytest.param(FIREFOX, "Firefox", "Windows", id="firefox"),
        pytest.param(CHROME, "Chrome", "Linux", id="chrome"),
        pytest.param(SAFARI, "Safari", "iPhone", id="safari"),
        pytest.param(CHROME + " Edg/126.0.0.0", "Edge", "Linux", id="edge says that it is chrome, too"),
        pytest.param("Mozilla/5.0 (Windows NT 10.0)", None, "Windows", id="only the system"),
        pytest.param("curl/8.5.0", None, None, id="neither"),
        pytest.param("", None, None, id="nothing sent"),
    ],
)
def test_browsers_in_words(user_agent: str, browser: str | None, system: str | None) -> None:
    """What is said is what the header says, and nothing where it says nothing that we know."""
    assert browsers.recognise(user_agent) == (browser, system)
