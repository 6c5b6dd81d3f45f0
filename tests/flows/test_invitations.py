"""Somebody new: invited by an administrator, a user by their own password, logged in by a login and nothing else."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from idp.accounts.links.models import OneTimeLink
from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.outbox.models import Queued
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import NOTE, open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

INVITE = "/console/users/invite"
PASSWORD = "zeven gele fietsen zingen"


@pytest.fixture
def console(new_browser: NewBrowser, bert: KnownUser) -> Browser:
    """The administrator's browser, at the form."""
    return open_page(new_browser(ELSEWHERE), INVITE, bert)


def invite(console: Browser, name: str = "Nora", **fields: str) -> Browser:
    said = {"name": name, "email": f"{name.lower()}@de-zon.example", "username": name.lower(), **fields}
    return console.get(INVITE).fill(**said).submit("Invite")


def accept(browser: Browser, link: str, password: str = PASSWORD) -> Browser:
    return browser.get(link).fill(new_password=password).submit()


def user_named(world: World, username: str) -> User | None:
    with world.unit_of_work() as session:
        found = session.scalar(sa.select(User).where(User.username_key == username))
        if found is not None:
            session.expunge(found)
        return found  # type: ignore[no-any-return]


def nora_of(world: World, zon: KnownTenant) -> KnownUser:
    found = user_named(world, "nora")
    assert found
    return KnownUser(found.id, found.username, found.name, PASSWORD, zon, world.clock.now, world.clock)  # type: ignore[union-attr]


@pytest.mark.both_stores
def test_from_the_invitation_to_the_first_login(
    world: World, zon: KnownTenant, console: Browser, browser: Browser, post: Post, rp: RelyingParty
) -> None:
    """D6, A3: the link asks a password, shows the code once and logs nobody in; the login asks everything it asks."""
    invite(console)
    assert "An invitation is on its way" in console.text
    assert "Invited" in console.text
    mails = post.deliver()
    assert [(mail.to, mail.subject) for mail in mails] == [("nora@de-zon.example", "An invitation to Informer")]
    assert "Bert invites you" in " ".join(mails[0].text.split())
    accept(browser, mails[0].link)
    assert browser.page.one("[data-security-code]").get_text(strip=True) == zon.code
    browser.follow("Log in")
    assert browser.step == "password", "nobody is logged in by the link"
    browser.get(rp.authorize_url()).login(nora_of(world, zon))
    assert browser.steps == ["password", "security_code"]
    assert rp.finish(browser).claims["tenant"] == "de-zon"


def test_an_administrator_begins_at_the_console(
    world: World, zon: KnownTenant, console: Browser, browser: Browser, post: Post
) -> None:
    """The mail says what they are invited for, and the first login ends where an administrator begins."""
    invite(console, type="administrator")
    (mail,) = post.deliver()
    assert "as an administrator of De Zon" in " ".join(mail.text.split())
    accept(browser, mail.link).follow("Log in").login(nora_of(world, zon))
    assert browser.path == "/console/settings"
    assert console.follow("Invite somebody else").path == INVITE


def test_a_company_that_makes_two_factor_mandatory(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, post: Post
) -> None:
    """B2: after the first password the login leads to the set-up, with the note; nothing opens before."""
    invite(open_page(new_browser(ELSEWHERE), INVITE, bert))
    world.policy(zon, two_factor_mandatory=True)
    browser = new_browser()
    accept(browser, post.deliver()[0].link)
    assert "Have your phone at hand" in browser.text
    browser.follow("Log in").login(nora_of(world, zon), until="set_up_totp")
    assert NOTE in browser.text
    assert browser.get("/account/security").step == "password"


def test_no_code_where_none_is_asked(
    world: World, zon: KnownTenant, console: Browser, browser: Browser, post: Post
) -> None:
    """The code is shown to those who will be asked it, and on this page only."""
    invite(console)
    link = post.deliver()[0].link
    assert zon.code not in browser.get(link).text
    world.policy(zon, security_code=False)
    accept(browser, link)
    assert "Your password is chosen" in browser.text
    assert zon.code not in browser.text


