"""B6: who has no second factor is seen before it becomes mandatory, and can be mailed, once a day at most."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from idp.accounts.factors.reminders import AT_ONCE
from idp.accounts.models import User, UserType
from idp.audit.models import AuditEvent
from tests.support.browser import Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

SETTINGS = "/console/settings"
MAIL = "Mail these people"
ASKED = "asked within the last 24 hours"


def reminded(world: World) -> set[tuple[object, object]]:
    """Who was asked by whom, as the audit log has it."""
    with world.unit_of_work() as session:
        events = session.query(AuditEvent).filter_by(kind="two_factor.reminded")
        return {(event.user_id, event.actor_id) for event in events}


def test_whoever_has_none_is_mailed(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, post: Post
) -> None:
    """Each in their own language, with the page to go to; nobody else, nobody of another company; nothing is saved."""
    anna = world.user("anna", zon, locale="nl")
    world.user("carla", zon, totp=True)
    world.user("daan", zon, disabled=True)
    world.change(User, world.user("erik", zon).id, invited_at=world.clock.now() if world.clock else None)
    world.user("frits", world.tenant("fietsen-bv"))
    browser = open_page(new_browser(), SETTINGS, bert).submit(MAIL)
    assert "A mail is on its way" in browser.text
    (mail,) = post.deliver()
    assert (mail.to, mail.subject) == ("anna@de-zon.example", "Tweefactorauthenticatie instellen")
    assert "Bert" in mail.text
    assert "De Zon" in mail.text
    assert mail.link.endswith("/account/security/two-factor")
    assert reminded(world) == {(anna.id, bert.id)}
    assert not browser.page.checked("two_factor_mandatory")


def test_once_a_day(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, post: Post, clock: MovingClock
) -> None:
    """Asked today: no button, and a form sent all the same mails nobody. Tomorrow there is one again."""
    world.user("anna", zon)
    browser = open_page(new_browser(), SETTINGS, bert)
    form = browser.filled_form(MAIL)
    browser.send(form)
    assert len(post.deliver()) == 1
    assert ASKED in browser.text
    assert MAIL not in browser.page.controls
    carla = world.user("carla", zon)
    browser.send(form)
    assert [mail.to for mail in post.deliver()] == ["carla@de-zon.example"]
    browser.send(form)
    clock.advance(hours=23, minutes=59)
    assert ASKED in open_page(new_browser(), SETTINGS, bert).text
    clock.advance(minutes=2)
    open_page(new_browser(), SETTINGS, bert).submit(MAIL)
    assert {mail.to for mail in post.deliver()} - {bert.email} == {"anna@de-zon.example", carla.email}


def test_whoever_has_it_by_then_is_left_alone(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, post: Post
) -> None:
    """The worker looks once more: a second factor of a moment ago, an employment that ended, mean no mail."""
    anna, daan = world.user("anna", zon), world.user("daan", zon)
    open_page(new_browser(), SETTINGS, bert).submit(MAIL)
    assert "set_up_totp" in new_browser().get("/account/security/two-factor").login(anna).steps
    world.change(User, daan.id, disabled_at=daan.now())
    assert [mail.subject for mail in post.deliver() if mail.subject.startswith("Set up")] == []


def test_very_many_by_and_by(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, post: Post
) -> None:
    """E6: so many by one press; the button stays for the others."""
    with world.unit_of_work() as session:
        session.add_all(colleague(zon, f"p{n:04}") for n in range(AT_ONCE + 3))
    browser = open_page(new_browser(), SETTINGS, bert).submit(MAIL)
    assert len(reminded(world)) == AT_ONCE
    browser.submit(MAIL)
    assert len(reminded(world)) == AT_ONCE + 3
    assert MAIL not in browser.page.controls


def colleague(tenant: KnownTenant, username: str) -> User:
    """Somebody who does not log in."""
    facts = {"username": username, "username_key": username, "name": username, "email": f"{username}@x.example"}
    return User(tenant_id=tenant.id, type=UserType.EMPLOYEE, **facts)


@pytest.mark.both_stores
def test_two_administrators_at_the_same_moment(
    world: World, zon: KnownTenant, new_browser: NewBrowser, post: Post
) -> None:
    """One of them mails; nobody gets two."""
    world.user("anna", zon)
    browsers, forms = [], []
    for name in ("bert", "carla"):
        chief = world.user(name, zon, type="administrator", totp=True)
        browsers.append(open_page(new_browser(), SETTINGS, chief))
        forms.append(browsers[-1].filled_form(MAIL))
    ready = Barrier(2)

    def press(number: int) -> int:
        ready.wait(timeout=300)
        return browsers[number].send(forms[number]).status

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(press, range(2))) == [200, 200]
    assert len(post.deliver()) == 1
    assert len(reminded(world)) == 1


def test_a_stale_proof_is_renewed_first(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """After 15 minutes password and code are asked, then the page is shown, and nobody is mailed by what waited."""
    world.user("anna", zon)
    browser = open_page(new_browser(), SETTINGS, bert)
    clock.advance(minutes=16)
    assert browser.submit(MAIL).step == "password"
    assert browser.login(bert).path == SETTINGS
    assert reminded(world) == set()


@pytest.mark.parametrize("kind", ["employee", "accountant"])
def test_others_mail_nobody(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, kind: str
) -> None:
    """R53: the form sent by hand is refused; without the browser's token (R32) also an administrator's."""
    anna = world.user("anna", zon, type=kind)
    chief = open_page(new_browser(), SETTINGS, bert)
    form = chief.filled_form(MAIL)
    browser = open_page(new_browser(), "/account/security", anna)
    form.fill("csrf_token", str(browser.page.one("input[name=csrf_token]")["value"]))
    assert browser.send(form).status == 403
    assert chief.post("/console/settings/remind", {}).status == 400
    assert reminded(world) == set()


def test_the_helpdesk_sees_no_button(world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser) -> None:
    """E4: who may look only is not offered what would be refused."""
    world.user("anna", zon)
    hanna = world.user("hanna", world.tenant("informer", security_code=False), type="support", totp=True)
    open_page(new_browser(), "/console/helpdesk", bert).submit("Let the helpdesk in for one month")
    browser = looking(new_browser("198.51.100.4"), hanna, zon)
    assert "1 of 2 people without two-factor authentication" in browser.get(SETTINGS).login(hanna).text
    assert MAIL not in browser.page.controls


def looking(browser: Browser, hanna: KnownUser, zon: KnownTenant) -> Browser:
    """Work for the company from the helper's own page."""
    open_page(browser, "/account/companies", hanna).fill(tenant=zon.slug).submit("Work for this company")
    return browser.login(hanna)
