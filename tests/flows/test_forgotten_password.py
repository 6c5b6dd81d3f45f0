"""A forgotten password: the mailbox is proved, the password changes, and nothing else."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts import links
from idp.accounts.links import Purpose
from idp.accounts.links.models import OneTimeLink
from idp.accounts.models import User
from idp.accounts.passwords import password_reset
from idp.audit.models import AuditEvent
from idp.outbox.models import Queued
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

NEW = "zeven gele fietsen zingen"


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


def ask(browser: Browser, username: str) -> Browser:
    return browser.get("/forgot-password").fill(username=username).submit()


def link_for(browser: Browser, post: Post, username: str) -> str:
    ask(browser, username)
    return post.deliver()[0].link


def choose(browser: Browser, link: str, password: str = NEW) -> Browser:
    return browser.get(link).fill(new_password=password).submit()


def test_the_password_step_leads_there(world: World, browser: Browser, rp: RelyingParty) -> None:
    """Whoever cannot log in finds the way on the page where they cannot."""
    browser.get(rp.authorize_url()).follow("Forgotten your password?")
    assert browser.path == "/forgot-password"
    assert browser.page.has_field("username")


@pytest.mark.both_stores
def test_from_the_question_to_the_new_password(anna: KnownUser, browser: Browser, post: Post, rp: RelyingParty) -> None:
    """D5, D6: the mailed link changes the password; the old one is refused, the new one begins a login in full."""
    link = link_for(browser, post, "Anna")
    assert post.newest.to == "anna@de-zon.example"
    choose(browser, link)
    assert "Your password is changed" in browser.text
    browser.get(rp.authorize_url()).fill(username="anna", password=anna.password).submit()
    assert browser.alert
    anna.password = NEW
    browser.get(rp.authorize_url()).login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert rp.finish(browser).claims["sub"]


def test_it_never_logs_in(anna: KnownUser, browser: Browser, post: Post) -> None:
    """D5: after the change nobody is logged in, also where the same browser was before."""
    open_page(browser, "/account/", anna)
    choose(browser, link_for(browser, post, "anna"))
    assert browser.get("/account/").step == "password"


def test_it_ends_what_was_before(
    world: World, anna: KnownUser, new_browser: NewBrowser, post: Post, rp: RelyingParty
) -> None:
    """D5, C5: sessions, known addresses and refresh tokens of before are worthless."""
    home = new_browser()
    home.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(home)
    choose(new_browser(ELSEWHERE), link_for(new_browser(ELSEWHERE), post, "anna"))
    assert home.get("/account/").step == "password"
    assert rp.refresh(tokens.refresh_token).status_code == 400
    anna.password = NEW
    home.login(anna)
    assert "totp" in home.steps


def test_it_leaves_the_factors(world: World, anna: KnownUser, browser: Browser, post: Post) -> None:
    """D5: the second factor of before is asked, and is the same one."""
    secret = anna.totp_secret
    choose(browser, link_for(browser, post, "anna"))
    anna.password = NEW
    open_page(browser, "/account/", anna)
    assert "totp" in browser.steps
    assert anna.totp_secret == secret


def test_the_same_answer_for_everybody(world: World, anna: KnownUser, new_browser: NewBrowser, post: Post) -> None:
    """R26: a name that does not exist, a disabled user: the same page, status and headers, and no mail."""
    world.user("dirk", world.tenant("other"), disabled=True)
    answers = []
    for name in ("anna", "nobody", "dirk"):
        browser = ask(new_browser(), name)
        headers = {k: v for k, v in browser.response.headers.items() if k not in {"x-request-id", "set-cookie", "date"}}
        answers.append((browser.status, browser.page.html, headers))
    assert answers[0] == answers[1] == answers[2]
    assert [mail.to for mail in post.deliver()] == ["anna@de-zon.example"]


def test_the_same_work_for_everybody(world: World, app: Flask, anna: KnownUser, new_browser: NewBrowser) -> None:
    """R26: the request makes the same statements for a name that exists and for one that does not."""
    statements: dict[str, list[str]] = {}
    with app.app_context():
        engine = db.engine
    for name, address in (("anna", "198.51.100.1"), ("nobody", "198.51.100.2")):
        browser = new_browser(address)
        seen: list[str] = []
        browser.get("/forgot-password")

        def note(*arguments: object, seen: list[str] = seen) -> None:
            seen.append(str(arguments[2]))

        sa.event.listen(engine, "before_cursor_execute", note)
        browser.fill(username=name).submit()
        sa.event.remove(engine, "before_cursor_execute", note)
        statements[name] = seen
    assert statements["anna"] == statements["nobody"]
    assert statements["anna"]


@pytest.mark.parametrize(("seconds", "status"), [(30 * 60 - 1, 200), (30 * 60, 410)])
def test_it_works_for_half_an_hour(
    anna: KnownUser, browser: Browser, post: Post, clock: MovingClock, seconds: int, status: int
) -> None:
    """D6: until 30 minutes from the mail, and not in that very moment."""
    link = link_for(browser, post, "anna")
    clock.advance(seconds=seconds)
    assert browser.get(link).page.has_field("new_password") is (status == 200)
    assert browser.status == status


def test_a_used_link_is_useless(anna: KnownUser, browser: Browser, post: Post) -> None:
    """D6: of two uses the second changes nothing."""
    link = link_for(browser, post, "anna")
    replay = browser.get(link).filled_form(new_password="another four words here")
    choose(browser, link)
    assert browser.get(link).status == 410
    assert browser.send(replay).status == 410
    anna.password = NEW
    open_page(browser, "/account/", anna)


def test_another_change_ends_every_link(anna: KnownUser, browser: Browser, post: Post) -> None:
    """D6: whatever changed the password since, the links of before are useless."""
    first, second = link_for(browser, post, "anna"), link_for(browser, post, "anna")
    assert first != second
    choose(browser, second)
    assert browser.get(first).status == 410


def test_a_password_that_is_not_taken_keeps_the_link(anna: KnownUser, browser: Browser, post: Post) -> None:
    """D7: the sentence says what to do, and the same link still works."""
    link = link_for(browser, post, "anna")
    assert "at least 8 characters" in (choose(browser, link, "kort").alert or "")
    assert "name" in (choose(browser, link, "anna-anna-1").alert or "")
    choose(browser, link)
    assert "Your password is changed" in browser.text


def test_opening_the_link_changes_nothing(anna: KnownUser, browser: Browser, post: Post) -> None:
    """A mail scanner that opens every link spends none."""
    link = link_for(browser, post, "anna")
    for _ in range(3):
        assert browser.get(link).status == 200
    assert "username" not in {name for form in browser.page.forms for name in form.names}


def test_a_disabled_user_cannot_use_a_link(
    world: World, anna: KnownUser, browser: Browser, post: Post, clock: MovingClock
) -> None:
    """Employment that ended in between ends the link."""
    link = link_for(browser, post, "anna")
    world.change(User, anna.id, disabled_at=clock.now())
    assert browser.get(link).status == 410


def test_some_mails_an_hour(anna: KnownUser, new_browser: NewBrowser, post: Post, clock: MovingClock) -> None:
    """Whoever asks again and again fills nobody's mailbox, and sees the same page as before."""
    pages = {ask(new_browser(f"198.51.100.{n}"), "anna").page.html for n in range(12)}
    assert len(pages) == 1
    assert len(post.deliver()) == 5
    clock.advance(minutes=61)
    ask(new_browser(), "anna")
    assert len(post.deliver()) == 1