@pytest.mark.parametrize(("seconds", "status"), [(24 * 60 * 60 - 1, 200), (24 * 60 * 60, 410)])
def test_it_works_for_a_day(
    console: Browser, browser: Browser, post: Post, clock: MovingClock, seconds: int, status: int
) -> None:
    """D6: until 24 hours from the mail, and not in that very moment."""
    invite(console)
    link = post.deliver()[0].link
    clock.advance(seconds=seconds)
    assert browser.get(link).status == status
    assert browser.page.has_field("new_password") is (status == 200)


def test_a_used_link_is_useless(world: World, zon: KnownTenant, console: Browser, browser: Browser, post: Post) -> None:
    """D6: of two uses the second changes nothing, and says what to do."""
    invite(console)
    link = post.deliver()[0].link
    replay = browser.get(link).filled_form(new_password="another four words here")
    accept(browser, link)
    assert browser.send(replay).status == 410
    assert "new invitation" in browser.text
    open_page(browser, "/account/", nora_of(world, zon))


def test_sending_again_ends_the_link_of_before(
    console: Browser, browser: Browser, post: Post, clock: MovingClock
) -> None:
    """A newer link takes the place of the older one, also of one that is over."""
    invite(console)
    first = post.deliver()[0].link
    console.submit("Send the invitation again")
    second = post.deliver()[0].link
    assert browser.get(first).status == 410
    assert browser.get(second).status == 200
    clock.advance(hours=25)
    assert browser.get(second).status == 410


def test_it_is_not_sent_without_end(console: Browser, post: Post, clock: MovingClock) -> None:
    """Nobody's mailbox is filled: five an hour."""
    invite(console)
    page = console.page.address
    for _ in range(5):
        console.get(page).submit("Send the invitation again")
        assert console.status == 200
    console.get(page).submit("Send the invitation again")
    assert console.status == 409
    assert len(post.deliver()) == 6
    clock.advance(minutes=61)
    assert console.get(page).step == "password"


def test_withdrawn(world: World, console: Browser, browser: Browser, post: Post) -> None:
    """The user is gone, the link opens nothing, and the name is free again."""
    invite(console)
    link = post.deliver()[0].link
    console.submit("Withdraw the invitation")
    assert "The invitation is withdrawn" in console.text
    assert browser.get(link).status == 410
    assert user_named(world, "nora") is None
    invite(console, email="other@de-zon.example")
    assert "An invitation is on its way" in console.text
    assert [mail.to for mail in post.deliver()] == ["other@de-zon.example"]


def test_withdrawn_before_it_was_mailed(console: Browser, post: Post) -> None:
    """What the worker finds nobody for is not sent."""
    invite(console).submit("Withdraw the invitation")
    assert post.deliver() == []


def test_accepted_is_accepted(world: World, zon: KnownTenant, console: Browser, browser: Browser, post: Post) -> None:
    """Withdrawing or sending again from a page of before loses no user and breaks no password."""
    invite(console)
    again, withdraw = console.filled_form("Send the invitation again"), console.filled_form("Withdraw the invitation")
    accept(browser, post.deliver()[0].link)
    assert console.send(again).status == 409
    assert console.send(withdraw).status == 409
    assert "accepted in the meantime" in console.text
    open_page(browser, "/account/", nora_of(world, zon))


def test_a_link_of_another_kind(world: World, zon: KnownTenant, browser: Browser, post: Post) -> None:
    """A link for a forgotten password is no invitation, and a made-up one is nobody's."""
    world.user("anna", zon)
    browser.get("/forgot-password").fill(username="anna").submit()
    token = post.deliver()[0].link.rpartition("/")[2]
    for odd in (token, "x", "a" * 43, "%00", "%FF", "A" * 5_000):
        assert browser.get(f"/invitation/{odd}").status in {400, 404, 410}, odd
        assert not browser.page.has_field("new_password")


