"""Handing a letter to a mail server (RFC 5321), with encryption where there is any to be had.

    smtp://   plain, and STARTTLS (RFC 3207) where the server offers it      smtps://   TLS from the first byte
    user:password@ in the address: AUTH (RFC 4954), only over TLS or on this machine

Certificates are verified. On this machine itself an offer of STARTTLS is taken up only for a login: nothing travels,
and the certificates of local servers are seldom in order. Each answer of the server must come within `seconds`, and all
of it within `altogether`, which is less than the lease under which the worker holds the letter.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from idp.outbox.mail.failures import NotDelivered, PutOff, Refused, Unreachable
from idp.outbox.mail.render import Letter
from idp.platform.settings import is_loopback

PERMANENT = 500


class _Server(smtplib.SMTP):
    """A connection that is made after the limits are in force."""

    def __init__(self, host: str, ours: str, seconds: float) -> None:
        super().__init__(local_hostname=ours, timeout=seconds)
        self._host = host  # the name on the certificate


class _TlsServer(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""

    def __init__(self, host: str, ours: str, seconds: float) -> None:
        super().__init__(local_hostname=ours, timeout=seconds, context=ssl.create_default_context())
        self._host = host


@dataclass(frozen=True, slots=True)
class SmtpSink:
    """A mail server as IDP_MAIL_URL names it. `ours`: how we introduce ourselves."""

    host: str
    port: int
    ours: str
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    seconds: float = 30
    altogether: float = 120

    @classmethod
    def from_url(cls, url: str, host: str) -> Self:
        """Read the setting. Without a port: 465 for smtps, 587 where there is a login (RFC 6409), else 25."""
        parts = urlsplit(url)
        tls, user = parts.scheme == "smtps", unquote(parts.username) if parts.username else None
        port = parts.port or (465 if tls else 587 if user else 25)
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname or "", port, host, tls, user, password)

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises `NotDelivered`."""
        try:
            with self._connected() as server:
                self._hand_over(server, letter)
        except NotDelivered:
            raise
        except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise Unreachable(f"{self.host}: {_words(error)}") from None

    def probe(self) -> str:
        """Go as far as a letter would, short of a letter."""
        try:
            with self._connected() as server:
                server.noop()
        except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise Unreachable(f"{self.host} cannot be used: {_words(error)}") from None
        return f"{self.host} answers"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is ready for a letter. What happens while it is closed does not matter any more."""
        server = (_TlsServer if self.tls else _Server)(self.host, self.ours, self.seconds)
        limit = threading.Timer(self.altogether, _cut, [server])
        limit.daemon = True
        limit.start()
        try:
            server.connect(self.host, self.port)
            self._secure(server)
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            limit.cancel()
            server.close()

    def _secure(self, server: smtplib.SMTP) -> None:
        """STARTTLS and login, as far as they are needed."""
        server.ehlo_or_helo_if_needed()
        here, encrypted = is_loopback(self.host), self.tls
        if not encrypted and server.has_extn("starttls") and (self.user or not here):
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            encrypted = True
        if self.user is None:
            return
        if not (encrypted or here):
            raise Unreachable(f"{self.host} offers no encryption, so the login is not sent")
        try:
            server.login(self.user, self.password or "")
        except UnicodeEncodeError:
            raise Unreachable(f"{self.host}: a login may have ASCII characters only") from None

    def _hand_over(self, server: smtplib.SMTP, letter: Letter) -> None:
        """MAIL, RCPT, DATA. RFC 5321 section 4.2.1: 4yz may be tried again, 5yz may not."""
        eight_bit = server.has_extn("8bitmime")
        options = ["BODY=8BITMIME"] if eight_bit else []
        try:
            content = letter.as_bytes(eight_bit=eight_bit)
        except ValueError as error:
            raise Refused(str(error)) from None
        try:
            server.sendmail(letter.envelope_sender, [letter.email], content, options)
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = error.recipients[letter.email]
            raise _answer(code, reply) from None
        except smtplib.SMTPDataError as error:
            raise _answer(error.smtp_code, error.smtp_error) from None


def _answer(code: int, reply: bytes | str) -> NotDelivered:
    kind = Refused if code >= PERMANENT else PutOff
    return kind(f"{code} {_text(reply)}")


def _words(error: Exception) -> str:
    """What went wrong, in the server's words where it said something; a login is never part of them."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"the login is refused ({error.smtp_code})"
        case smtplib.SMTPResponseException():
            return f"{error.smtp_code} {_text(error.smtp_error)}"
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case _:
            return str(error) or type(error).__name__


def _text(reply: bytes | str) -> str:
    return " ".join((reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply).split())


def _cut(server: smtplib.SMTP) -> None:
    """End the conversation from another thread: whatever waits for the server gets an error."""
    if server.sock is not None:
        with suppress(OSError):
            server.sock.shutdown(socket.SHUT_RDWR)
