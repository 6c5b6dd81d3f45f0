"""The worker removes what nobody counts any more: failures, tries at a second factor, places that nobody came back to."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.cli import worker
from idp.login.models import FailureCount, FamiliarBrowser, FamiliarNetwork, SecondFactorTry
from idp.login.trust import known_places, throttle
from idp.login.trust.throttle import Asked, Try, Wait
from idp.platform import batches
from idp.platform.extensions import db
from tests.support.browser import ELSEWHERE, HOME
from tests.support.moving_clock import MovingClock
from tests.support.world import World

RUNNING = threading.Event()  # never set: nobody stops the work

pytestmark = pytest.mark.both_stores


def left(kind: type[object]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def guess(name: str, asked: Asked, times: int = 1) -> Try | Wait:
    """The outcome of the last of so many tries, which are counted."""
    outcomes = [throttle.admit(name, asked, HOME) for _ in range(times)]
    db.session.commit()
    return outcomes[-1]


def test_failures_are_kept_until_they_are_forgotten(in_app: Flask, clock: MovingClock) -> None:
    """D2: a purge spares every count that still counts, and every delay; then it removes it, of nobody's name as well."""
    guess("anna", Asked.PASSWORD, throttle.FREE + 1)
    assert worker.purge(RUNNING) == 0
    assert isinstance(guess("anna", Asked.PASSWORD), Wait)
    clock.advance(hours=23)
    worker.purge(RUNNING)
    sixth = guess("anna", Asked.PASSWORD)
    assert isinstance(sixth, Try)
    assert sixth.failures == throttle.FREE + 2
    guess("nobody-of-that-name", Asked.PASSWORD)
    clock.advance(seconds=(throttle.FORGOTTEN_AFTER + worker.KEPT).total_seconds() + 1)
    assert worker.purge(RUNNING) == 2
    assert left(FailureCount) == 0


def test_tries_at_a_second_factor_are_kept_for_their_hour(in_app: Flask, clock: MovingClock) -> None:
    """D2: the budget of 20 an hour is the same after a purge; tries that are out of it for a day go."""
    guess("anna", Asked.SECOND_FACTOR, 3)
    clock.advance(minutes=59)
    worker.purge(RUNNING)
    assert left(SecondFactorTry) == 3
    clock.advance(seconds=(throttle.SECOND_FACTOR_SPAN + worker.KEPT).total_seconds())
    worker.purge(RUNNING)
    assert left(SecondFactorTry) == 0


def test_a_place_that_nobody_came_back_to_is_strange_again(in_app: Flask, world: World, clock: MovingClock) -> None:
    """D1, D8: an address and a browser stay familiar for 400 days after their last use, not after their first."""
    anna = world.user("anna", world.tenant())

    def be_at(network: str) -> None:
        known_places.remember(anna.id, network)
        known_places.remember_browser(anna.id, f"the browser at {network}")
        db.session.commit()

    be_at(HOME)
    be_at(ELSEWHERE)
    clock.advance(days=300)
    be_at(HOME)
    clock.advance(days=101)
    assert worker.purge(RUNNING) == 0
    clock.advance(days=1)
    assert worker.purge(RUNNING) == 2
    assert known_places.is_familiar(anna.id, HOME)
    assert not known_places.is_familiar(anna.id, ELSEWHERE)
    assert (left(FamiliarNetwork), left(FamiliarBrowser)) == (1, 1)


def test_a_composite_key_goes_in_batches_too(
    in_app: Flask, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault row 20: no statement removes more than a batch, and the purge goes on until nothing is over."""
    monkeypatch.setattr(batches, "AT_ONCE", 4)
    for number in range(10):
        guess(f"name-{number}", Asked.PASSWORD)
    clock.advance(days=3)
    assert worker.purge(RUNNING) == 10
    assert left(FailureCount) == 0
