"""Nothing that was not compared counts as a failure (A10, R83): a busy hasher, a store that does not answer in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.models import TotpDevice
from idp.audit.models import AuditEvent
from idp.crypto.passwords import Hasher
from idp.login.models import FailureCount, SecondFactorTry
from idp.platform.extensions import db
from tests.support.apps import CHEAP
from tests.support.browser import Browser, NewBrowser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

RIGHT_ONES = 6


class _Full(Hasher):
    """A hasher whose only place somebody holds."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the place in another thread."""
        taken, release = threading.Event(), threading.Event()
        holder = threading.Thread(target=self._hold, args=(taken, release))
        holder.start()
        try:
            assert taken.wait(60)
            yield
        finally:
            release.set()
            holder.join()

    def _hold(self, taken: threading.Event, release: threading.Event) -> None:
        with self._place():
            taken.set()
            release.wait(600)


@pytest.fixture
def full(app: Flask) -> _Full:
    """The application's hasher, which has one place and little patience."""
    hasher = _Full(CHEAP, at_most=1, patience=0.01)
    app.extensions["idp.hasher"] = hasher
    return hasher


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """Anna, with an authenticator and recovery codes."""
    return world.user("anna", zon, totp=True, recovery_codes=True)


def traces(world: World) -> dict[str, int]:
    """What is counted and recorded of failures."""
    with world.unit_of_work() as session:
        failed = session.query(AuditEvent).filter(AuditEvent.kind.in_(("login.step_failed", "login.delayed")))
        return {
            "failures": sum(row.failures for row in session.query(FailureCount) if row.scope != "everywhere"),
            "second factors": session.query(SecondFactorTry).count(),
            "events": failed.count(),
        }


NONE = {"failures": 0, "second factors": 0, "events": 0}


def sent(browser: Browser, control: str | None = None, **fields: str) -> Callable[[], int]:
    """Sends that form once more each time it is called, and tells the status."""
    form = browser.filled_form(control, **fields)
    return lambda: browser.send(form).status


@pytest.mark.both_stores
def test_right_passwords_while_no_place_is_free(
    world: World, rp: RelyingParty, new_browser: NewBrowser, full: _Full, anna: KnownUser
) -> None:
    """A10: however many right ones are turned away, none is counted or recorded, and the next one is taken."""
    browser = new_browser().get(rp.authorize_url())
    send = sent(browser, username=anna.username, password=anna.password)
    with full.held():
        assert [send() for _ in range(RIGHT_ONES)] == [503] * RIGHT_ONES
    assert traces(world) == NONE
    assert send() == 200
    assert browser.step == "security_code"


def test_right_recovery_codes_while_no_place_is_free(
    world: World, rp: RelyingParty, new_browser: NewBrowser, full: _Full, anna: KnownUser
) -> None:
    """A10: nor is a recovery code, which is compared by the same hasher and is used by no answer that was turned away."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp").follow("Use a recovery code")
    send = sent(browser, recovery_code=anna.recovery_codes[0])
    with full.held():
        assert [send() for _ in range(RIGHT_ONES)] == [503] * RIGHT_ONES
    assert traces(world) == NONE
    send()
    assert "code" in rp.answer(browser)


def test_the_present_password_while_no_place_is_free(
    world: World, new_browser: NewBrowser, full: _Full, anna: KnownUser
) -> None:
    """A10: the form for another password counts as a login does: what was turned away is no guess."""
    browser = new_browser().get("/account/security").login(anna)
    new = "seven purple bicycles sing"
    send = sent(browser, "Change password", current_password=anna.password, new_password=new)
    with full.held():
        assert [send() for _ in range(RIGHT_ONES)] == [503] * RIGHT_ONES
    assert traces(world) == NONE
    assert send() == 200
    assert "Your password is changed" in browser.text


@pytest.mark.postgres_valkey
def test_a_store_that_does_not_answer_in_time(
    app: Flask, world: World, rp: RelyingParty, new_browser: NewBrowser, anna: KnownUser
) -> None:
    """A10: a right code whose row somebody holds longer than a statement waits is answered 503 and counts as nothing."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    send = sent(browser, totp=anna.totp())
    with app.app_context():
        engine = db.engine
    with engine.begin() as other:
        other.execute(sa.select(TotpDevice.id).where(TotpDevice.user_id == anna.id).with_for_update())
        assert send() == 503
    assert traces(world) == NONE
    send()
    assert "code" in rp.answer(browser)


def test_a_code_with_nothing_to_compare_it_with(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock, zon: KnownTenant
) -> None:
    """A10: the mail about a new address is too old, or what is known of it is gone with the cache: no answer is a guess."""
    world.policy(zon, block_new_ip=True)
    anna = world.user("anna", zon)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="new_ip")
    clock.advance(minutes=11)
    browser.fill(new_ip_code="00000000").submit()
    assert browser.alert
    assert traces(world) == NONE
    browser.fill(new_ip_code="00000000").submit()
    assert traces(world)["failures"] == 1, "there is a new mail by now"


@pytest.mark.both_stores
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_a_delay_that_begins_during_the_comparison_holds(
    app: Flask, world: World, rp: RelyingParty, new_browser: NewBrowser, anna: KnownUser, right: bool
) -> None:
    """D2: who is compared while the fifth failure is counted is told nothing, and nothing of it counts or is spent."""
    browser, guesser = (new_browser().get(rp.authorize_url()).login(anna, until="totp") for _ in range(2))
    code, guess = anna.totp(), sent(guesser, totp=anna.wrong_totp())
    for _ in range(4):
        guess()
    with meanwhile(app, "FROM second_factor_tries", guess):
        browser.fill(totp=code if right else anna.wrong_totp()).submit()
    assert "Too many tries" in str(browser.alert)
    counted = traces(world)
    assert (counted["failures"], counted["second factors"]) == (5, 5)
    with world.unit_of_work() as session:
        assert session.query(TotpDevice).filter_by(user_id=anna.id).one().last_step == 0