def test_some_questions_from_one_network(world: World, browser: Browser) -> None:
    """A stranger does not fill the outbox with names."""
    most = password_reset.FROM_A_NETWORK[0]
    for n in range(most + 10):
        ask(browser, f"name-{n}")
    with world.unit_of_work() as session:
        assert session.query(Queued).count() == most


def test_the_link_is_ours(anna: KnownUser, browser: Browser, post: Post) -> None:
    """R26: the link begins with the issuer, whatever the request says the host is."""
    browser.get("/forgot-password")
    form = browser.filled_form(username="anna")
    browser.post(form.action, form.values, Host="evil.example")
    browser.post(form.action, form.values, **{"X-Forwarded-Host": "evil.example"})
    mails = post.deliver()
    assert mails
    assert all(re.fullmatch(r"https://login\.informer\.example/forgot-password/[\w-]{43}", mail.link) for mail in mails)


def test_no_token_at_rest(world: World, anna: KnownUser, browser: Browser, post: Post) -> None:
    """D6: the table has a digest; the outbox has nothing of it."""
    token = link_for(browser, post, "anna").rpartition("/")[2]
    with world.unit_of_work() as session:
        rows = [*session.scalars(sa.select(OneTimeLink.token_hash)), *session.scalars(sa.select(Queued.payload_sealed))]
    assert rows
    assert not [row for row in rows if token in (row or "")]


