"""A real conversation with a mail server (RFC 5321), good and bad."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.cli import probes
from idp.outbox.mail.failures import PutOff, Refused, Unreachable
from idp.outbox.mail.render import Letter
from idp.outbox.mail.smtp import SmtpSink
from idp.outbox.mail.transports import sink_for
from idp.outbox.models import Queued
from idp.platform.extensions import db
from tests.outbox.conftest import LINK
from tests.support.mail import Post, read
from tests.support.smtp import HOST, Certificate, mail_server, new_certificate, talking_server, trusting

LOGIN = ("idp@example", "pass:w/rd@")
LOGIN_IN_URL = "idp%40example:pass%3Aw%2Frd%40"


def letter(email: str = "zoe@de-zon.example", name: str = "Zoë") -> Letter:
    return Letter(
        id=uuid.uuid4(),
        at=datetime(2026, 11, 3, 9, tzinfo=UTC),
        sender="Informer <no-reply@login.informer.example>",
        host="login.informer.example",
        name=name,
        email=email,
        language="en",
        subject="Een onderwerp, één regel",
        text="Hallo Zoë,\n.\n..two dots\n",
        html="<p>Hallo Zoë</p>",
    )


def sink(port: int, *, scheme: str = "smtp", login: str = "", host: str = HOST) -> SmtpSink:
    found = sink_for(f"{scheme}://{login + '@' if login else ''}{host}:{port}", "login.informer.example")
    assert isinstance(found, SmtpSink)
    return found


def impatient(port: int, seconds: float = 0.3, altogether: float = 5) -> SmtpSink:
    return SmtpSink(HOST, port, "login.informer.example", seconds=seconds, altogether=altogether)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return new_certificate(tmp_path_factory.mktemp("tls"))


def test_a_plain_conversation() -> None:
    """EHLO with our name, the envelope's addresses without names, dots at the beginning of lines kept."""
    with mail_server() as server:
        sink(server.port).send(letter())
    (got,) = server.received
    assert (got.mail_from, got.rcpt_tos) == ("no-reply@login.informer.example", ["zoe@de-zon.example"])
    assert server.hello == "login.informer.example"
    assert read(got.content).text.splitlines() == ["Hallo Zoë,", ".", "..two dots"]
    assert read(got.content).subject == "Een onderwerp, één regel"


def test_from_the_outbox_to_the_server(app: Flask, queue: Callable[..., None], post: Post) -> None:
    """What was queued arrives with its link, and the row is done."""
    queue()
    with mail_server() as server:
        post.deliver(sink(server.port))
    assert LINK in read(server.received[0].content).text
    with app.app_context():
        assert db.session.scalar(sa.select(Queued.delivered_at))


def test_starttls_and_login(certificate: Certificate) -> None:
    """RFC 3207, RFC 4954: encrypted first, then the login of the address, percent-decoded."""
    with trusting(certificate), mail_server(login=LOGIN, starttls=certificate) as server:
        sink(server.port, login=LOGIN_IN_URL).send(letter())
    (got,) = server.received
    assert got.encrypted
    assert got.logged_in


def test_starttls_wherever_it_is_offered(certificate: Certificate) -> None:
    """Also without a login, to any host that is not this machine itself."""
    with trusting(certificate), mail_server(starttls=certificate) as server:
        sink(server.port, host="127.1").send(letter())
    assert server.received[0].encrypted


def test_smtps(certificate: Certificate) -> None:
    """TLS from the first byte."""
    with trusting(certificate), mail_server(tls=certificate) as server:
        sink(server.port, scheme="smtps").send(letter())
    assert server.received[0].encrypted


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_knows(certificate: Certificate, scheme: str) -> None:
    """Neither mail nor login is given to whoever cannot prove their name."""
    tls, starttls = (certificate, None) if scheme == "smtps" else (None, certificate)
    with mail_server(login=LOGIN, tls=tls, starttls=starttls) as server:
        with pytest.raises(Unreachable, match="certificate"):
            sink(server.port, scheme=scheme, login=LOGIN_IN_URL).send(letter())
        assert (server.received, server.logins) == ([], [])


def test_no_login_without_encryption() -> None:
    """A server that offers none never sees the password, unless it is this machine itself."""
    with mail_server(login=LOGIN) as server:
        with pytest.raises(Unreachable, match="no encryption"):
            sink(server.port, login=LOGIN_IN_URL, host="127.1").send(letter())
        assert server.logins == []
        sink(server.port, login=LOGIN_IN_URL).send(letter())
        assert server.received[0].logged_in


