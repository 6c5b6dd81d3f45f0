"""The password card: whoever knows the present password and has the second factor at hand chooses another."""

import pytest
import sqlalchemy as sa

from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.crypto.passwords import Hasher, Parameters
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

SECURITY = "/account/security"
NEW = "zeven gele fietsen zingen"


@pytest.fixture
def anna(world: World) -> KnownUser:
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


def change(browser: Browser, user: KnownUser, new: str = NEW, current: str | None = None) -> Browser:
    open_page(browser, SECURITY, user)
    current = user.password if current is None else current
    return browser.fill(current_password=current, new_password=new).submit("Change password")


@pytest.mark.both_stores
def test_the_new_password_takes_the_place_of_the_old(
    anna: KnownUser, browser: Browser, new_browser: NewBrowser
) -> None:
    """The page says so; the old one is refused, the new one begins a login."""
    assert "Your password is changed" in change(browser, anna).text
    other = new_browser().get("/account/").fill(username="anna", password=anna.password).submit()
    assert other.alert
    anna.password = NEW
    other.login(anna)
    assert other.path == "/account/"


def test_this_browser_stays_logged_in(anna: KnownUser, browser: Browser) -> None:
    """The browser at hand goes on, under another cookie."""
    open_page(browser, SECURITY, anna)
    before = browser.http.cookies["__Host-idp_session"]
    change(browser, anna)
    assert browser.http.cookies["__Host-idp_session"] != before
    assert browser.get(SECURITY).step is None


def test_a_copy_of_the_old_cookie_is_worthless(anna: KnownUser, browser: Browser, new_browser: NewBrowser) -> None:
    """R44: the session's secret is another one from then on."""
    thief = new_browser()
    open_page(browser, SECURITY, anna)
    thief.http.cookies.update(browser.http.cookies)
    change(browser, anna)
    assert thief.get(SECURITY).step == "password"


def test_every_other_session_ends(anna: KnownUser, browser: Browser, new_browser: NewBrowser, rp: RelyingParty) -> None:
    """R34, C5: other sessions, known addresses and refresh tokens are worthless."""
    other = new_browser(ELSEWHERE)
    other.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(other)
    change(browser, anna)
    assert other.get("/account/").step == "password"
    assert rp.refresh(tokens.refresh_token).status_code == 400
    anna.password = NEW
    other.login(anna)
    assert "totp" in other.steps


def test_a_refresh_token_of_this_session_ends_too(anna: KnownUser, browser: Browser, rp: RelyingParty) -> None:
    """What an application got from this very session must be asked for anew, and then needs no page."""
    browser.get(rp.authorize_url(scope="openid offline_access")).login(anna)
    tokens = rp.finish(browser)
    change(browser, anna)
    assert rp.refresh(tokens.refresh_token).status_code == 400
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["sub"]


def test_what_was_proved_stays_true(anna: KnownUser, browser: Browser, rp: RelyingParty) -> None:
    """R35: the session tells of the password and of the code that were proved in it, and of nothing else."""
    change(browser, anna)
    claims = rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    assert claims["acr"] == "urn:informer:acr:2fa"


def test_a_known_address_is_not_enough(anna: KnownUser, browser: Browser, new_browser: NewBrowser) -> None:
    """R34: a login that skipped the code by a known address gives it before the password changes."""
    open_page(browser, SECURITY, anna)
    again = open_page(new_browser(), SECURITY, anna)
    assert "totp" not in again.steps
    again.fill(current_password=anna.password, new_password=NEW).submit("Change password")
    assert again.step == "totp"