def test_an_invited_person_has_no_password_to_forget(console: Browser, browser: Browser, post: Post) -> None:
    """When the invitation is over, "forgotten your password?" is no way around it."""
    invite(console)
    post.deliver()
    browser.get("/forgot-password").fill(username="nora").submit()
    assert post.deliver() == []


@pytest.mark.parametrize("password", ["kort", "nora nora nora", "wachtwoord123", "x" * 129])
def test_a_password_that_is_not_taken_keeps_the_link(
    console: Browser, browser: Browser, post: Post, password: str
) -> None:
    """D7: the sentence says what to do, and the same link still works."""
    invite(console)
    link = post.deliver()[0].link
    assert accept(browser, link, password).alert
    accept(browser, link)
    assert "Your password is chosen" in browser.text


def test_the_link_is_ours_and_lies_nowhere(
    world: World, console: Browser, browser: Browser, post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    """R26, R72: built from the issuer, whatever the host; a digest in the table, nothing of it in outbox and log."""
    form = console.get(INVITE).filled_form(
        "Invite", name="Nora", email="nora@de-zon.example", username="nora", type="employee"
    )
    console.post(form.action, form.values, **{"X-Forwarded-Host": "evil.example", "Host": "evil.example"})
    link = post.deliver()[0].link
    assert re.fullmatch(r"https://login\.informer\.example/invitation/[\w-]{43}", link)
    accept(browser, link)
    token = link.rpartition("/")[2]
    with world.unit_of_work() as session:
        rows = [*session.scalars(sa.select(OneTimeLink.token_hash)), *session.scalars(sa.select(Queued.payload_sealed))]
    assert rows
    assert not [row for row in rows if token in (row or "")]
    assert token not in capsys.readouterr().err


def test_it_is_recorded(world: World, bert: KnownUser, console: Browser, browser: Browser, post: Post) -> None:
    """R71: who invited whom, that it was mailed, and that it was accepted; no password changed mail to a newcomer."""
    invite(console)
    accept(browser, post.deliver()[0].link)
    nora = user_named(world, "nora")
    assert nora
    with world.unit_of_work() as session:
        rows = session.execute(
            sa.select(AuditEvent.kind, AuditEvent.actor_id).where(AuditEvent.user_id == nora.id).order_by(AuditEvent.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("user.created", bert.id),
        ("user.invited", bert.id),
        ("user.invitation_mailed", None),
        ("user.invitation_accepted", None),
    ]
    assert post.deliver() == []


# The form


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Give the name"),
        ({"name": "x" * 201}, "Give the name"),
        ({"name": "a\u2028b"}, "Give the name"),
        ({"email": ""}, "e-mail address"),
        ({"email": "no address"}, "e-mail address"),
        ({"email": "a@b.example, c@d.example"}, "e-mail address"),
        ({"email": "a@b\r\nBcc: x@y.example"}, "e-mail address"),
        ({"email": "x" * 320 + "@b.example"}, "e-mail address"),
        ({"username": "a\u202eb"}, "Give a username"),
        ({"username": "x" * 151}, "Give a username"),
        ({"type": "owner"}, "The type is"),
        ({"username": "BERT"}, "is taken"),
    ],
)
def test_faults_are_said_in_the_form(
    world: World, console: Browser, post: Post, fields: dict[str, str], sentence: str
) -> None:
    """What was typed stays, nobody is invited, and the sentence says what to do."""
    invite(console, **fields)
    assert sentence in (console.alert or "")
    assert (console.status, post.deliver()) == (200, [])
    assert user_named(world, "nora") is None
    if "name" not in fields:
        assert console.page.one("#name")["value"] == "Nora"
    invite(console)
    assert "An invitation is on its way" in console.text


def test_all_faults_at_once(console: Browser) -> None:
    """One try tells everything."""
    console.get(INVITE).fill(name="", email="x").submit("Invite")
    assert "Give the name" in (console.alert or "")
    assert "Give one e-mail address" in (console.alert or "")


