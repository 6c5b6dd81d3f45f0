"""What an administrator does with the people of their own company, and what nobody can do to anybody."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.models import Passkey, RecoveryCode, TotpDevice, User, UserType
from idp.accounts.users import directory
from idp.audit.models import AuditEvent
from idp.outbox.mail.messages import TwoFactorReset
from idp.platform.extensions import db
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.page import Form
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

PEOPLE = "/console/users"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon, totp=True, recovery_codes=True, every_30_days=True)


def page_of(user: KnownUser) -> str:
    return f"{PEOPLE}/{user.id}"


def row(world: World, user: KnownUser) -> User:
    with world.unit_of_work() as session:
        found: User = session.get(User, user.id)
        session.expunge(found)
        return found


def kinds_about(world: World, user: KnownUser, by: KnownUser) -> list[str]:
    with world.unit_of_work() as session:
        mine = sa.select(AuditEvent.kind).where(AuditEvent.user_id == user.id, AuditEvent.actor_id == by.id)
        return list(session.scalars(mine.order_by(AuditEvent.id)))


def add_many(world: World, tenant: KnownTenant, number: int) -> None:
    with world.unit_of_work() as session:
        session.add_all(
            User(
                tenant_id=tenant.id,
                username=f"P{n:04}",
                username_key=f"p{n:04}",
                name=f"Person {n}",
                email=f"p{n}@x.example",
                type=UserType.EMPLOYEE,
            )
            for n in range(number)
        )


def listed(browser: Browser) -> list[str]:
    return [a.get_text(strip=True) for a in browser.page.soup.select(".rows h2 a")]


# The list


def test_the_list_is_read_page_by_page(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """E6: each person stands on one page, in the order of the usernames; other companies' people on none."""
    add_many(world, zon, 120)
    world.user("frits", world.tenant("fietsen-bv"))
    browser = open_page(new_browser(), PEOPLE, bert)
    seen = listed(browser)
    while "Next page" in browser.page.links:
        seen += listed(browser.follow("Next page"))
    assert seen == ["Bert", *(f"Person {n}" for n in range(120))]


@pytest.mark.both_stores
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ANN", ["Anna"]),
        ("bert@de", ["Bert"]),
        ("Person 11", ["Person 11", *(f"Person {n}" for n in range(110, 120))]),
        ("p0007", ["Person 7"]),
        ("%", []),
        ("_", []),
        ("nna", []),
        ("frits", []),
    ],
)
def test_people_are_found_by_a_beginning(
    world: World, app: Flask, zon: KnownTenant, bert: KnownUser, anna: KnownUser, search: str, found: list[str]
) -> None:
    """Name, username or address, whatever the case; signs mean themselves; other companies' people are unknown."""
    add_many(world, zon, 120)
    world.user("frits", world.tenant("fietsen-bv"))
    with app.app_context():
        page = directory.page_of(zon.id, search=search)
        assert [user.name for user in page.people] == found


@pytest.mark.both_stores
def test_the_list_costs_the_same_however_many_there_are(
    world: World, app: Flask, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """E6: the number of statements does not grow, and each of them uses an index of the tenant."""
    browser = open_page(new_browser(), PEOPLE, bert)
    few = statements(app, lambda: browser.get(PEOPLE))
    add_many(world, zon, 2_000)
    many = statements(app, lambda: browser.get(f"{PEOPLE}?search=person+1"))
    assert len(many) <= len(few) + 1
    with app.app_context():
        db.session.execute(sa.text("ANALYZE"))
        db.session.commit()
        for search in ("", "person 19"):
            plan = explained(app, lambda search=search: directory.page_of(zon.id, search=search))
            assert "ix_users_" in plan
            assert "Seq Scan on users" not in plan
            assert "SCAN users" not in plan


def statements(app: Flask, act: object) -> list[tuple[str, object]]:
    seen: list[tuple[str, object]] = []

    def note(*arguments: object) -> None:
        seen.append((str(arguments[2]), arguments[3]))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    act()  # type: ignore[operator]
    sa.event.remove(engine, "before_cursor_execute", note)
    return seen


def explained(app: Flask, act: object) -> str:
    statement, parameters = next(found for found in statements(app, act) if "users.username_key COLLATE" in found[0])
    word = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    with db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"{word} {statement}", parameters)  # type: ignore[arg-type]
        return "\n".join(" ".join(map(str, line)) for line in plan)


