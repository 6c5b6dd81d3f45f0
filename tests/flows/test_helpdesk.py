"""The helpdesk sees a company while an administrator lets it in, changes nothing, and leaves a history (E4)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import uuid4

import pytest
from werkzeug.routing import Rule

from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.outbox.mail.messages import HelpdeskLetIn, HelpdeskShutOut
from idp.tenancy.models import SupportAccess, SupportLook
from idp.tenancy.support_access import a_month_after
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

HELPDESK = "/console/helpdesk"
LET_IN = "Let the helpdesk in for one month"


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """A company, which asks a security code that the helpdesk does not know."""
    return world.tenant("de-zon", code="482915")


@pytest.fixture
def hanna(world: World) -> KnownUser:
    """She works for Informer's helpdesk."""
    return world.user("hanna", world.tenant("informer", security_code=False), type="support", totp=True)


def let_in(browser: Browser, bert: KnownUser) -> Browser:
    """Give the helpdesk its month."""
    open_page(browser, HELPDESK, bert).submit(LET_IN)
    assert "Bert let it in" in browser.text
    return browser


def looking(browser: Browser, hanna: KnownUser, zon: KnownTenant) -> Browser:
    """Work for the company from the helper's own page."""
    open_page(browser, "/account/companies", hanna).fill(tenant=zon.slug).submit("Work for this company")
    return browser.login(hanna)


def csrf(browser: Browser) -> list[tuple[str, str]]:
    """What a form of this browser needs."""
    return [pair for pair in browser.get("/logout").filled_form().values if pair[0] == "csrf_token"]