def test_a_stale_login_proves_itself_again(anna: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """R34: after a quarter of an hour password and code are asked first; then the card waits again."""
    open_page(browser, SECURITY, anna)
    form = browser.filled_form("Change password", current_password=anna.password, new_password=NEW)
    clock.advance(minutes=16)
    browser.send(form).login(anna)
    assert {"password", "totp"} <= set(browser.steps)
    assert browser.path == SECURITY
    assert "Your password is changed" not in browser.text
    assert "Your password is changed" in change(browser, anna).text


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        pytest.param("not the password", NEW, "current password is not right", id="wrong present password"),
        pytest.param("", NEW, "current password is not right", id="no present password"),
        pytest.param(None, "kort", "at least 8 characters", id="short"),
        pytest.param(None, "correct horse battery staple", "that you have now", id="the same"),
        pytest.param(None, "Welkom-2026!", "first to be guessed", id="common"),
        pytest.param(None, "de-zon-anna-1", "too much like your name", id="like the person"),
        pytest.param(None, "x" * 129, "at most 128 characters", id="long"),
    ],
)
def test_refused_with_a_reason(anna: KnownUser, browser: Browser, current: str | None, new: str, words: str) -> None:
    """D7: an alert says what to do, and nothing has changed."""
    browser = change(browser, anna, new, current)
    assert words in (browser.alert or "")
    assert browser.page.one("html [role=alert]")
    assert change(browser, anna).alert is None


def test_twelve_characters_without_a_second_factor(world: World, browser: Browser) -> None:
    """D7: whoever has no second factor needs a longer one."""
    bram = world.user("bram", world.tenant())
    assert "at least 12 characters" in (change(browser, bram, "kQ9#vX2!w").alert or "")


def test_guessing_the_present_password_is_slowed_down(anna: KnownUser, browser: Browser) -> None:
    """D2: whoever sits down at an open browser guesses no faster than at the login page; the right one waits, too."""
    for _ in range(5):
        change(browser, anna, current="wrong")
    assert "Too many tries" in (change(browser, anna).alert or "")


def test_a_guess_is_audited(world: World, anna: KnownUser, browser: Browser) -> None:
    """R71: the wrong answer, and the change, without the passwords."""
    change(browser, anna, current="not the password")
    change(browser, anna)
    with world.unit_of_work() as session:
        events = session.scalars(sa.select(AuditEvent).where(AuditEvent.user_id == anna.id)).all()
        kinds = [event.kind for event in events]
        details = str([event.detail for event in events])
    assert {"login.step_failed", "user.password_changed"} <= set(kinds)
    assert NEW not in details


def test_the_person_is_told(anna: KnownUser, browser: Browser, post: Post) -> None:
    """D8: a mail, with the way out for whoever did not do it."""
    change(browser, anna)
    (mail,) = [mail for mail in post.deliver() if "password" in mail.subject]
    assert mail.subject == "Your password was changed"
    assert mail.link == "https://login.informer.example/forgot-password"


def test_no_field_twice(anna: KnownUser, browser: Browser) -> None:
    """R23: two new passwords are none."""
    open_page(browser, SECURITY, anna)
    form = browser.filled_form("Change password", current_password=anna.password, new_password=NEW)
    form.values.append(("new_password", NEW))
    assert "at least" in (browser.send(form).alert or "")


def test_the_address_of_the_form_leads_to_the_card(anna: KnownUser, browser: Browser) -> None:
    """Whoever reloads the address of a failed form finds the page that it stands on."""
    open_page(browser, SECURITY, anna)
    assert browser.get("/account/security/password").path == SECURITY


@pytest.mark.parametrize("pasted", [" begint met een spatie", "met\ttab en ünïcödé!"])
def test_the_whole_string_counts(anna: KnownUser, browser: Browser, new_browser: NewBrowser, pasted: str) -> None:
    """R31: nothing is trimmed, cut or normalised."""
    change(browser, anna, pasted)
    anna.password = pasted.strip().replace("\t", " ")
    refused = new_browser().get("/account/").fill(username="anna", password=anna.password).submit()
    assert refused.alert
    anna.password = pasted
    assert new_browser().get("/account/").login(anna).path == "/account/"


@pytest.mark.settings(argon2_memory_kib=32 * 1024, argon2_passes=3)
def test_a_hash_made_with_less_is_renewed_at_login(world: World, new_browser: NewBrowser) -> None:
    """D7, R65: what the operator asks of hashes holds for everybody from their next login on."""
    anna = world.user("anna", world.tenant())
    weak = Hasher(Parameters(), at_most=1).hash(anna.password)
    world.change(User, anna.id, password_hash=weak)
    open_page(new_browser(), "/account/", anna)
    with world.unit_of_work() as session:
        assert "$m=32768,t=3,p=1$" in session.get(User, anna.id).password_hash
    open_page(new_browser(), "/account/", anna)
