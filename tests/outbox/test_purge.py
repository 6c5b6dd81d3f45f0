"""What the outbox and the one-time links leave behind is removed in time, and nothing else (fault row 20)."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts import links
from idp.accounts.links import Purpose
from idp.accounts.links.models import OneTimeLink
from idp.accounts.models import User
from idp.cli import worker
from idp.outbox.models import Queued
from idp.platform import batches
from idp.platform.extensions import db
from tests.outbox.conftest import a_mail
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.world import World


def left(kind: type[object]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


@pytest.mark.both_stores
def test_the_outbox_forgets_after_a_month(
    app: Flask, queue: Callable[..., None], post: Post, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered mails are known for a month, in batches of which none is too large."""
    monkeypatch.setattr(batches, "AT_ONCE", 10)
    queue(*(a_mail() for _ in range(batches.AT_ONCE + 3)))
    post.deliver()
    clock.advance(days=30)
    with app.app_context():
        worker.purge(threading.Event())
        assert left(Queued) == batches.AT_ONCE + 3
        clock.advance(days=2)
        worker.purge(threading.Event())
        assert left(Queued) == 0


def test_links_go_a_day_after_their_end(world: World, app: Flask, clock: MovingClock) -> None:
    """A clock that is set back by hours brings no removed link back, and no live one is removed."""
    anna = world.user("anna", world.tenant())
    with world.unit_of_work() as session:
        user = session.get(User, anna.id)
        links.make(user, Purpose.PASSWORD_RESET, timedelta(minutes=30))
        links.make(user, Purpose.INVITATION, timedelta(days=3))
    with app.app_context():
        for hours, remain in ((24, 2), (2, 1)):
            clock.advance(hours=hours)
            worker.purge(threading.Event())
            assert left(OneTimeLink) == remain
