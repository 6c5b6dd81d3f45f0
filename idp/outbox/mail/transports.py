"""Where letters go, by IDP_MAIL_URL, and how that fails.

NotDelivered
├── Refused       for good: this address, or this message; trying again changes nothing
├── PutOff        this letter, for now
└── Unreachable   nobody's letters can go there for the moment
"""

from typing import Protocol
from urllib.parse import urlsplit

from idp.outbox.mail.directory import DirectorySink
from idp.outbox.mail.failures import NotDelivered, PutOff, Refused, Unreachable
from idp.outbox.mail.render import Letter
from idp.outbox.mail.smtp import SmtpSink

__all__ = ["NotDelivered", "PutOff", "Refused", "Sink", "Unreachable", "sink_for"]


class Sink(Protocol):
    """Takes a letter, or raises `NotDelivered`."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over; when this returns, it is delivered as far as we are concerned."""

    def probe(self) -> str:
        """Say in a few words that letters can be handed over. Raises `NotDelivered`."""


def sink_for(url: str, host: str) -> Sink:
    """The sink that the setting names. `host`: how we call ourselves."""
    return DirectorySink.from_url(url) if urlsplit(url).scheme == "file" else SmtpSink.from_url(url, host)
