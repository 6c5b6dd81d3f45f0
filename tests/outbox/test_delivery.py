"""A mail goes out if its cause was committed, once, sooner or later, or is reported as a dead letter."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import outbox
from idp.cli import probes
from idp.outbox import deliver
from idp.outbox.jobs import PasswordForgotten
from idp.outbox.mail.failures import NotDelivered, PutOff, Refused, Unreachable
from idp.outbox.mail.render import Letter, letter_of
from idp.outbox.models import Queued
from idp.platform import clock as product_clock
from idp.platform.extensions import db
from tests.outbox.conftest import LINK, ZOE, a_mail
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock

Queue = Callable[..., None]
GO = threading.Event()  # never set: nobody stops the work


class Failing:
    """A place where letters go that takes none, or none any more."""

    def __init__(self, *errors: NotDelivered | Exception) -> None:
        self.errors = list(errors)
        self.sent: list[Letter] = []
        self.tries = 0

    def send(self, letter: Letter) -> None:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        self.sent.append(letter)

    def probe(self) -> str:
        return "is a test"


def row(app: Flask) -> Queued:
    with app.app_context():
        return db.session.scalars(sa.select(Queued)).one()


def test_it_arrives(queue: Queue, post: Post) -> None:
    """Text and HTML, to the person, from the issuer's host, with the link whole."""
    queue()
    (mail,) = post.deliver()
    assert mail.to == ZOE.email
    assert mail.message["To"].addresses[0].display_name == "Zoë de Boer"
    assert mail.message["From"] == "no-reply@login.informer.example"
    assert LINK in mail.text.splitlines()
    assert f'href="{LINK}"' in mail.html
    assert post.deliver() == []


def test_no_cause_no_mail(app: Flask, post: Post) -> None:
    """A unit of work that is rolled back has sent nothing."""
    with app.app_context():
        outbox.mail(a_mail())
        db.session.rollback()
    assert post.deliver() == []


def test_nothing_readable_at_rest(app: Flask, queue: Queue, post: Post) -> None:
    """The table shows neither link nor address; after delivery it has nothing left of them."""
    queue()
    sealed = row(app).payload_sealed
    assert sealed
    assert LINK not in sealed
    assert ZOE.email not in sealed
    post.deliver()
    assert (row(app).payload_sealed, row(app).due_at) == (None, None)


def test_a_payload_of_another_row_is_no_mail(app: Flask, queue: Queue, post: Post) -> None:
    """Whoever can write into the table cannot make us send one person's link to another."""
    queue(a_mail(), a_mail(to=ZOE))
    with app.app_context():
        first, second = db.session.scalars(sa.select(Queued)).all()
        second.payload_sealed = first.payload_sealed
        db.session.commit()
    assert len(post.deliver()) == 1


@pytest.mark.both_stores
def test_many_workers_send_each_mail_once(app: Flask, queue: Queue) -> None:
    """Eight workers at once, forty mails: each goes out once."""
    queue(*(a_mail(link=f"{LINK}-{n}") for n in range(40)))
    sink, barrier = Failing(), threading.Barrier(8)

    def work(_: int) -> None:
        with app.app_context():
            barrier.wait()
            for _ in range(200):
                deliver.deliver_due(sink, {}, GO)
                if not db.session.scalar(sa.select(sa.func.count()).where(Queued.delivered_at.is_(None))):
                    break
            db.session.remove()

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(work, range(8)))
    assert Counter(Counter(letter.id for letter in sink.sent).values()) == {1: 40}


@pytest.mark.both_stores
def test_a_dead_workers_mail_goes_out_after_the_lease(app: Flask, queue: Queue, post: Post, clock: MovingClock) -> None:
    """A worker that is killed holds a mail for ten minutes, not for ever."""
    queue()
    with app.app_context():
        assert deliver.claim()
        db.session.remove()
    assert post.deliver() == []
    clock.advance(minutes=11)
    assert len(post.deliver()) == 1


def test_whoever_lost_the_claim_writes_nothing(app: Flask, queue: Queue, clock: MovingClock) -> None:
    """A worker that slept through its lease leaves the row to the one that has it now."""
    queue()
    with app.app_context():
        slow = deliver.claim()
        clock.advance(minutes=11)
        quick = deliver.claim()
        assert slow
        assert quick
        deliver._outcome(slow, dead_at=product_clock.now(), due_at=None)
    assert row(app).dead_at is None


@pytest.mark.parametrize("error", [PutOff("450"), Unreachable("no route"), RuntimeError("a bug")], ids=str)
def test_it_is_tried_again_later_and_later(
    app: Flask, queue: Queue, post: Post, clock: MovingClock, error: Exception
) -> None:
    """Half a minute after the first failure, four times as long after each, four hours at most."""
    queue()
    sink, waits = Failing(error), []
    with app.app_context():
        db.session.execute(sa.update(Queued).values(useful_until=clock.now() + timedelta(days=30)))
        db.session.commit()
    for _ in range(8):
        post.deliver(sink)
        due = row(app).due_at
        assert due
        waits.append(due - clock.now())
        clock.at(due)
    assert [wait.total_seconds() for wait in waits] == [30, 120, 480, 1920, 7680, 14400, 14400, 14400]
    assert len(post.deliver()) == 1