def test_odd_searches_are_searches(bert: KnownUser, new_browser: NewBrowser) -> None:
    """Too long, empty, not a name: a page."""
    browser = open_page(new_browser(), PEOPLE, bert)
    for query in (
        "search=" + "x" * 5_000,
        "search=&after=",
        "after=" + "y" * 5_000,
        "search=%F4%8F%BF%BF",
        "after[]=1",
    ):
        assert browser.get(f"{PEOPLE}?{query}").status == 200, query


# The gate


@pytest.mark.parametrize("kind", ["employee", "accountant"])
def test_only_administrators(
    world: World, zon: KnownTenant, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser, kind: str
) -> None:
    """R53: others see nothing and do nothing, also with the form sent by hand."""
    form = open_page(new_browser(), page_of(anna), bert).filled_form("Sign out everywhere")
    carla = world.user("carla", zon, type=kind)
    browser = open_page(new_browser(), "/account/security", carla)
    assert browser.get(PEOPLE).status == 403
    assert browser.get(page_of(anna)).status == 403
    assert send(browser.get("/account/security"), form).status == 403
    assert kinds_about(world, anna, carla) == []


def send(browser: Browser, form: Form) -> Browser:
    """Send a form of another browser's with the token of this one's."""
    form.fill("csrf_token", str(browser.page.one("input[name=csrf_token]")["value"]))
    return browser.send(form)


ACTIONS = [
    "type",
    "new-ip-addresses",
    "sign-out",
    "revoke-known-addresses",
    "reset-two-factor",
    "end-employment",
    "enable",
]
FIELDS = {"type": {"type": "employee"}, "new-ip-addresses": {"block_new_ip": "on"}}