@pytest.mark.both_stores
def test_the_console_for_a_month(
    world: World, new_browser: NewBrowser, clock: MovingClock, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """With two factors and without the security code; each look is in the history; after a month it is over by itself."""
    console = let_in(new_browser(), bert)
    browser = looking(new_browser(ELSEWHERE), hanna, zon)
    assert set(browser.steps) <= {"totp", "password"}
    browser.get("/console/users").login(hanna)
    assert (browser.status, "Bert" in browser.text, "You look at this company for the helpdesk" in browser.text) == (
        200,
        True,
        True,
    )
    seen = open_page(console, HELPDESK, bert).text
    assert "Hanna · /console/users" in seen
    clock.at(a_month_after(clock.now()))
    again = looking_or_refused(new_browser(ELSEWHERE), hanna, zon)
    assert again.status == 404
    assert "No. Let it in when it asks you to" in open_page(console, HELPDESK, bert).text


def looking_or_refused(browser: Browser, hanna: KnownUser, zon: KnownTenant) -> Browser:
    """Try to work for the company whose button is not there (any more)."""
    open_page(browser, "/account/companies", hanna)
    assert zon.name not in browser.text
    return browser.post("/account/companies", [*csrf(browser), ("tenant", zon.slug)])


def test_a_session_that_is_running_ends_with_the_access(
    new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """Revoked is at once: the next page is of the helper's own company, and its console is closed."""
    console = let_in(new_browser(), bert)
    browser = looking(new_browser(ELSEWHERE), hanna, zon)
    assert browser.get("/console/users").login(hanna).status == 200
    open_page(console, HELPDESK, bert).submit("Revoke")
    assert "no longer sees anything" in console.text
    browser.get("/console/users")
    assert browser.status == 403
    assert "Bert" not in browser.text


def test_everything_that_writes_is_refused_in_words(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """Every form of the console, whatever it is for; nothing is written but the looks."""
    let_in(new_browser(), bert)
    browser = looking(new_browser(ELSEWHERE), hanna, zon)
    browser.get("/console/users").login(hanna)
    token = csrf(browser)
    rules = [r for r in world.app.url_map.iter_rules() if r.rule.startswith("/console") and "POST" in (r.methods or ())]
    assert len(rules) > 10
    for rule in rules:
        browser.post(address(rule), token)
        assert (browser.status, "The helpdesk may look here, and change nothing." in browser.text) == (403, True), rule
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(actor_id=hanna.id).count() == 0


def test_no_button_that_would_be_refused(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """What may only be looked at has nothing to press but what looks further; pages that only ask are refused in words."""
    anna, nora = world.user("anna", zon, totp=True), world.user("nora", zon)
    world.change(User, nora.id, invited_at=nora.now())
    eva = world.user("eva", world.tenant("kantoor"), type="accountant", works_for=[zon])
    let_in(new_browser(), bert)
    browser = looking(new_browser(ELSEWHERE), hanna, zon)
    browser.get("/console/users").login(hanna)
    shown = ("settings", "audit/retention", "users", "accountants", "helpdesk", "sessions")
    for page in (*shown, f"users/{anna.id}", f"users/{nora.id}"):
        browser.get(f"/console/{page}")
        assert browser.status == 200, page
        assert browser.page.soup.select("main form[method=post] button, main a.button[href*=end]") == [], page
        assert browser.page.soup.select("form[method=post] input:not([type=hidden], [disabled])") == [], page
    asked = [f"users/{anna.id}/reset-two-factor", f"users/{anna.id}/end-employment", "users/invite", "users/import"]
    for page in (*asked, f"accountants/{eva.id}/end"):
        assert browser.get(f"/console/{page}").status == 403, page
        assert "The helpdesk may look here, and change nothing." in browser.text


def test_every_administrator_is_told(
    world: World, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, clock: MovingClock
) -> None:
    """Let in and shut out: a mail to each, in their own language, that says by whom; twice at once is told once."""
    piet = world.user("piet", zon, type="administrator", locale="nl")
    world.user("anna", zon)
    until = a_month_after(clock.now()).date().isoformat()
    browser = open_page(new_browser(), HELPDESK, bert)
    form = browser.filled_form(LET_IN)
    browser.send(form).send(form)
    browser.submit("Revoke")
    for told in (piet, bert):
        kinds = [mail for mail in told.mails() if mail.kind.startswith("helpdesk")]
        assert [type(mail) for mail in kinds] == [HelpdeskLetIn, HelpdeskShutOut]
        assert {mail.to.language for mail in kinds} == {"nl" if told is piet else "en"}
        assert {getattr(mail, "by", "") for mail in kinds} == {"Bert"}
        assert isinstance(kinds[0], HelpdeskLetIn)
        assert kinds[0].until == until


def address(rule: Rule) -> str:
    """An address of that rule."""
    built = rule.build({name: uuid4() for name in rule.arguments})
    assert built
    return str(built[1])


def test_another_company_looks_like_none(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """E1: a company that lets nobody in and one that does not exist get the same answers."""
    let_in(new_browser(), bert)
    world.tenant("fietsen-bv", name="Fietsen")
    browser = open_page(new_browser(ELSEWHERE), "/account/companies", hanna)
    assert "Fietsen" not in browser.text
    token = csrf(browser)
    for slug in ("fietsen-bv", "no-such"):
        assert browser.post("/account/companies", [*token, ("tenant", slug)]).status == 404
        assert rp.answer(browser.get(rp.authorize_url(tenant=slug)))["error"] == "access_denied"


@pytest.mark.both_stores
def test_tokens_name_who_acts_and_die_with_the_access(
    rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """RFC 8693 section 4.1: `act` is the helper; so is `sub`, never the administrator. Given anew, old tokens stay dead."""
    console = let_in(new_browser(), bert)
    browser = new_browser(ELSEWHERE).get(rp.authorize_url(tenant=zon.slug, scope="openid offline_access")).login(hanna)
    assert browser.steps == ["password", "totp"]
    tokens = rp.finish(browser)
    told = {name: tokens.claims[name] for name in ("sub", "act", "tenant", "user_type", "acr")}
    assert told == {
        "sub": str(hanna.id),
        "act": {"sub": str(hanna.id)},
        "tenant": "de-zon",
        "user_type": "support",
        "acr": "urn:informer:acr:2fa",
    }
    assert "Hanna · Informer Books" in open_page(console, HELPDESK, bert).text
    newer = rp.refresh(tokens)
    assert newer.status_code == 200
    open_page(console, HELPDESK, bert).submit("Revoke")
    dead = newer.json()["refresh_token"]
    assert rp.refresh(dead).json()["error"] == "invalid_grant"
    assert rp.userinfo(tokens).status_code == 401
    let_in(console, bert)
    assert rp.refresh(dead).json()["error"] == "invalid_grant"


def test_at_home_nobody_acts(rp: RelyingParty, new_browser: NewBrowser, hanna: KnownUser) -> None:
    """A helper at work for Informer itself is a user like others."""
    claims = rp.finish(new_browser().get(rp.authorize_url()).login(hanna)).claims
    assert (claims["tenant"], "act" in claims) == ("informer", False)


@pytest.mark.both_stores
def test_let_in_twice_at_once(world: World, new_browser: NewBrowser, bert: KnownUser) -> None:
    """Two tabs: one access, and both say so; revoked twice is revoked."""
    browser = open_page(new_browser(), HELPDESK, bert)
    form = browser.filled_form(LET_IN)
    tabs = [Browser(browser.http, browser.issuer) for _ in range(2)]
    ready = Barrier(2)

    def send(tab: Browser) -> int:
        tab.page = browser.page
        ready.wait(timeout=300)
        return tab.send(form).status

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(send, tabs)) == [200, 200]
    revoke = open_page(browser, HELPDESK, bert).filled_form("Revoke")
    assert [browser.send(revoke).status for _ in range(2)] == [200, 200]
    with world.unit_of_work() as session:
        assert session.query(SupportAccess).count() == 1
        kinds = [e.kind for e in session.query(AuditEvent).filter(AuditEvent.kind.like("helpdesk.%")).order_by("id")]
    assert kinds == ["helpdesk.access_given", "helpdesk.access_revoked"]


def test_nobody_becomes_the_helpdesk_in_a_console(world: World, new_browser: NewBrowser, bert: KnownUser) -> None:
    """The operator imports them; an administrator's form that says so is refused."""
    anna = world.user("anna", bert.tenant)
    browser = open_page(new_browser(), f"/console/users/{anna.id}", bert)
    browser.post(f"/console/users/{anna.id}/type", [*csrf(browser), ("type", "support")])
    assert browser.status == 400


def test_the_history_is_paged(world: World, new_browser: NewBrowser, bert: KnownUser, hanna: KnownUser) -> None:
    """Fifty looks on a page, the newest first; what no page links to is refused."""
    let_in(browser := new_browser(), bert)
    with world.unit_of_work() as session:
        at = datetime(2026, 11, 24, tzinfo=UTC)
        facts = {"tenant_id": bert.tenant.id, "user_id": hanna.id, "name": "Hanna", "at": at}
        session.add_all(SupportLook(what=f"look {n:03}", **facts) for n in range(60))
    first = open_page(browser, HELPDESK, bert).text
    assert ("look 059" in first, "look 009" in first) == (True, False)
    assert "look 009" in browser.follow("Next page").text
    for odd in ("x", "9" * 40, "-1", "²"):
        assert browser.get(f"{HELPDESK}?before={odd}").status == 400


@pytest.mark.parametrize(
    ("given", "over"),
    [
        ("2026-11-24", "2026-12-24"),
        ("2026-12-31", "2027-01-31"),
        ("2027-01-31", "2027-02-28"),
        ("2028-01-30", "2028-02-29"),
    ],
)
def test_a_month(given: str, over: str) -> None:
    """The same day of the next month, or its last."""
    assert a_month_after(datetime.fromisoformat(given)) == datetime.fromisoformat(over)


def test_the_security_code_is_not_shown(
    new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser, hanna: KnownUser
) -> None:
    """The helpdesk sees how old the company's code is, and neither reads nor changes it."""
    let_in(new_browser(), bert)
    browser = looking(new_browser(ELSEWHERE), hanna, zon)
    browser.get("/console/security-code").login(hanna)
    assert (browser.status, zon.code in browser.response.text) == (200, False)
    for what in ("show", "rotate"):
        assert browser.post(f"/console/security-code/{what}", csrf(browser)).status == 403
