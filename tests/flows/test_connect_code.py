"""An accountant and a company are connected by a code, and part again: who sees what, and what ends at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from idp.accounts.models import ConnectCode, User
from idp.audit.models import AuditEvent
from idp.outbox.mail.messages import AccountantConnected, AccountantLeft
from idp.tenancy.models import Membership
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

COMPANIES = "/account/companies"
ACCOUNTANTS = "/console/accountants"
UNKNOWN = "This code is not known"


@pytest.fixture
def office(world: World) -> KnownTenant:
    return world.tenant("kantoor-visser", security_code=False)


@pytest.fixture
def zon(world: World) -> KnownTenant:
    return world.tenant("de-zon", security_code=False)


@pytest.fixture
def eva(world: World, office: KnownTenant) -> KnownUser:
    """The accountant."""
    return world.user("eva", office, type="accountant")


@pytest.fixture
def bert(world: World, zon: KnownTenant) -> KnownUser:
    """The administrator."""
    return world.user("bert", zon, type="administrator")


def asked_code(browser: Browser, user: KnownUser) -> str:
    """Ask a connect code on the user page."""
    open_page(browser, COMPANIES, user).submit("Ask for a connect code")
    return browser.page.one("[data-connect-code]").get_text().strip()


def looked(browser: Browser, user: KnownUser, code: str) -> Browser:
    """Type the code in the console."""
    return open_page(browser, ACCOUNTANTS, user).fill(connect_code=code).submit("See who it is")


def connected(new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> Browser:
    """Connect the two; the administrator's browser."""
    browser = looked(new_browser(), bert, asked_code(new_browser(ELSEWHERE), eva)).submit("Accept")
    assert "works for your company from now on" in browser.text
    return browser


def members(world: World) -> int:
    with world.unit_of_work() as session:
        return int(session.query(Membership).count())


@pytest.mark.both_stores
def test_from_the_code_to_the_books(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, eva: KnownUser, bert: KnownUser
) -> None:
    """The administrator sees who it is and accepts; the accountant works there; both are told, both logs have it."""
    code = asked_code(new_browser(ELSEWHERE), eva)
    assert len(code.replace(" ", "")) == 12
    browser = looked(new_browser(), bert, code)
    assert all(words in browser.text for words in ("Eva", "Kantoor Visser", "eva@kantoor-visser.example"))
    assert members(world) == 0
    browser.submit("Accept")
    assert "Eva" in browser.text
    tokens = rp.finish(new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon))
    assert (tokens.claims["tenant"], tokens.claims["user_type"]) == ("de-zon", "accountant")
    for user in (eva, bert):
        assert [mail.company for mail in user.mails() if isinstance(mail, AccountantConnected)] == ["De Zon"]
    with world.unit_of_work() as session:
        events = session.query(AuditEvent).filter_by(kind="membership.begun").order_by(AuditEvent.id).all()
        assert [event.detail["other"] for event in events] == ["kantoor-visser", "de-zon"]
        assert {(event.user_id, event.actor_id) for event in events} == {(eva.id, bert.id)}


def test_a_dump_shows_no_code(world: World, new_browser: NewBrowser, eva: KnownUser) -> None:
    """R67: the table has a keyed digest of it."""
    code = asked_code(new_browser(), eva)
    with world.unit_of_work() as session:
        kept = session.query(ConnectCode).one()
        assert code.replace(" ", "") not in f"{kept.code_hash} {kept.user_id}"


