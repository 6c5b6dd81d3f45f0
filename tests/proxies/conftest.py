"""One server that trusts 127.0.0.1, the people and programs that it knows, and a recorder of what a proxy sends it.

client at 127.0.0.9 ──▶ proxy ──▶ Recorder (keeps each head) ──▶ `idp serve`, or gunicorn
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.platform.extensions import db
from tests.support.authority import Authority
from tests.support.browser import HEADERS, Browser
from tests.support.certificates import ClientCertificate
from tests.support.recorder import Recorder
from tests.support.relying_party import RelyingParty
from tests.support.server import Server, serving
from tests.support.stores import Templates
from tests.support.world import KnownClient, KnownUser, World

BELIEVING = {
    "IDP_TRUSTED_PROXIES": "127.0.0.1/32",
    "IDP_CLIENT_CERTIFICATE_HEADER": "Client-Cert",
    "IDP_CLIENT_CERTIFICATES_VERIFIED": "true",
}
PROXY = "127.0.0.1"
CLIENT = "127.0.0.9"
"""Where clients of proxies come from: of this machine, and no trusted proxy."""
FORGED = "198.51.100.4"
"""The address that nobody is at."""

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class House:
    """The server with those whom it knows."""

    server: Server
    recorder: Recorder
    world: World
    books: KnownClient
    anna: KnownUser
    """She has a known address, FORGED, and chose to be asked for a code there once every 30 days."""
    authority: Authority
    robot: ClientCertificate
    """The certificate of the client `by-name`, by its subject, and `by-key`, in its key set: its issuer is trusted."""
    stranger: ClientCertificate
    """Of the same subject, made by its owner."""
    _numbers: Iterator[int] = field(default_factory=count)

    def new_colleague(self) -> KnownUser:
        """Somebody of Anna's company who never failed to log in."""
        return self.world.user(f"bert-{next(self._numbers)}", self.anna.tenant)


@pytest.fixture(scope="session")
def house(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`idp serve` behind the recorder, for all tests of a session."""
    place = tmp_path_factory.mktemp("house")
    store = templates.sqlite(templates.directory / "house.sqlite")
    with (
        serving(store, place, environment=BELIEVING) as server,
        Recorder(urlsplit(server.issuer).port or 0) as recorder,
    ):
        world = World(server.app)
        now = datetime.now(UTC).replace(microsecond=0)
        authority = Authority(now)
        robot, stranger = authority.certificate("CN=robot,O=Books"), ClientCertificate(now, "CN=robot,O=Books")
        program: dict[str, Any] = {"grant_types": ["client_credentials"], "response_types": [], "scope": "read"}
        world.client(
            "by-name",
            public=True,
            token_endpoint_auth_method="tls_client_auth",
            tls_client_auth_subject_dn="CN=robot,O=Books",
            **program,
        )
        keys = {"keys": [robot.jwk()]}
        world.client(
            "by-key", public=True, token_endpoint_auth_method="self_signed_tls_client_auth", jwks=keys, **program
        )
        anna = world.user("anna", world.tenant("de-zon"), totp=True, every_30_days=True)
        house = House(server, recorder, world, world.client("books"), anna, authority, robot, stranger)
        with client_of(house, server.issuer, [("X-Forwarded-For", FORGED)], address=PROXY) as http:
            rp = RelyingParty(http, house.books, lambda: datetime.now(UTC))
            assert "totp" in Browser(http, server.issuer).get(rp.authorize_url()).login(anna).steps
        yield house


class Through(httpx.HTTPTransport):
    """What is meant for the issuer goes to `base`, with more headers than the client knows of."""

    def __init__(self, base: str, more: Headers, address: str, **tls: Any) -> None:
        super().__init__(local_address=address, trust_env=False, **tls)
        self._base = httpx.URL(base)
        self._more = more

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it there."""
        url = request.url.copy_with(scheme=self._base.scheme, host=self._base.host, port=self._base.port)
        forged = {name.lower() for name, _ in self._more}
        kept = [(name, value) for name, value in request.headers.raw if name.lower() not in forged]
        content = request.stream
        return super().handle_request(
            httpx.Request(
                request.method, url, headers=[*kept, *self._more], stream=content, extensions=request.extensions
            )
        )


@contextmanager
def client_of(
    house: House, base: str, more: Iterable[tuple[str, str]] = (), address: str = CLIENT, **tls: Any
) -> Iterator[httpx.Client]:
    """A client, at an address of this machine, of whoever listens at `base`."""
    raw = [(name.encode(), value.encode()) for name, value in more]
    there = Through(base, raw, address, **tls)
    with httpx.Client(transport=there, base_url=house.server.issuer, headers=HEADERS, timeout=30) as http:
        yield http


def known(http: httpx.Client, client_id: str) -> bool:
    """Whether a program that says only its name is believed."""
    answer = http.post("/token", data={"grant_type": "client_credentials", "client_id": client_id})
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    return False


def asked_after_the_code(house: House, http: httpx.Client, person: KnownUser) -> str | None:
    """Let a colleague fail, then give password and security code: the step that is asked next, None when there is none."""
    rp = RelyingParty(http, house.books, lambda: datetime.now(UTC))
    browser = Browser(http, house.server.issuer)
    browser.get(rp.authorize_url())
    browser.fill(username=house.new_colleague().username, password="not it at all").submit()
    browser.fill(username=person.username, password=person.password).submit()
    assert browser.step == "security_code", browser.text
    browser.fill(security_code=person.tenant.code).submit()
    return browser.step


def times_seen(house: House, address: str) -> int:
    """How many lines of the audit log name this address."""
    with house.server.app.app_context():
        rows = db.session.execute(sa.select(AuditEvent.network, AuditEvent.detail)).all()
        db.session.rollback()
    return sum(address in f"{network} {detail}" for network, detail in rows)
