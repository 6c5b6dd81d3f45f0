"""What a person who guesses is shown: how long to wait, in words that tell nothing (D2, R29, R30)."""

import pytest
import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.login.trust import throttle
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

WRONG = "The username or the password is not right. Please try again."
HALF_A_MINUTE = "Too many tries. Wait 30 seconds, then try again."


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee who has never logged in: every network is strange to her."""
    return world.user("anna", world.tenant())


def guess(browser: Browser, times: int, **answer: str | bool) -> Browser:
    """So many tries, each shown the step again."""
    for _ in range(times):
        browser.fill(**answer).submit()
        assert browser.status == 200
    return browser


@pytest.mark.parametrize("username", ["anna", "nobody-of-that-name"])
def test_the_fifth_wrong_password_begins_a_wait(
    anna: KnownUser, rp: RelyingParty, browser: Browser, clock: MovingClock, username: str
) -> None:
    """D2, D3: the fifth is told like the first; the next is not looked at, right or wrong, for a name of nobody as well."""
    browser.get(rp.authorize_url())
    assert guess(browser, throttle.FREE + 1, username=username, password="wrong").alert == WRONG
    assert guess(browser, 1, username=username, password=anna.password).alert == HALF_A_MINUTE
    assert browser.step == "password"
    assert browser.page.one("input[name=username]")["value"] == username
    clock.advance(seconds=29)
    assert guess(browser, 1, username=username, password="wrong").alert == HALF_A_MINUTE.replace("30", "1")
    clock.advance(seconds=1)
    assert guess(browser, 1, username=username, password="wrong").alert == WRONG


def test_a_longer_wait_is_told_in_whole_minutes(
    anna: KnownUser, rp: RelyingParty, browser: Browser, clock: MovingClock
) -> None:
    """D2: never less than it is: 120 seconds are two minutes, 61 are two as well, 60 are sixty seconds."""
    browser.get(rp.authorize_url())
    for failures in range(1, throttle.FREE + 4):
        guess(browser, 1, username="anna", password="wrong")
        clock.advance(seconds=throttle.delay(failures).total_seconds() if failures < throttle.FREE + 3 else 0)
    said = []
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        said.append(guess(browser, 1, username="anna", password="wrong").alert)
    minutes = "Too many tries. Wait 2 minutes, then try again."
    assert said == [minutes, minutes, "Too many tries. Wait 60 seconds, then try again."]


def test_the_wait_is_over_for_the_right_password(
    anna: KnownUser, rp: RelyingParty, browser: Browser, clock: MovingClock
) -> None:
    """D2: a delay, never a lock: after it the right answer goes on."""
    browser.get(rp.authorize_url())
    guess(browser, throttle.FREE + 1, username="anna", password="wrong")
    clock.advance(seconds=30)
    rp.finish(browser.login(anna))


def test_guessing_the_security_code_is_slowed_down_too(
    anna: KnownUser, rp: RelyingParty, browser: Browser, clock: MovingClock
) -> None:
    """D2, R29: the right code in a delay is refused like a wrong one, and a right password did not reset the count."""
    browser.get(rp.authorize_url()).login(anna, until="security_code")
    guess(browser, throttle.FREE + 1, security_code="000000")
    assert guess(browser, 1, security_code=anna.tenant.code).alert == HALF_A_MINUTE
    assert browser.step == "security_code"
    browser.get(rp.authorize_url()).login(anna, until="security_code")
    assert guess(browser, 1, security_code=anna.tenant.code).alert == HALF_A_MINUTE


def test_a_wait_is_in_the_audit_log(world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """R71: every failure is an event, the one that begins a delay another one, with the person it was against."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    guess(browser, throttle.FREE + 2, security_code="000000")
    with world.unit_of_work() as session:
        events = session.scalars(sa.select(AuditEvent).where(AuditEvent.user_id == anna.id).order_by(AuditEvent.id))
        told = [(event.kind, event.detail) for event in events if event.detail.get("step") == "security_code"]
    failed = ("login.step_failed", {"step": "security_code"})
    delayed = ("login.tries_delayed", {"step": "security_code", "failures": throttle.FREE + 1, "seconds": 30})
    assert told == [*[failed] * (throttle.FREE + 1), delayed]
