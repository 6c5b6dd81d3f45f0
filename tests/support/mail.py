"""The mail of a test: delivered by the product's own worker into a directory, and read from there.

post = Post(app, tmp_path)
post.deliver()                      # what `idp worker` does; returns the mails that are new
post.newest.subject                 # "Choose a new password"
post.newest.link                    # the first link of its text

with mail_server() as server:
    Mailbox(post, server).of(anna)  # the same over SMTP: what has come in for her
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from flask import Flask

from idp.cli import worker
from idp.outbox import deliver
from idp.outbox.mail.directory import DirectorySink
from idp.outbox.mail.smtp import SmtpSink
from idp.outbox.mail.transports import Sink
from idp.platform.extensions import db
from tests.support.smtp import MailServer
from tests.support.world import KnownUser


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as the person sees it."""

    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"])

    @property
    def to(self) -> str:
        """The address that it went to."""
        return str(self.message["To"].addresses[0].addr_spec)

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._part("html")

    @property
    def link(self) -> str:
        """The first link of the text."""
        found = re.search(r"https?://\S+", self.text)
        assert found, self.text
        return found.group()

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        assert part
        return str(part.get_content())


def read(content: bytes) -> Received:
    """Parse a message."""
    return Received(message_from_bytes(content, policy=policy.default))


class Post:
    """The outbox of an application, emptied into a directory."""

    def __init__(self, app: Flask, directory: Path) -> None:
        self.app = app
        self.directory = directory / "mail"
        self.received: list[Received] = []

    def deliver(self, sink: Sink | None = None) -> list[Received]:
        """Deliver what is due; return the mails that came into the directory by it."""
        seen = set(self.directory.glob("*.eml"))
        with self.app.app_context():
            deliver.deliver_due(sink or DirectorySink(self.directory), worker.FINDERS, threading.Event())
            db.session.remove()
        new = [read(file.read_bytes()) for file in sorted(set(self.directory.glob("*.eml")) - seen)]
        self.received += new
        return new

    @property
    def newest(self) -> Received:
        """The mail that came last."""
        return self.received[-1]


class Mailbox:
    """Where the mail of an application comes in: at a mail server, over SMTP."""

    def __init__(self, post: Post, server: MailServer) -> None:
        self._post = post
        self._server = server
        self._sink = SmtpSink.from_url(f"smtp://127.0.0.1:{server.port}", "localhost")

    def of(self, user: KnownUser) -> list[Received]:
        """Let the worker send what waits; what has come in for this person since they last looked."""
        self._post.deliver(self._sink)
        mine = [mail for mail in self._server.received if mail.rcpt_tos == [user.email]]
        for mail in mine:
            self._server.received.remove(mail)
        return [read(mail.content) for mail in mine]