@pytest.mark.parametrize("action", ["", *ACTIONS])
def test_another_companys_user_looks_like_none(
    world: World, bert: KnownUser, new_browser: NewBrowser, action: str
) -> None:
    """E1: the same answer for a user of another company and for an id that does not exist; nothing changes."""
    frits = world.user("frits", world.tenant("fietsen-bv"), type="administrator", totp=True)
    browser = open_page(new_browser(), "/console/settings", bert)
    token = {"csrf_token": str(browser.page.one("input[name=csrf_token]")["value"])}
    before = row(world, frits)
    answers = []
    for user_id in (frits.id, uuid.uuid4()):
        path = f"{PEOPLE}/{user_id}{'/' if action else ''}{action}"
        browser.post(path, {**token, **FIELDS.get(action, {})}) if action else browser.get(path)
        answers.append((browser.status, browser.text.replace(browser.response.headers["x-request-id"], "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    after = row(world, frits)
    assert (before.epoch, before.type, before.disabled_at) == (after.epoch, after.type, after.disabled_at)


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_does_it_to_themselves(world: World, bert: KnownUser, new_browser: NewBrowser, action: str) -> None:
    """B8, R58: the last able administrator cannot be lost by a click; the page says whom to ask."""
    browser = open_page(new_browser(), page_of(bert), bert)
    assert "This is you" in browser.text
    assert not set(browser.page.controls) & {"Reset two-factor", "End employment", "Change the type"}
    browser.get("/console/settings")
    token = {"csrf_token": str(browser.page.one("input[name=csrf_token]")["value"])}
    assert browser.post(f"{page_of(bert)}/{action}", {**token, **FIELDS.get(action, {})}).status == 403
    assert "another administrator" in browser.text
    now = row(world, bert)
    assert (now.type, now.disabled_at, len(now.totp_devices)) == (UserType.ADMINISTRATOR, None, 1)


@pytest.mark.parametrize("page", ["reset-two-factor", "end-employment"])
def test_nobody_is_asked_about_themselves(bert: KnownUser, new_browser: NewBrowser, page: str) -> None:
    """The page that asks once more does not ask whoever it is about."""
    assert open_page(new_browser(), PEOPLE, bert).get(f"{page_of(bert)}/{page}").status == 403


def test_a_stale_proof_is_renewed_first(
    world: World, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser, clock: object
) -> None:
    """R58: after 15 minutes password and code are asked, and nothing is done by the form that waited."""
    browser = open_page(new_browser(), page_of(anna), bert)
    clock.advance(minutes=16)  # type: ignore[attr-defined]
    assert browser.submit("Sign out everywhere").step == "password"
    browser.login(bert)
    assert browser.path == page_of(anna)
    assert kinds_about(world, anna, bert) == []


# Two-factor


def test_a_reset_takes_every_second_factor(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, rp: RelyingParty
) -> None:
    """B8: devices and recovery codes go; sessions, grants and refresh tokens end; the user is told; it is recorded."""
    with world.unit_of_work() as session:
        session.add(Passkey(user_id=anna.id, name="", credential_id=b"x", public_key=b"y", synced=False))
    home = new_browser()
    home.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(home)
    browser = open_page(new_browser(ELSEWHERE), page_of(anna), bert)
    browser.submit("Reset two-factor")
    assert "Reset the two-factor authentication of Anna?" in browser.text
    assert row(world, anna).totp_devices, "asking changes nothing"
    browser.submit("Reset two-factor")
    assert "Two-factor authentication is reset" in browser.text
    assert "Two-factor off" in browser.text
    with world.unit_of_work() as session:
        for kind in (TotpDevice, Passkey, RecoveryCode):
            assert session.query(kind).filter(kind.user_id == anna.id).count() == 0
    assert home.get("/account/").step == "password"
    assert rp.refresh(tokens.refresh_token).status_code == 400
    assert [mail.by for mail in anna.mails() if isinstance(mail, TwoFactorReset)] == ["Bert"]
    assert "two_factor.reset" in kinds_about(world, anna, bert)
    home.login(anna)
    assert home.steps == ["password", "security_code"]


def test_a_reset_ends_known_addresses(world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser) -> None:
    """C5: no address is known any more."""
    home = new_browser()
    open_page(home, "/account/", anna)
    again = new_browser().get("/account/").login(anna)
    assert "totp" not in again.steps, "the address is known"
    open_page(new_browser(ELSEWHERE), page_of(anna), bert).submit("Reset two-factor").submit("Reset two-factor")
    with world.unit_of_work() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM known_ip_grants")) == 0


def test_there_is_nothing_to_reset(world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser) -> None:
    """Who has no second factor has no such button, and a form sent all the same tells nobody anything."""
    carla = world.user("carla", zon)
    browser = open_page(new_browser(), page_of(carla), bert)
    assert "Reset two-factor" not in browser.page.controls
    browser.get(f"{page_of(carla)}/reset-two-factor").submit("Reset two-factor")
    assert browser.status == 200
    assert carla.mails() == []
    assert "two_factor.reset" not in kinds_about(world, carla, bert)


# Employment


def test_end_of_employment_ends_everything_at_once(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, rp: RelyingParty
) -> None:
    """E5: login, sessions, refresh tokens and grants; and afterwards the same words as for a wrong password."""
    home = new_browser()
    home.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(home)
    browser = open_page(new_browser(ELSEWHERE), page_of(anna), bert)
    browser.submit("End employment").submit("End employment")
    assert "The employment is ended" in browser.text
    assert home.get("/account/").step == "password"
    assert rp.refresh(tokens.refresh_token).status_code == 400
    assert home.fill(username="anna", password=anna.password).submit().alert
    assert "user.disabled" in kinds_about(world, anna, bert)


def test_whoever_comes_back_begins_from_nothing(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """The session of before stays ended; a new login asks everything."""
    home = open_page(new_browser(), "/account/", anna)
    browser = open_page(new_browser(ELSEWHERE), page_of(anna), bert)
    browser.submit("End employment").submit("End employment")
    browser.submit("Let this user log in again")
    assert "can log in again" in browser.text
    home.get("/account/").login(anna)
    assert home.steps == ["password", "security_code", "totp"]
    assert kinds_about(world, anna, bert)[-1] == "user.enabled"


def test_signing_somebody_out(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, rp: RelyingParty
) -> None:
    """Sessions, refresh tokens and grants end; the person may log in again at once."""
    home = new_browser()
    home.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(home)
    browser = open_page(new_browser(ELSEWHERE), page_of(anna), bert)
    assert "Browsers logged in now 1" in browser.text
    browser.submit("Sign out everywhere")
    assert "Browsers logged in now 0" in browser.text
    assert rp.refresh(tokens.refresh_token).status_code == 400
    home.get("/account/").login(anna)
    assert home.steps == ["password", "security_code", "totp"]


def test_revoking_known_addresses(world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser) -> None:
    """C5: an administrator revokes them; the session stays, the next login asks a code."""
    home = open_page(new_browser(), "/account/", anna)
    browser = open_page(new_browser(ELSEWHERE), page_of(anna), bert).submit("Revoke known addresses")
    assert "Revoke known addresses" not in browser.page.controls
    assert home.get("/account/").path == "/account/"
    assert "totp" in new_browser().get("/account/").login(anna).steps


@pytest.mark.parametrize(("choice", "column"), [("on", True), ("off", False), ("company", None)])
def test_new_addresses_of_one_user(
    world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser, choice: str, column: bool | None
) -> None:
    """D1: a choice of three, shown as it is."""
    world.change(User, anna.id, block_new_ip=not column)
    browser = open_page(new_browser(), page_of(anna), bert)
    browser.fill(block_new_ip=choice).submit("Save")
    assert row(world, anna).block_new_ip is column
    assert browser.page.one(f"#block_new_ip-{choice}").has_attr("checked")
    assert kinds_about(world, anna, bert) == ["user.block_new_ip_chosen"]
    browser.fill(block_new_ip=choice).submit("Save")
    assert len(kinds_about(world, anna, bert)) == 1, "nothing changed, so nothing is recorded"


def test_promoted_and_demoted(world: World, anna: KnownUser, bert: KnownUser, new_browser: NewBrowser) -> None:
    """R58: a change of role holds from the next page on, in both directions, and is recorded."""
    home = open_page(new_browser(), "/account/", anna)
    assert home.get(PEOPLE).status == 403
    browser = open_page(new_browser(ELSEWHERE), page_of(anna), bert)
    browser.fill(type="administrator").submit("Change the type")
    assert home.get(PEOPLE).status == 200
    browser.fill(type="employee").submit("Change the type")
    assert home.get(PEOPLE).status == 403
    browser.fill(type="employee").submit("Change the type")
    assert kinds_about(world, anna, bert) == ["user.type_changed"] * 2


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("type", [("type", "owner")]),
        ("type", []),
        ("type", [("type", "administrator"), ("type", "employee")]),
        ("new-ip-addresses", [("block_new_ip", "maybe")]),
        ("new-ip-addresses", []),
    ],
)
def test_odd_choices_change_nothing(
    world: World,
    anna: KnownUser,
    bert: KnownUser,
    new_browser: NewBrowser,
    path: str,
    fields: list[tuple[str, str]],
) -> None:
    """R23, R54: what the form does not offer is refused."""
    browser = open_page(new_browser(), page_of(anna), bert)
    token = ("csrf_token", str(browser.page.one("input[name=csrf_token]")["value"]))
    assert browser.post(f"{page_of(anna)}/{path}", [token, *fields, ("tenant_id", str(uuid.uuid4()))]).status == 400
    assert kinds_about(world, anna, bert) == []


# At the same moment


@pytest.mark.both_stores
@pytest.mark.parametrize(
    ("path", "fields"),
    [("end-employment", {}), ("type", {"type": "employee"})],
    ids=["ended", "demoted"],
)
def test_two_administrators_at_the_same_moment(
    world: World, zon: KnownTenant, new_browser: NewBrowser, path: str, fields: dict[str, str]
) -> None:
    """B8: each of two takes the other's place away at once: one of them succeeds, so an able one is left."""
    two = [world.user(name, zon, type="administrator", totp=True) for name in ("bert", "carla")]
    for _ in range(4):
        browsers = [new_browser() for _ in two]
        forms = []
        for browser, me, other in zip(browsers, two, reversed(two), strict=True):
            open_page(browser, page_of(other), me)
            token = str(browser.page.one("input[name=csrf_token]")["value"])
            forms.append((f"{page_of(other)}/{path}", {"csrf_token": token, **fields}))
        ready = Barrier(2)

        def press(number: int, ready: Barrier = ready, browsers: list[Browser] = browsers, forms: list = forms) -> int:  # type: ignore[type-arg]
            ready.wait(timeout=300)
            address, values = forms[number]
            return browsers[number].http.post(address, data=values).status_code

        with ThreadPoolExecutor(2) as threads:
            answers = sorted(threads.map(press, range(2)))
        able = [user for user in two if is_able(row(world, user))]
        assert len(able) == 1, answers
        assert answers[0] == 303
        for user in two:
            world.change(User, user.id, disabled_at=None, type=UserType.ADMINISTRATOR)


def is_able(user: User) -> bool:
    return user.disabled_at is None and user.type is UserType.ADMINISTRATOR
