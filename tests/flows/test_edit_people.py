"""What is said of a user, and correcting it: who is told, what of before ends, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from idp.accounts import links
from idp.accounts.links import Purpose
from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.platform.extensions import db
from idp.tenancy.models import Tenant
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

OLD, NEW = "anna@de-zon.example", "anna.jansen@de-zon.example"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon, totp=True)


def edit_page(user: KnownUser) -> str:
    return f"/console/users/{user.id}/edit"


def kept(world: World, user: KnownUser) -> tuple[str, str, str | None]:
    with world.unit_of_work() as session:
        row = session.get(User, user.id)
        return row.name, row.email, row.locale


def test_a_new_name_and_address(
    world: World,
    zon: KnownTenant,
    bert: KnownUser,
    anna: KnownUser,
    browser: Browser,
    post: Post,
    new_browser: NewBrowser,
) -> None:
    """Both mailboxes are told; she stays logged in; a link that was mailed to the old one opens nothing any more."""
    at_work = open_page(new_browser(ELSEWHERE), "/account/", anna)
    new_browser().get("/forgot-password").fill(username="anna").submit()
    link = post.deliver()[0].link
    page = open_page(browser, edit_page(anna), bert)
    page.fill(name="Anna Jansen", email=NEW, locale="nl").submit("Save")
    assert "It is saved." in page.text
    assert "Anna Jansen" in page.text
    assert "Not yet" in page.text
    assert kept(world, anna) == ("Anna Jansen", NEW, "nl")
    assert sorted(mail.to for mail in post.deliver() if NEW in mail.text) == [NEW, OLD]
    assert at_work.get("/account/").path == "/account/"
    assert not new_browser().get(link).page.has_field("new_password")
    with world.unit_of_work() as session:
        event = session.query(AuditEvent).filter_by(kind="user.changed").one()
        assert (event.actor_id, event.user_id) == (bert.id, anna.id)
        assert event.detail["fields"] == ["name", "email", "locale"]


def test_a_link_that_was_opened_before(world: World, anna: KnownUser) -> None:
    """A reset that is under way when the address changes is not finished from the old mailbox."""
    with world.unit_of_work() as session:
        token = links.make(session.get(User, anna.id), Purpose.PASSWORD_RESET, timedelta(minutes=30))
    with world.unit_of_work():
        found = links.find(token, Purpose.PASSWORD_RESET)
        assert found
        db.session.execute(sa.update(User).where(User.id == anna.id).values(email=NEW))
        assert not links.spend(found)


def test_only_the_name(anna: KnownUser, bert: KnownUser, browser: Browser, post: Post, world: World) -> None:
    """Nobody is mailed for a name, and nothing is recorded where nothing is another."""
    page = open_page(browser, edit_page(anna), bert).fill(name="Anna J.").submit("Save")
    assert "It is saved." in page.text
    page.get(edit_page(anna)).submit("Save")
    assert not post.deliver()
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="user.changed").count() == 1


def test_an_invited_person_is_invited_there(
    bert: KnownUser, browser: Browser, new_browser: NewBrowser, post: Post
) -> None:
    """A mistyped address: the invitation goes to the right one, and the link in the wrong mailbox is dead."""
    open_page(browser, "/console/users/invite", bert).fill(name="Nora", email="nroa@x.example").submit("Invite")
    wrong = post.deliver()[-1].link
    browser.follow("Edit name, e-mail address or language").fill(email="nora@x.example").submit("Save")
    mail = post.deliver()[-1]
    assert mail.to == "nora@x.example"
    assert not new_browser().get(wrong).page.has_field("new_password")
    assert new_browser().get(mail.link).page.has_field("new_password")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"email": ""},
        {"email": "anna"},
        {"email": "a@x.example\r\nBcc: b@y.example"},
        {"locale": "fr"},
    ],
    ids=lambda wrong: "-".join(f"{key}-{len(value)}" for key, value in wrong.items()),
)
def test_faults_are_said(
    wrong: dict[str, str], anna: KnownUser, bert: KnownUser, browser: Browser, world: World
) -> None:
    """What was typed stays, nothing is kept, and the sentence says what to do."""
    before = kept(world, anna)
    page = open_page(browser, edit_page(anna), bert)
    form = page.filled_form("Save")
    form.values[:] = [(key, wrong.get(key, value)) for key, value in form.values]
    page.send(form)
    assert page.alert
    assert kept(world, anna) == before


def test_who_cannot(world: World, bert: KnownUser, anna: KnownUser, browser: Browser) -> None:
    """Not oneself; and another company's user is as unknown as nobody."""
    eve = world.user("eve", world.tenant("fietsen"))
    page = open_page(browser, "/console/users", bert)
    assert page.get(edit_page(bert)).status == 403
    assert page.get(edit_page(eve)).status == 404
    page.get(edit_page(anna))
    form = page.filled_form("Save", name="Mine")
    form.action = form.action.replace(str(anna.id), str(eve.id))
    assert page.send(form).status == 404
    assert kept(world, eve)[0] == "Eve"


def test_stale_input_is_not_lost(anna: KnownUser, bert: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """A proof that became old while somebody typed costs a login, not the typing."""
    page = open_page(browser, edit_page(anna), bert).fill(name="Anna J.")
    clock.advance(minutes=16)
    page.submit("Save").login(bert)
    assert "Nothing is saved yet" in page.text
    assert page.page.one("#name")["value"] == "Anna J."
    assert "It is saved." in page.submit("Save").text


def test_the_office_sees_for_whom_its_accountant_works(
    world: World, zon: KnownTenant, bert: KnownUser, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The companies by name, of very many the first; of those that the operator switched off nothing."""
    monkeypatch.setattr("idp.console.people.person.COMPANIES_SHOWN", 2)
    companies = [world.tenant(f"bedrijf-{n}") for n in range(4)]
    eva = world.user("eva", zon, type="accountant", works_for=companies)
    world.change(Tenant, companies[0].id, disabled_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert "Bedrijf 1, Bedrijf 2 and 1 more" in open_page(browser, f"/console/users/{eva.id}", bert).text
    anna = world.user("anna", zon)
    assert "Works for other companies too" not in browser.get(f"/console/users/{anna.id}").text
