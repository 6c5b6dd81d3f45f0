"""Each proxy of config/deployment/, by the real program: what a client sends under a trusted name, or one like it, is lost."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idp.console.people import bulk_invite
from idp.tenancy.branding import logos
from tests.proxies import programs
from tests.proxies.conftest import CLIENT, FORGED, House, asked_after_the_code, client_of, known, times_seen
from tests.proxies.programs import EXAMPLES, PROGRAMS, Program
from tests.support.certificates import ClientCertificate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAMES_OF_A_CERTIFICATE = ("Client-Cert", "client-cert", "CLIENT-CERT", "Client_Cert", "client_cert")
NAMES_OF_AN_ADDRESS = ("X-Forwarded-For", "X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for", "Forwarded")
NAMES_OF_A_REQUEST = ("X-Request-Id", "X_Request_Id", "x-request_id", "x_request-id")
UNWANTED_CIPHERS = "AES128-SHA:AES256-SHA:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384"


@dataclass(frozen=True)
class Proxy:
    """One that runs."""

    house: House
    address: str
    place: Path

    def tls(self, certificate: ClientCertificate | None = None) -> ssl.SSLContext:
        """What a client needs to connect, with its certificate if it has one."""
        context = ssl.create_default_context(cafile=self.place / "ca.pem")
        if certificate:
            file = self.place / f"client-{certificate.thumbprint}.pem"
            key = certificate.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            file.write_bytes(key + certificate.certificate.public_bytes(Encoding.PEM))
            context.load_cert_chain(file)
        return context


@pytest.fixture(scope="module", params=PROGRAMS, ids=str)
def proxy(request: pytest.FixtureRequest, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The program with its example, before the recorder and the server."""
    program: Program = request.param
    place = tmp_path_factory.mktemp(program.name)
    house.authority.server_files(place, programs.HOST)
    with programs.running(program, house.recorder.port, place) as address:
        yield Proxy(house, address, place)


def test_a_made_up_certificate_is_nobodys(proxy: Proxy) -> None:
    """R79, RFC 9440 section 4: neither one of the right name nor somebody's public one, under whatever name it is sent."""
    house = proxy.house
    for name in NAMES_OF_A_CERTIFICATE:
        for value in (house.stranger.header, house.stranger.escaped, house.robot.header, house.robot.escaped):
            with client_of(house, proxy.address, [(name, value)], verify=proxy.tls()) as http:
                assert not known(http, "by-name"), name
                assert not known(http, "by-key"), name


def test_a_certificate_that_was_verified_is_handed_on(proxy: Proxy) -> None:
    """RFC 8705 section 2: also beside a forged header; and one that its owner made is no use."""
    house = proxy.house
    for forged in [(), *([(name, house.stranger.header)] for name in NAMES_OF_A_CERTIFICATE)]:
        with client_of(house, proxy.address, forged, verify=proxy.tls(house.robot)) as http:
            assert known(http, "by-name")
            assert known(http, "by-key")
    with client_of(house, proxy.address, verify=proxy.tls(house.stranger)) as http:
        try:
            answer = http.post("/token", data={"grant_type": "client_credentials", "client_id": "by-name"})
        except (httpx.TransportError, ssl.SSLError):
            return
        assert answer.status_code in {400, 401}


def test_an_address_that_is_made_up_counts_for_nothing(proxy: Proxy) -> None:
    """R79, C9: it spares no code, and the audit log does not keep it."""
    house = proxy.house
    before = times_seen(house, FORGED)
    forged = [(name, f"for={FORGED}" if name == "Forwarded" else FORGED) for name in NAMES_OF_AN_ADDRESS]
    with client_of(house, proxy.address, forged, verify=proxy.tls()) as http:
        assert asked_after_the_code(house, http, house.anna) == "totp"
    assert times_seen(house, FORGED) == before


def test_what_reaches_the_provider(proxy: Proxy) -> None:
    """R79: each trusted header once, set by the proxy; no name with `_`; a number for its log and ours."""
    names = (*NAMES_OF_AN_ADDRESS, *NAMES_OF_A_REQUEST, *NAMES_OF_A_CERTIFICATE)
    with client_of(proxy.house, proxy.address, [(name, "of-the-client") for name in names], verify=proxy.tls()) as http:
        answer = http.get("/healthz")
    sent = [(name.lower(), value.decode()) for name, value in proxy.house.recorder.newest()]
    assert answer.status_code == 200
    assert [name for name, _ in sent if b"_" in name] == []
    assert "of-the-client" not in dict(sent).values()
    assert [value for name, value in sent if name == b"x-forwarded-for"] == [CLIENT]
    assert [value for name, value in sent if name == b"x-request-id"] == [answer.headers["x-request-id"]]


def test_the_connection_is_as_bcp_195_says(proxy: Proxy) -> None:
    """FAPI 2.0 section 5.2.1, RFC 9325 sections 3.1.1 and 4.2: TLS 1.3, or 1.2 with the four suites; no other."""
    house = proxy.house
    for version, ciphers in (
        (ssl.TLSVersion.TLSv1_3, None),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ):
        context = proxy.tls()
        context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        with client_of(house, proxy.address, verify=context) as http:
            assert http.get("/healthz").status_code == 200
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1):
        context = proxy.tls()
        with warnings.catch_warnings(action="ignore"):  # that 1.1 is old is the point
            context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, version
        context.set_ciphers(f"{UNWANTED_CIPHERS}:@SECLEVEL=0")
        with client_of(house, proxy.address, verify=context) as http, pytest.raises(httpx.TransportError):
            http.get("/healthz")


def test_what_may_be_uploaded_gets_through(proxy: Proxy) -> None:
    """What the provider takes reaches it, in whatever pieces; far more does not; and the numbers are not public (R73)."""
    largest = max(bulk_invite.MOST_BYTES, logos.MOST_BYTES)
    with client_of(proxy.house, proxy.address, verify=proxy.tls()) as http:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = http.post("/console/users/import", content=b"x" * largest, headers=form)
        assert "x-request-id" in answer.headers, f"the proxy answered {answer.status_code}"
        assert http.post("/token", content=b"x" * 3 * largest).status_code in {413, 502}  # Caddy breaks off
        assert http.get("/metrics").status_code == 404
        assert "x-request-id" not in http.get("/metrics").headers


def test_the_examples_fit_together() -> None:
    """Each proxy asks where the unit listens, and comes from an address that the settings trust."""
    unit, settings = (EXAMPLES / "idp.service").read_text(), (EXAMPLES.parent / "example.toml").read_text()
    assert f"BIND={programs.ASKS}\n" in unit
    assert f"BIND={programs.ASKS}\n" in (EXAMPLES / "idp.env").read_text()
    assert "--bind ${BIND}" in unit
    assert all(programs.ASKS in (EXAMPLES / program.example).read_text() for program in PROGRAMS)
    network = settings.partition('trusted_proxies = ["')[2].partition('"')[0]
    assert ip_address(programs.ASKS.partition(":")[0]) in ip_network(network)