def test_no_token_in_the_log(anna: KnownUser, browser: Browser, post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    """R72: neither the address nor anything else of the link is logged, and no page sends it on."""
    link = link_for(browser, post, "anna")
    choose(browser, link)
    browser.get(link)
    logged = capsys.readouterr().err
    assert "forgot-password/(left out)" in logged
    assert link.rpartition("/")[2] not in logged
    assert browser.response.headers["Referrer-Policy"] == "no-referrer"


def test_it_is_audited_and_told(world: World, anna: KnownUser, browser: Browser, post: Post) -> None:
    """D8, R71: events of the mail and of the change; a mail says that the password was changed."""
    choose(browser, link_for(browser, post, "anna"))
    assert [mail.subject for mail in post.deliver()] == ["Your password was changed"]
    with world.unit_of_work() as session:
        kinds = list(session.scalars(sa.select(AuditEvent.kind).where(AuditEvent.user_id == anna.id)))
    assert {"user.password_reset_mailed", "user.password_changed"} <= set(kinds)


def test_two_fields_of_one_name_are_none(anna: KnownUser, browser: Browser, post: Post) -> None:
    """R23: a repeated answer is no answer."""
    link = link_for(browser, post, "anna")
    form = browser.get(link).filled_form(new_password=NEW)
    form.values.append(("new_password", NEW))
    assert browser.send(form).alert


@pytest.mark.parametrize("name", ["", "   ", "x" * 400])
def test_no_name_is_asked_again(world: World, browser: Browser, name: str) -> None:
    """The person is told what to type."""
    assert "Type the username" in (ask(browser, name).alert or "")


def test_in_dutch(world: World, browser: Browser, post: Post) -> None:
    """The mail and the page behind it speak the user's language."""
    world.user("bram", world.tenant("nl", locale="nl"))
    browser.get(link_for(browser, post, "bram"))
    assert post.newest.subject == "Kies een nieuw wachtwoord"
    assert browser.page.one("html")["lang"] == "nl"


def test_the_mail_tells_how_long(anna: KnownUser, browser: Browser, post: Post) -> None:
    """The mail says for how long the link works, in both of its parts."""
    link = link_for(browser, post, "anna")
    assert "30 minutes" in post.newest.text
    assert link in post.newest.html


@pytest.mark.both_stores
@pytest.mark.parametrize("several", [False, True], ids=["one link", "a link each"])
def test_of_many_at_once_one_wins(world: World, app: Flask, anna: KnownUser, clock: MovingClock, several: bool) -> None:
    """R08: eight people with the link, or with a link each, at the same moment: one password change, the others none."""
    with world.unit_of_work() as session:
        user = session.get(User, anna.id)
        tokens = [links.make(user, Purpose.PASSWORD_RESET, timedelta(minutes=30)) for _ in range(8 if several else 1)]
    barrier = threading.Barrier(8)

    def redeem(number: int) -> bool:
        with app.app_context():
            found = password_reset.find(tokens[number % len(tokens)])
            new = hasher().hash(f"four good words {number}")
            barrier.wait()
            done = found is not None and password_reset.redeem(found, new) is not None
            db.session.commit() if done else db.session.rollback()
            return done

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(redeem, range(8)))
    assert outcomes.count(True) == 1
    with world.unit_of_work() as session:
        changes = session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == "user.password_changed")).all()
    assert len(changes) == 1