def test_twenty_tries_and_it_is_a_dead_letter(app: Flask, queue: Queue, post: Post, clock: MovingClock) -> None:
    """Given up, cleared, and reported by `idp check` until a week is over."""
    queue()
    with app.app_context():
        db.session.execute(sa.update(Queued).values(useful_until=clock.now() + timedelta(days=30)))
        db.session.commit()
    sink = Failing(PutOff("450 try later"))
    for _ in range(30):
        post.deliver(sink)
        clock.advance(hours=5)
    assert sink.tries == deliver.MOST_TRIES
    assert (row(app).dead_at is not None, row(app).payload_sealed) == (True, None)
    with app.app_context():
        finding = probes.of_outbox()
        assert not finding.ok
        assert "450 try later" in finding.reason
        clock.advance(days=8)
        assert probes.of_outbox().ok


def test_a_refusal_is_final(app: Flask, queue: Queue, post: Post) -> None:
    """RFC 5321 section 4.2.1: what got a 5yz is not sent again."""
    queue()
    sink = Failing(Refused("550 no such mailbox"))
    post.deliver(sink)
    assert row(app).dead_at
    assert sink.tries == 1


def test_too_late_is_not_sent(app: Flask, queue: Queue, post: Post, clock: MovingClock) -> None:
    """A link that is over by now is not mailed."""
    queue()
    clock.advance(minutes=31)
    assert post.deliver() == []
    assert row(app).dead_at


def test_an_unreachable_sink_is_tried_once_a_round(app: Flask, queue: Queue, post: Post) -> None:
    """The others wait as well: a dead mail server costs one time-out, not one for each mail."""
    queue(*(a_mail() for _ in range(5)))
    sink = Failing(Unreachable("no route"))
    post.deliver(sink)
    assert sink.tries == 1


def test_a_mail_that_cannot_go_does_not_hold_up_the_others(app: Flask, queue: Queue, post: Post) -> None:
    """One is put off, the next ones go."""
    queue(*(a_mail() for _ in range(3)))

    class FirstFails(Failing):
        def send(self, letter: Letter) -> None:
            self.tries += 1
            if self.tries == 1:
                raise PutOff("450")
            self.sent.append(letter)

    sink = FirstFails()
    post.deliver(sink)
    assert len(sink.sent) == 2


def test_an_unknown_kind_waits_for_a_newer_worker(app: Flask, queue: Queue, post: Post) -> None:
    """During an update: a mail that only the new version knows is put off, not lost."""
    queue()
    with app.app_context():
        db.session.execute(sa.update(Queued).values(kind="of_tomorrow"))
        db.session.commit()
    assert post.deliver() == []
    assert row(app).due_at


def test_an_errand_for_nobody_is_done(app: Flask, post: Post) -> None:
    """A name that does not exist costs a row, which is dealt with like the others."""
    with app.app_context():
        outbox.ask(PasswordForgotten(username="nobody"))
        db.session.commit()
    assert post.deliver() == []
    assert row(app).delivered_at


def test_check_sees_that_nobody_works(app: Flask, queue: Queue, clock: MovingClock) -> None:
    """Without a mail server mails wait and that is fine."""
    queue()
    clock.advance(minutes=16)
    with app.app_context():
        finding = probes.of_outbox()
    assert finding.ok
    assert "1 mails wait" in finding.reason


@pytest.mark.settings(mail_url="file:///nowhere")
def test_check_sees_that_nobody_delivers(app: Flask, queue: Queue, clock: MovingClock) -> None:
    """With one, a mail that nobody took in a quarter of an hour is a fault."""
    queue()
    with app.app_context():
        assert probes.of_outbox().ok
        clock.advance(minutes=16)
        assert not probes.of_outbox().ok


def test_a_stopped_worker_takes_no_new_mail(app: Flask, queue: Queue) -> None:
    """SIGTERM: the mail at hand, and no other."""
    queue(a_mail(), a_mail())
    stop, sink = threading.Event(), Failing()
    stop.set()
    with app.app_context():
        assert deliver.deliver_due(sink, {}, stop) == 0
    assert sink.tries == 0


def test_the_message_stays_the_same_message(queue: Queue, app: Flask, post: Post, clock: MovingClock) -> None:
    """Sent again after a lost answer it has the same Message-ID, so that a mail server may know it again."""
    queue()
    ids = []
    for _ in range(2):
        with app.app_context():
            claimed = deliver.claim()
            assert claimed
            mail = deliver._mail(claimed, {})
            assert mail
            from_row = letter_of(claimed.id, mail)
            ids.append(next(line for line in from_row.as_bytes(eight_bit=True).splitlines() if b"Message-ID" in line))
        clock.advance(minutes=11)
    assert ids[0] == ids[1]


def test_a_moment_is_kept(queue: Queue, post: Post) -> None:
    """The mail is dated when it happened, whenever it is delivered."""
    queue()
    (mail,) = post.deliver()
    assert mail.message["Date"].datetime == datetime.fromisoformat("2026-11-03T09:00:00+00:00")