def test_a_refused_login_says_nothing_of_it() -> None:
    """The reason has neither name nor password in it."""
    with mail_server(login=LOGIN) as server, pytest.raises(Unreachable, match="login is refused") as refused:
        sink(server.port, login="somebody:hunter2").send(letter())
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        pytest.param("RCPT", "550 5.1.1 no such mailbox", Refused, id="no such mailbox"),
        pytest.param("RCPT", "451 4.7.1 greylisted", PutOff, id="greylisted"),
        pytest.param("DATA", "554 5.7.1 looks like spam", Refused, id="spam"),
        pytest.param("DATA", "452 4.3.1 disk full", PutOff, id="disk full"),
    ],
)
def test_4yz_is_tried_again_and_5yz_is_not(command: str, answer: str, kind: type[Exception]) -> None:
    """RFC 5321 section 4.2.1, with the server's words as the reason."""
    with mail_server() as server:
        server.answers[command] = answer
        with pytest.raises(kind, match=answer[4:]):
            sink(server.port).send(letter())


@pytest.mark.parametrize(
    "email", ["", "zoe", "zoe@", "zoe@x.example\r\nRCPT TO:<all@evil.example>", "a b@x.example", "zoë@de-zon.example"]
)
def test_no_address_is_refused(email: str) -> None:
    """What is no address reaches no server."""
    with mail_server() as server, pytest.raises(Refused):
        sink(server.port).send(letter(email=email))
    assert server.received == []


def test_nobody_listens() -> None:
    """A port without a server."""
    with talking_server() as port:
        pass
    with pytest.raises(Unreachable):
        sink(port).send(letter())


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="before the greeting"),
        pytest.param((b"220 hello\r\n",), id="after the greeting"),
        pytest.param(
            (b"220 hello\r\n", b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"), id="after the mail"
        ),
    ],
)
@pytest.mark.parametrize("hold", [True, False], ids=["hangs", "cuts"])
def test_a_server_that_falls_silent(lines: tuple[bytes, ...], hold: bool) -> None:
    """Fault row 21: a time limit, then later again."""
    began = time.monotonic()
    with talking_server(*lines, hold=hold) as port, pytest.raises(Unreachable):
        impatient(port).send(letter())
    assert time.monotonic() - began < 4


def test_a_server_that_dribbles() -> None:
    """Each byte comes in time, all of it does not: the whole conversation has a limit as well."""
    began = time.monotonic()
    with talking_server(b"220-" + b"x" * 1000, pause=0.05) as port, pytest.raises(Unreachable):
        impatient(port, seconds=1, altogether=0.5).send(letter())
    assert time.monotonic() - began < 4


def test_a_cut_after_the_mail_was_taken_does_not_matter() -> None:
    """What the server took is delivered, however rudely it says goodbye."""
    words = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n")
    with talking_server(*words, hold=False) as port:
        impatient(port, seconds=2).send(letter())


def test_a_sink_that_hangs_keeps_the_mail(app: Flask, queue: Callable[..., None], post: Post) -> None:
    """Fault row 21: nothing is lost; the mail goes out when the server is back."""
    queue()
    with talking_server() as port:
        post.deliver(impatient(port))
    with app.app_context():
        row = db.session.scalars(sa.select(Queued)).one()
        assert (row.tries, row.delivered_at, row.payload_sealed is None) == (1, None, False)
        assert "Unreachable" in (row.last_error or "")


@pytest.mark.parametrize(
    ("url", "port"), [("smtp://mail.example", 25), ("smtp://u:p@mail.example", 587), ("smtps://mail.example", 465)]
)
def test_the_usual_ports(url: str, port: int) -> None:
    """RFC 5321, RFC 6409, RFC 8314."""
    found = sink_for(url, "x")
    assert isinstance(found, SmtpSink)
    assert found.port == port
    assert "'p'" not in repr(found)


def test_a_directory(tmp_path: Path) -> None:
    """file:///: one file a letter, for its owner only; a letter that is sent again replaces itself."""
    found, one = sink_for(f"file://{tmp_path}/with%20blank/mail", "x"), letter()
    found.send(one)
    found.send(one)
    (file,) = (tmp_path / "with blank" / "mail").iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert read(file.read_bytes()).text.startswith("Hallo Zoë,")


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """A file where the directory should be: put off, as with any other place that cannot be reached."""
    (tmp_path / "mail").write_text("")
    with pytest.raises(Unreachable):
        sink_for(f"file://{tmp_path}/mail", "x").send(letter())


def test_check_goes_as_far_as_a_mail_would(app: Flask, certificate: Certificate) -> None:
    """`idp check`: the server answers and takes the login; otherwise it says what is wrong."""
    with mail_server(login=LOGIN) as server:
        assert sink(server.port, login=LOGIN_IN_URL).probe() == f"{HOST} answers"
        with pytest.raises(Unreachable, match="login is refused"):
            sink(server.port, login="a:b").probe()


@pytest.mark.settings(mail_url="smtp://127.0.0.1:1")
def test_check_names_the_setting(in_app: Flask) -> None:
    """A mail server that is not there is a fault of IDP_MAIL_URL."""
    finding = probes.of_mail()
    assert not finding.ok
    assert finding.reason.startswith("IDP_MAIL_URL: 127.0.0.1")
