"""From facts to a letter: text and HTML in the recipient's language, and from there to bytes (RFC 5322, RFC 2046)."""

import re
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from flask import render_template
from flask_babel import force_locale

from idp.outbox.mail.messages import Mail
from idp.platform import settings

_LONG_LINES = policy.SMTP.clone(max_line_length=998)
"""A link stays on its line, whole, so that it can be clicked and copied (RFC 5322 section 2.1.1 allows 998)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A rendered mail. `id` is the row's: the same letter, sent again, is the same message."""

    id: uuid.UUID
    at: datetime
    sender: str
    host: str
    name: str
    email: str
    language: str
    subject: str
    text: str
    html: str

    @property
    def envelope_sender(self) -> str:
        """The sender's address without a name."""
        return parseaddr(self.sender)[1]

    def as_bytes(self, *, eight_bit: bool) -> bytes:
        """The message. Raises ValueError for addresses that are none. `eight_bit`: the receiver takes 8BITMIME."""
        message = EmailMessage(_LONG_LINES)
        message["From"] = self.sender
        message["To"] = str(_address(self.name, self.email))
        message["Subject"] = self.subject
        message["Date"] = format_datetime(self.at)
        message["Message-ID"] = f"<{self.id}@{self.host}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5
        message.set_content(self.text, cte=_encoding(self.text, eight_bit))
        message.add_alternative(self.html, subtype="html", cte=_encoding(self.html, eight_bit))
        message["Content-Language"] = self.language  # here: content that is set takes such fields away
        return message.as_bytes()


def letter_of(row_id: uuid.UUID, mail: Mail) -> Letter:
    """Render a mail; needs the application's context."""
    ours = settings.current()
    with force_locale(mail.to.language):
        facts = {"mail": mail, "name": one_line(mail.to.name), "issuer": ours.issuer, "host": ours.issuer_host}
        subject, _, text = render_template(f"mail/{mail.kind}.txt", **facts).strip().partition("\n")
        html = render_template(f"mail/{mail.kind}.html", subject=subject, **facts)
    return Letter(
        id=row_id,
        at=mail.at,
        sender=one_line(ours.sender),
        host=ours.issuer_host,
        name=one_line(mail.to.name),
        email=_with_ascii_domain(mail.to.email),
        language=mail.to.language,
        subject=one_line(subject),
        text=_without_gaps(text),
        html=_without_gaps(html),
    )


def one_line(text: str) -> str:
    """The text without line breaks and control characters: it stands in headers and between lines of ours."""
    plain = "".join(" " if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} else sign for sign in text)
    return " ".join(plain.split())


def _with_ascii_domain(email: str) -> str:
    """The address as servers know it (RFC 5891); one that cannot be written so stays, and is refused when it is sent."""
    mailbox, _, domain = email.rpartition("@")
    try:
        return f"{mailbox}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return email


def _address(name: str, email: str) -> Address:
    """The address with its name. Raises ValueError for what is no address, in place of what the library raises."""
    try:
        return Address(name, addr_spec=email)
    except (ValueError, IndexError, HeaderParseError):
        raise ValueError("the e-mail address is none") from None


def _without_gaps(text: str) -> str:
    """The text with one empty line at most where the template's blocks left several."""
    return re.sub(r"\n\s*\n+", "\n\n", text.strip()) + "\n"


def _encoding(text: str, eight_bit: bool) -> str:  # noqa: FBT001 - passed on
    if text.isascii():
        return "7bit"
    return "8bit" if eight_bit else "quoted-printable"
