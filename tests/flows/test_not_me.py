"""The mail about a login from a new place, in the hands of whoever it was not."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.login.models import FamiliarNetwork
from idp.outbox.jobs import PasswordForgotten
from idp.outbox.mail.messages import NewPlace
from idp.outbox.models import Queued
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

NEW = "zeven gele fietsen zingen"
BUTTON = "This was not me"


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


@pytest.fixture
def thief(anna: KnownUser, new_browser: NewBrowser) -> Browser:
    """Somebody who logged in as her, somewhere else, after she did at home."""
    open_page(new_browser(), "/account/", anna)
    return open_page(new_browser(ELSEWHERE), "/account/", anna)


def link(user: KnownUser) -> str:
    """The link of the newest mail about a new place."""
    mail = [mail for mail in user.mails() if isinstance(mail, NewPlace)][-1]
    assert mail.not_me
    return mail.not_me


@pytest.mark.both_stores
def test_everything_ends(anna: KnownUser, thief: Browser, new_browser: NewBrowser, rp: RelyingParty) -> None:
    """Sessions, refresh tokens and known addresses are worthless, and so is the password that was guessed."""
    thief.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(thief)
    owner = new_browser().get(link(anna)).submit(BUTTON)
    assert "logged out everywhere" in owner.text
    assert rp.refresh(tokens.refresh_token).status_code == 400
    assert thief.get("/account/").step == "password"
    fields = {"username": "anna"} if thief.page.has_field("username") else {}
    thief.fill(password=anna.password, **fields).submit()
    assert thief.step == "password"
    assert thief.alert


def test_a_new_password_by_mail(anna: KnownUser, thief: Browser, new_browser: NewBrowser, post: Post) -> None:
    """D5: a second mail has the link for a new password; second factors stay as they are, and the code is asked."""
    owner = new_browser().get(link(anna)).submit(BUTTON)
    post.deliver()
    (mail,) = [mail for mail in post.received if "/forgot-password/" in mail.link]
    owner.get(mail.link).fill(new_password=NEW).submit()
    anna.password = NEW
    owner.get("/account/").login(anna)
    assert owner.steps == ["password", "security_code", "totp"]


def test_opening_it_changes_nothing(anna: KnownUser, thief: Browser, new_browser: NewBrowser) -> None:
    """A mail scanner that follows links ends nothing: the page asks first."""
    for _ in range(2):
        page = new_browser().get(link(anna))
        assert page.status == 200
        assert BUTTON in page.page.controls
    assert thief.get("/account/").step is None


def test_once(anna: KnownUser, thief: Browser, new_browser: NewBrowser) -> None:
    """Used, or made up, it says so and ends nothing."""
    address = link(anna)
    new_browser().get(address).submit(BUTTON)
    assert new_browser().get(address).status == 410
    assert new_browser().get("/not-me/made-up").status == 410


def test_the_other_mails_are_over_too(anna: KnownUser, thief: Browser, new_browser: NewBrowser) -> None:
    """One word ends everything, so the link of another mail does not end the new password later."""
    first = link(anna)
    open_page(new_browser("192.0.2.9"), "/account/", anna)
    assert link(anna) != first
    new_browser().get(link(anna)).submit(BUTTON)
    assert new_browser().get(first).status == 410


def test_a_week(anna: KnownUser, thief: Browser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """It works for seven days, and not longer."""
    clock.advance(days=6, hours=23)
    assert new_browser().get(link(anna)).status == 200
    clock.advance(hours=2)
    assert new_browser().get(link(anna)).status == 410


def test_a_thief_who_changes_the_password_does_not_end_it(
    anna: KnownUser, thief: Browser, new_browser: NewBrowser
) -> None:
    """Other links end with the password; this one is the way out for whom it was taken from."""
    open_page(thief, "/account/security", anna)
    thief.fill(current_password=anna.password, new_password=NEW).submit("Change password")
    new_browser().get(link(anna)).submit(BUTTON)
    assert thief.get("/account/").step == "password"
    anna.password = NEW
    fields = {"username": "anna"} if thief.page.has_field("username") else {}
    assert thief.fill(password=NEW, **fields).submit().alert


def test_the_place_is_strange_again(world: World, anna: KnownUser, thief: Browser, new_browser: NewBrowser) -> None:
    """Where the thief was is no familiar network any more; where she was before is."""
    new_browser().get(link(anna)).submit(BUTTON)
    with world.unit_of_work() as session:
        known = session.scalars(sa.select(FamiliarNetwork.network).where(FamiliarNetwork.user_id == anna.id)).all()
    assert ELSEWHERE not in known


def test_a_familiar_place_stays(world: World, anna: KnownUser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """A network of an hour before the strange login stays familiar."""
    open_page(new_browser(), "/account/", anna)
    clock.advance(hours=1)
    open_page(new_browser(ELSEWHERE), "/account/", anna)
    new_browser().get(link(anna)).submit(BUTTON)
    with world.unit_of_work() as session:
        known = session.scalars(sa.select(FamiliarNetwork.network).where(FamiliarNetwork.user_id == anna.id)).all()
    assert known == [HOME]


def test_it_is_audited(world: World, anna: KnownUser, thief: Browser, new_browser: NewBrowser) -> None:
    """What was said is written down, and no link with it."""
    address = link(anna)
    new_browser().get(address).submit(BUTTON)
    with world.unit_of_work() as session:
        events = session.scalars(sa.select(AuditEvent).where(AuditEvent.user_id == anna.id)).all()
        kinds, details = [event.kind for event in events], str([event.detail for event in events])
    assert kinds.count("user.login_disowned") == 1
    assert address.rpartition("/")[2] not in details


def test_a_reset_link_opens_nothing_here(
    anna: KnownUser, browser: Browser, thief: Browser, post: Post, new_browser: NewBrowser
) -> None:
    """A link of another purpose is unknown, either way round."""
    token = link(anna).rpartition("/")[2]
    assert new_browser().get(f"/forgot-password/{token}").status == 410
    browser.get("/forgot-password").fill(username="anna").submit()
    post.deliver()
    (mail,) = [mail for mail in post.received if "/forgot-password/" in mail.link]
    assert browser.get(f"/not-me/{mail.link.rpartition('/')[2]}").status == 410


@pytest.mark.both_stores
def test_of_many_at_once_one_counts(world: World, anna: KnownUser, thief: Browser, new_browser: NewBrowser) -> None:
    """Pressed at once in several tabs, on the links of two mails, it happens once: one epoch, one event, one new link."""
    older = link(anna)
    open_page(new_browser("192.0.2.9"), "/account/", anna)
    tabs = [new_browser().get(address) for address in (older, link(anna)) * 2]
    forms = [(tab, tab.filled_form(BUTTON)) for tab in tabs]
    gate = threading.Barrier(len(forms))
    before = epoch(world, anna)

    def press(index: int) -> int:
        gate.wait(10)
        return forms[index][0].send(forms[index][1]).status

    with ThreadPoolExecutor(len(forms)) as pool:
        statuses = sorted(pool.map(press, range(len(forms))))
    assert statuses == [200, 410, 410, 410]
    assert epoch(world, anna) == before + 1
    with world.unit_of_work() as session:
        kinds = list(session.scalars(sa.select(AuditEvent.kind).where(AuditEvent.user_id == anna.id)))
        errands = session.scalar(sa.select(sa.func.count()).where(Queued.kind == PasswordForgotten.kind))
    assert (kinds.count("user.login_disowned"), errands) == (1, 1)


def epoch(world: World, user: KnownUser) -> int:
    with world.unit_of_work() as session:
        return int(session.get_one(User, user.id).epoch)
