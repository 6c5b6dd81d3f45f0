"""Guessing is slowed down; nobody is locked out by a stranger."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from idp.login.models import SecondFactorTry
from idp.login.trust import known_places, throttle
from idp.login.trust.throttle import Asked, Try, Wait
from idp.platform.extensions import db
from tests.support.moving_clock import MovingClock
from tests.support.world import KnownUser, World

OFFICE, ELSEWHERE = "203.0.113.7", "198.51.100.4"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(world: World, in_app: Flask) -> Iterator[KnownUser]:
    """Anna, who has logged in from the office before."""
    user = world.user("anna", world.tenant())
    known_places.remember(user.id, OFFICE)
    db.session.commit()
    yield user
    db.session.remove()


def guess(name: str, network: str | None = ELSEWHERE, asked: Asked = Asked.PASSWORD) -> Try | Wait:
    """One try, which stays counted as wrong; a delay that is seen beforehand is the one that counting meets."""
    seen = throttle.must_wait(name, asked, network)
    tried = throttle.admit(name, asked, network)
    db.session.commit()
    assert seen is None or seen == tried
    return tried


def seconds(outcome: Try | Wait) -> int | None:
    """How long one would have to wait; None when admitted."""
    return outcome.seconds if isinstance(outcome, Wait) else None


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (11, 900), (1000, 900)],
)
def test_the_fifth_failure_begins_a_delay_that_doubles(failures: int, seconds: int) -> None:
    """30 seconds at the fifth, twice as long at each further one, 15 minutes at most."""
    assert throttle.delay(failures) == timedelta(seconds=seconds)


@pytest.mark.both_stores
def test_a_right_answer_puts_off_no_forgetting(anna: KnownUser, clock: MovingClock) -> None:
    """It neither counts nor puts off the day without failures that makes the count nothing again."""
    for _ in range(4):
        guess("anna")
    clock.advance(hours=23)
    right = guess("anna")
    assert isinstance(right, Try)
    throttle.settle(right)
    db.session.commit()
    clock.advance(hours=2)
    for _ in range(4):
        assert seconds(guess("anna")) is None
    assert seconds(guess("anna")) is None, "the fifth since then"
    assert seconds(guess("anna")) == 30


@pytest.mark.both_stores
def test_delays_run_and_end(anna: KnownUser, clock: MovingClock) -> None:
    """What `delay` says is what the database then holds to, to the second."""
    for failures in range(1, 5):
        assert seconds(guess("anna")) is None, failures
    for expected in (30, 60, 120, 240, 480, 900, 900, 900):
        assert seconds(guess("anna")) is None
        assert seconds(guess("anna")) == expected
        clock.advance(seconds=expected - 1)
        assert seconds(guess("anna")) == 1
        clock.advance(seconds=1)


@pytest.mark.both_stores
def test_strangers_share_one_count_and_the_office_has_its_own(anna: KnownUser) -> None:
    """A thousand addresses get no more tries than one, and none of them slows the person down at the usual place."""
    admitted = [n for n in range(1000) if isinstance(guess("anna", f"198.51.{n // 250}.{n % 250 + 1}"), Try)]
    assert len(admitted) == 5
    assert isinstance(guess("anna", OFFICE), Try)
    assert isinstance(guess("anna", None), Wait)


def test_ten_thousand_tries_stay_within_the_budget(anna: KnownUser, clock: MovingClock) -> None:
    """10,000 tries from 1,000 addresses over a day get what the delays leave; the owner is let in at once all the while."""
    admitted = 0
    for n in range(10_000):
        admitted += isinstance(guess("anna", f"10.{n % 1000 // 250}.7.{n % 250}"), Try)
        clock.advance(seconds=8.64)
        if n % 1000 == 0:
            office = guess("anna", OFFICE)
            assert isinstance(office, Try)
            throttle.settle(office)
            db.session.commit()
    budget = 9 + int(timedelta(days=1) / throttle.LONGEST_DELAY)
    assert admitted <= budget


@pytest.mark.both_stores
def test_parallel_tries_cannot_race_past_a_delay(anna: KnownUser, app: Flask) -> None:
    """Of 16 tries at the same moment five are judged: each is counted before it is."""

    def one(_: int) -> bool:
        with app.app_context():
            return isinstance(guess("anna"), Try)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 5


@pytest.mark.both_stores
def test_parallel_second_factor_tries_from_many_places_stay_within_the_hour(anna: KnownUser, app: Flask) -> None:
    """Tries at one moment from places with counts of their own see each other: 20 an hour, whatever the network."""
    networks = [f"203.0.113.{n}" for n in range(100, 112)]
    for network in networks:
        known_places.remember(anna.id, network)
    db.session.commit()

    def one(n: int) -> bool:
        with app.app_context():
            return isinstance(guess("anna", networks[n % len(networks)], Asked.SECOND_FACTOR), Try)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(36))) == 20


def test_twenty_second_factor_tries_an_hour(anna: KnownUser, clock: MovingClock) -> None:
    """The 21st within any hour waits until the first of them is an hour old."""
    for n in range(20):
        known_places.remember(anna.id, f"203.0.113.{n + 100}")
        assert isinstance(guess("anna", f"203.0.113.{n + 100}", Asked.SECOND_FACTOR), Try)
        clock.advance(minutes=1)
    assert seconds(guess("anna", OFFICE, Asked.SECOND_FACTOR)) == 40 * 60
    clock.advance(minutes=40)
    assert isinstance(guess("anna", OFFICE, Asked.SECOND_FACTOR), Try)
    assert isinstance(guess("anna", OFFICE, Asked.SECOND_FACTOR), Wait)


def test_what_is_asked_is_counted_apart(anna: KnownUser) -> None:
    """Delays of the password do not delay the security code."""
    for _ in range(5):
        guess("anna")
    assert isinstance(guess("anna"), Wait)
    assert isinstance(guess("anna", asked=Asked.SECURITY_CODE), Try)


@pytest.mark.both_stores
def test_a_right_answer_is_no_failure(anna: KnownUser) -> None:
    """Right answers, however many, begin no delay; and the right one among wrong ones takes back its own try only."""
    for asked in (Asked.PASSWORD, Asked.SECOND_FACTOR):
        for _ in range(30):
            tried = guess("anna", asked=asked)
            assert isinstance(tried, Try)
            throttle.settle(tried)
            db.session.commit()
        for _ in range(4):
            guess("anna", asked=asked)
        fifth = guess("anna", asked=asked)
        assert isinstance(fifth, Try)
        throttle.settle(fifth)
        db.session.commit()
        assert isinstance(guess("anna", asked=asked), Try)
        assert isinstance(guess("anna", asked=asked), Wait)
    assert db.session.query(SecondFactorTry).count() == 5


def test_a_right_answer_does_not_end_a_delay_of_others(anna: KnownUser) -> None:
    """A delay that tries after this one began goes on."""
    tries = [guess("anna") for _ in range(4)]
    guess("anna")
    assert isinstance(tries[3], Try)
    throttle.settle(tries[3])
    db.session.commit()
    assert isinstance(guess("anna"), Wait)


def test_a_day_without_failures_forgets(anna: KnownUser, clock: MovingClock) -> None:
    """After a day the count begins at nothing."""
    for _ in range(5):
        guess("anna")
    clock.advance(hours=24)
    for _ in range(5):
        assert isinstance(guess("anna"), Try)
    assert seconds(guess("anna")) == 30


def test_a_completed_login_forgives_its_own_place(anna: KnownUser) -> None:
    """The counts of where the login came from are nothing again, those of other places stay."""
    for _ in range(5):
        guess("anna", OFFICE)
        guess("anna", ELSEWHERE)
    throttle.forgive("anna", OFFICE)
    db.session.commit()
    assert isinstance(guess("anna", OFFICE), Try)
    assert isinstance(guess("anna", ELSEWHERE), Wait)


def test_a_name_that_does_not_exist_is_delayed_as_well(anna: KnownUser) -> None:
    """Nobody learns from the delays which names exist."""
    assert [seconds(guess("anna")) for _ in range(8)] == [seconds(guess("nobody")) for _ in range(8)]


def test_a_clock_set_back_ends_no_delay(anna: KnownUser, clock: MovingClock) -> None:
    """A delay that runs is still running an hour ago."""
    for _ in range(5):
        guess("anna")
    clock.advance(hours=-1)
    assert isinstance(guess("anna"), Wait)
