"""Real mail servers on loopback: one that takes mail, over TLS and with a login where wanted, and ones that misbehave.

with mail_server(login=("anna", "secret"), starttls=True) as server:
    server.received        what came in, in order        server.answers["RCPT"] = "550 no"   what it says instead
with silent_server() as port:                            accepts and never says a word
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.postgres import free_port

HOST = "127.0.0.1"


@dataclass(slots=True)
class Delivered:
    """A message with what the conversation said of it."""

    mail_from: str
    rcpt_tos: list[str]
    content: bytes
    encrypted: bool
    logged_in: bool


@dataclass
class MailServer:
    """A running server. `answers`: what it says to RCPT or DATA instead of taking it."""

    port: int
    received: list[Delivered] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    logins: list[LoginPassword] = field(default_factory=list)
    hello: str = ""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = self.hello = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        assert server.transport
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        mail_from = str(envelope.mail_from)
        logged_in = bool(session.authenticated)
        self.received.append(Delivered(mail_from, list(envelope.rcpt_tos), envelope.content, encrypted, logged_in))
        return "250 taken"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for 127.0.0.1 and localhost, signed by itself."""

    certificate: Path
    key: Path

    @property
    def context(self) -> ssl.SSLContext:
        """The server's side of it."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.certificate, self.key)
        return made


def new_certificate(directory: Path) -> Certificate:
    """Make one, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.DNSName("127.1"), x509.IPAddress(ipaddress.ip_address(HOST))]
    )
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    found = Certificate(directory / "certificate.pem", directory / "key.pem")
    found.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return found


@contextmanager
def trusting(certificate: Certificate) -> Iterator[None]:
    """Let this process trust the certificate, as an operator does: SSL_CERT_FILE."""
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(certificate.certificate)
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


@contextmanager
def mail_server(
    *,
    login: tuple[str, str] | None = None,
    starttls: Certificate | None = None,
    tls: Certificate | None = None,
) -> Iterator[MailServer]:
    """Run a server until the block ends."""
    server = MailServer(free_port())

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        server.logins.append(given)
        wanted = login and (login[0].encode(), login[1].encode())
        return AuthResult(success=(given.login, given.password) == wanted, handled=False)

    controller = Controller(
        server,
        hostname=HOST,
        port=server.port,
        ssl_context=tls.context if tls else None,
        tls_context=starttls.context if starttls else None,
        authenticator=authenticate if login else None,
        auth_require_tls=False,
        decode_data=False,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def talking_server(*lines: bytes, pause: float = 0, hold: bool = True) -> Iterator[int]:
    """A server that says these lines, a byte each `pause` seconds where there is one, then holds the line or cuts it."""
    listener, ended = socket.create_server((HOST, 0)), threading.Event()

    def talk() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near, suppress(OSError):
                for line in lines:
                    for piece in [bytes([byte]) for byte in line] if pause else [line]:
                        near.sendall(piece)
                        if ended.wait(pause):
                            return
                    near.recv(4096)
                if hold:
                    ended.wait(30)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=300)