@pytest.mark.parametrize(
    "given", ["", "1234", "123456789012", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢", "9" * 500, "' OR 1=1 --"], ids=range(7)
)
def test_a_code_that_nobody_has(
    world: World, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser, given: str
) -> None:
    """It is said in words, in the form, and nobody is connected."""
    asked_code(new_browser(ELSEWHERE), eva)
    browser = looked(new_browser(), bert, given)
    assert browser.status == 400
    assert UNKNOWN in str(browser.alert)
    assert members(world) == 0


def test_missing_and_twice(new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> None:
    """R23: a field that is not sent, or sent twice, is no answer."""
    code = asked_code(new_browser(ELSEWHERE), eva)
    browser = open_page(new_browser(), ACCOUNTANTS, bert)
    form = browser.filled_form("See who it is", connect_code=code)
    form.values.append(("connect_code", code))
    assert browser.send(form).status == 400
    form.clear("connect_code")
    assert browser.send(form).status == 400


def test_a_code_works_once(world: World, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> None:
    """Used, it is as unknown as one that never was: for another company, too."""
    code = asked_code(new_browser(ELSEWHERE), eva)
    looked(new_browser(), bert, code).submit("Accept")
    frits = world.user("frits", world.tenant("fietsen-bv", security_code=False), type="administrator")
    assert UNKNOWN in str(looked(new_browser(), frits, code).alert)
    assert members(world) == 1


def test_a_code_is_over_after_seven_days(
    new_browser: NewBrowser, clock: MovingClock, eva: KnownUser, bert: KnownUser
) -> None:
    """A moment before it works, then it does not."""
    code = asked_code(new_browser(ELSEWHERE), eva)
    clock.advance(days=7, seconds=-1)
    browser = looked(new_browser(), bert, code)
    assert "Eva" in browser.text
    clock.advance(seconds=1)
    assert UNKNOWN in str(browser.submit("Accept").alert)


def test_a_new_code_ends_the_old_one(new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> None:
    """An accountant has one code at most."""
    accountant = new_browser(ELSEWHERE)
    old, new = asked_code(accountant, eva), asked_code(accountant, eva)
    browser = looked(new_browser(), bert, old)
    assert UNKNOWN in str(browser.alert)
    assert "Eva" in looked(browser, bert, new).text


def test_ones_own_company_and_twice(world: World, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> None:
    """Neither the own company's accountant nor one who is connected is connected again; the code is not spent on it."""
    vera = world.user("vera", eva.tenant, type="administrator")
    accountant = new_browser(ELSEWHERE)
    code = asked_code(accountant, eva)
    browser = looked(new_browser(), vera, code)
    assert (browser.status, "belongs to your own company" in str(browser.alert)) == (409, True)
    looked(new_browser(), bert, code).submit("Accept")
    browser = looked(new_browser(), bert, asked_code(accountant, eva))
    assert (browser.status, "works for your company already" in str(browser.alert)) == (409, True)
    assert members(world) == 1


@pytest.mark.parametrize("kind", ["disabled", "employee"])
def test_who_may_not_work_elsewhere_is_not_found(
    world: World, new_browser: NewBrowser, clock: MovingClock, eva: KnownUser, bert: KnownUser, kind: str
) -> None:
    """Whoever has ended, or is no accountant any more, has no code."""
    code = asked_code(new_browser(ELSEWHERE), eva)
    with world.unit_of_work() as session:
        row = session.get(User, eva.id)
        row.type, row.disabled_at = ("employee", None) if kind == "employee" else ("accountant", clock.now())
    assert UNKNOWN in str(looked(new_browser(), bert, code).alert)


def test_guesses_are_limited(world: World, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> None:
    """Forty tries an hour for a company: then a right code is refused like a wrong one, and another company goes on."""
    code = asked_code(new_browser(ELSEWHERE), eva)
    browser = open_page(new_browser(), ACCOUNTANTS, bert)
    for n in range(40):
        browser.fill(connect_code=f"{n:012}").submit("See who it is")
        assert browser.status == 400
    browser.fill(connect_code=code).submit("See who it is")
    assert (browser.status, "Too many codes" in str(browser.alert)) == (429, True)
    frits = world.user("frits", world.tenant("fietsen-bv", security_code=False), type="administrator")
    assert "Eva" in looked(new_browser(), frits, code).text


@pytest.mark.both_stores
def test_two_companies_at_the_same_moment(
    world: World, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser
) -> None:
    """Of two that accept the same code at once one has the accountant; the other is told that it is used."""
    frits = world.user("frits", world.tenant("fietsen-bv", security_code=False), type="administrator")
    code = asked_code(new_browser(ELSEWHERE), eva)
    browsers = [looked(new_browser(), user, code) for user in (bert, frits)]
    ready = Barrier(2)

    def accept(browser: Browser) -> int:
        ready.wait(timeout=300)
        return browser.submit("Accept").status

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(accept, browsers)) == [200, 400]
    assert members(world) == 1


@pytest.mark.both_stores
@pytest.mark.parametrize("side", ["company", "accountant"])
def test_either_side_ends_it(
    world: World,
    rp: RelyingParty,
    new_browser: NewBrowser,
    zon: KnownTenant,
    eva: KnownUser,
    bert: KnownUser,
    side: str,
) -> None:
    """What was issued for the company ends at once and does not come back with a new membership; home goes on."""
    console = connected(new_browser, eva, bert)
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug, scope="openid offline_access")).login(eva, tenant=zon)
    there = rp.finish(browser)
    browser.get(rp.authorize_url(tenant="kantoor-visser", scope="openid offline_access"))
    at_home = rp.finish(browser)
    if side == "company":
        console.get(ACCOUNTANTS).follow("End access").submit("End access")
        assert "no longer works for your company" in console.text
    else:
        browser.get(COMPANIES).follow("Leave").submit("Leave this company")
        assert "You no longer work for this company" in browser.text
    assert rp.refresh(there).json()["error"] == "invalid_grant"
    assert rp.userinfo(there).status_code == 401
    assert rp.answer(browser.get(rp.authorize_url(tenant=zon.slug, prompt="none")))["error"] == "access_denied"
    connected(new_browser, eva, bert)
    assert rp.refresh(there).json()["error"] == "invalid_grant"
    assert rp.refresh(at_home).status_code == 200
    for user in (eva, bert):
        assert len([mail for mail in user.mails() if isinstance(mail, AccountantLeft)]) == 1
    with world.unit_of_work() as session:
        events = session.query(AuditEvent).filter_by(kind="membership.ended").all()
        assert {event.tenant_id for event in events} == {zon.id, eva.tenant.id}
        assert {event.actor_id for event in events} == {bert.id if side == "company" else eva.id}


def test_ended_twice(new_browser: NewBrowser, eva: KnownUser, bert: KnownUser) -> None:
    """Two tabs: the second finds nobody."""
    browser = connected(new_browser, eva, bert)
    form = browser.get(f"{ACCOUNTANTS}/{eva.id}/end").filled_form("End access")
    assert browser.send(form).status == 200
    assert browser.send(form).status == 404


@pytest.mark.parametrize("path", [ACCOUNTANTS + "/{}/end", COMPANIES + "/{}/leave"])
def test_somebody_elses_membership(
    world: World, new_browser: NewBrowser, eva: KnownUser, bert: KnownUser, path: str
) -> None:
    """E1: another company's accountant, another accountant's company and an id that does not exist look the same."""
    connected(new_browser, eva, bert)
    fietsen = world.tenant("fietsen-bv", security_code=False)
    frits = world.user("frits", fietsen, type="administrator")
    theirs = eva.id if path.startswith(ACCOUNTANTS) else bert.tenant.id
    browser = open_page(new_browser(), "/console/settings", frits)
    assert [browser.get(path.format(id_)).status for id_ in (theirs, uuid4(), fietsen.id)] == [404] * 3
    token = browser.get("/console/settings").filled_form("Save").values
    assert browser.post(path.format(theirs), [pair for pair in token if pair[0] == "csrf_token"]).status == 404
    assert members(world) == 1


@pytest.mark.parametrize("kind", ["employee", "administrator"])
def test_only_accountants_have_a_code(world: World, new_browser: NewBrowser, zon: KnownTenant, kind: str) -> None:
    """Nobody else works for two companies."""
    browser = open_page(new_browser(), COMPANIES, world.user("anna", zon, type=kind))
    assert "Ask for a connect code" not in browser.page.controls
    token = browser.get("/logout").filled_form().values
    sent = [pair for pair in token if pair[0] == "csrf_token"]
    assert browser.post(f"{COMPANIES}/connect-code", sent).status == 403


def test_an_accountant_sees_no_console(new_browser: NewBrowser, world: World, zon: KnownTenant, eva: KnownUser) -> None:
    """E1: neither at home nor where they work."""
    assert new_browser().get(ACCOUNTANTS).login(eva).status == 403


def test_many_accountants_are_paged(
    world: World, new_browser: NewBrowser, office: KnownTenant, bert: KnownUser
) -> None:
    """Fifty on a page; what is no place in the list begins with the first."""
    with world.unit_of_work() as session:
        people = [
            User(
                id=uuid4(),
                tenant_id=office.id,
                username=f"a{n}",
                username_key=f"a{n}",
                name=f"A{n:03}",
                email="a@b.example",
                type="accountant",
            )
            for n in range(60)
        ]
        session.add_all(people)
        session.flush()
        session.add_all(Membership(user_id=person.id, tenant_id=bert.tenant.id) for person in people)
    browser = open_page(new_browser(), ACCOUNTANTS, bert)

    def seen() -> set[str]:
        return {h3.get_text() for h3 in browser.page.soup.select("h3")}

    first = seen()
    second = (browser.follow("Next page"), seen())[1]
    assert (len(first), len(second), len(first | second)) == (50, 10, 60)
    browser.get(f"{ACCOUNTANTS}?after=nonsense")
    assert seen() == first


def test_an_accountant_without_two_factor_is_no_secret(
    browser: Browser, office: KnownTenant, zon: KnownTenant, world: World
) -> None:
    """The security center counts the accountants of other offices apart, and calls everybody safe only when they are too."""
    bert = world.user("bert", zon, type="administrator", totp=True)
    world.user("vera", office, type="accountant", totp=True, works_for=[zon])
    page = open_page(browser, "/console/security-center", bert)
    assert "Everybody is safe." in page.text
    world.user("eva", office, type="accountant", works_for=[zon])
    page.get("/console/security-center")
    assert "Accountants of other offices without two-factor authentication: 1 of 2" in page.text
    assert "All your own people are safe." in page.text
    assert "Everybody is safe." not in page.text
    page.get(ACCOUNTANTS)
    assert (page.text.count("Two-factor on"), page.text.count("Two-factor off")) == (1, 1)
