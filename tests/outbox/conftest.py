"""Mails to deliver, and somebody who gets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from idp import outbox
from idp.outbox.items import Recipient
from idp.outbox.mail.messages import PasswordReset
from idp.platform.extensions import db
from tests.support.mail import Post

LINK = "https://login.informer.example/forgot-password/a-secret-of-the-link"
ZOE = Recipient(name="Zoë de Boer", email="zoe@de-zon.example", language="en")


def a_mail(to: Recipient = ZOE, link: str = LINK) -> PasswordReset:
    return PasswordReset(to=to, at=datetime(2026, 11, 3, 9, tzinfo=UTC), link=link, minutes=30)


@pytest.fixture
def post(app: Flask, tmp_path: Path) -> Post:
    return Post(app, tmp_path)


@pytest.fixture
def queue(app: Flask) -> Callable[..., None]:
    """Writes a mail into the outbox, in a unit of work of its own."""

    def write(*mails: PasswordReset) -> None:
        with app.app_context():
            for mail in mails or (a_mail(),):
                outbox.mail(mail)
            db.session.commit()

    return write