def test_another_companys_username_is_taken(world: World, console: Browser) -> None:
    """Usernames are unique over the whole installation; nothing else of the other company is told."""
    world.user("frits", world.tenant("fietsen-bv"))
    invite(console, username="Frits")
    assert "The username Frits is taken" in (console.alert or "")
    assert "fietsen" not in console.page.html.lower()


def test_without_a_username_it_is_the_address(world: World, console: Browser) -> None:
    """Most people log in with their address."""
    invite(console, username="")
    assert user_named(world, "nora@de-zon.example")


def test_nothing_else_is_assigned(world: World, zon: KnownTenant, console: Browser) -> None:
    """R54: tenant, password and dates are not the form's to say."""
    other = world.tenant("fietsen-bv")
    form = console.filled_form("Invite", name="Nora", email="n@de-zon.example", username="nora", type="employee")
    form.values += [("tenant_id", str(other.id)), ("password_hash", "x"), ("invited_at", ""), ("id", str(uuid.uuid4()))]
    console.send(form)
    nora = user_named(world, "nora")
    assert nora
    assert (nora.tenant_id, nora.password_hash) == (zon.id, None)
    assert nora.invited_at


def test_stale_input_is_not_lost(
    world: World, console: Browser, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock, post: Post
) -> None:
    """After 15 minutes the proof is asked, then the form is shown as it was filled in; nothing is sent until Invite."""
    clock.advance(minutes=16)
    console.fill(name="Nora", email="nora@de-zon.example", username="nora", type="administrator").submit("Invite")
    assert console.step == "password"
    console.login(bert)
    assert "Nothing is sent yet" in console.text
    assert console.page.one("#email")["value"] == "nora@de-zon.example"
    assert console.page.one("#type-administrator").has_attr("checked")
    assert user_named(world, "nora") is None
    colleague = open_page(new_browser(), INVITE, bert).get(console.page.address)
    assert colleague.page.one("#email").get("value") == ""
    console.submit("Invite")
    assert [mail.to for mail in post.deliver()].count("nora@de-zon.example") == 1


@pytest.mark.both_stores
def test_one_name_invited_twice_at_the_same_moment(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """Of two administrators, of two companies, one gets the name; the other is told that it is taken."""
    other = world.tenant("fietsen-bv", code="112233")
    two = [bert, world.user("frits", other, type="administrator", totp=True)]
    browsers = [open_page(new_browser(), INVITE, me) for me in two]
    forms = [
        b.filled_form("Invite", name="Nora", email="n@x.example", username="nora", type="employee") for b in browsers
    ]
    ready = Barrier(2)

    def press(number: int) -> int:
        ready.wait(timeout=300)
        return browsers[number].http.post(forms[number].action, data=dict(forms[number].values)).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(press, range(2))) == [200, 303]


@pytest.mark.both_stores
def test_one_link_accepted_many_times_at_the_same_moment(
    world: World, console: Browser, new_browser: NewBrowser, post: Post
) -> None:
    """R08: eight people with the link, one first password."""
    invite(console)
    link = post.deliver()[0].link
    browsers = [new_browser().get(link) for _ in range(8)]
    forms = [b.filled_form(new_password=f"four good words {n}") for n, b in enumerate(browsers)]
    ready = Barrier(8)

    def press(number: int) -> int:
        ready.wait(timeout=300)
        return browsers[number].http.post(forms[number].action, data=dict(forms[number].values)).status_code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(press, range(8))) == [200] + [410] * 7
    with world.unit_of_work() as session:
        events = sa.select(sa.func.count()).where(AuditEvent.kind == "user.invitation_accepted")
        assert session.scalar(events) == 1


def test_in_dutch(world: World, new_browser: NewBrowser, post: Post) -> None:
    """The mail and the page behind it speak the language of the company."""
    maan = world.tenant("maan", locale="nl")
    kees = world.user("kees", maan, type="administrator", totp=True, locale="en")
    invite(open_page(new_browser(), INVITE, kees))
    browser = new_browser()
    browser.get(post.deliver()[0].link)
    assert post.newest.subject == "Een uitnodiging voor Informer"
    assert browser.page.one("html")["lang"] == "nl"
