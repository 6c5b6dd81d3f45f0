"""Sections 2 and 3: a client is known by the certificate of its connection, and its tokens are bound to it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import httpx
import pytest
from cryptography import x509
from joserfc import jwt

from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.certificates import ClientCertificate
from tests.support.key_host import KeyHost
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import DISCOVERY, NewRp, RelyingParty, basic
from tests.support.world import World

PROXY = "192.0.2.80"
HEADER = "Client-Cert"
BEHIND: dict[str, Any] = {"trusted_proxies": f"{PROXY}/32", "client_certificate_header": HEADER}
SERVICE: dict[str, Any] = {"grant_types": ["client_credentials"], "response_types": [], "scope": "read"}
pytestmark = pytest.mark.settings(**BEHIND, client_certificates_verified=True)


@pytest.fixture
def certificate(clock: MovingClock) -> ClientCertificate:
    """The client's."""
    return ClientCertificate(clock.now())


@pytest.fixture
def stranger(clock: MovingClock) -> ClientCertificate:
    """One of the same name that somebody else made."""
    return ClientCertificate(clock.now())


def ask(http: httpx.Client, value: str | None, client_id: str = "robot", **form: str) -> httpx.Response:
    """A token request of a client that says only its name."""
    headers = {} if value is None else {HEADER: value}
    return http.post(
        "/token", data={"grant_type": "client_credentials", "client_id": client_id, **form}, headers=headers
    )


def known(answer: httpx.Response) -> bool:
    """Whether the client was believed."""
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    return False


def self_signed(world: World, *certificates: ClientCertificate, **registration: Any) -> None:
    """A client that registered these certificates."""
    keys = {"keys": [certificate.jwk() for certificate in certificates]}
    method = "self_signed_tls_client_auth"
    world.client(
        "robot", public=True, **{"token_endpoint_auth_method": method, "jwks": keys, **SERVICE, **registration}
    )


def by_name(world: World, **registration: Any) -> None:
    """A client that registered a name."""
    world.client("robot", public=True, **{"token_endpoint_auth_method": "tls_client_auth", **SERVICE, **registration})


# Section 2.2: certificates in the key set


def test_a_registered_certificate(
    world: World, http: httpx.Client, certificate: ClientCertificate, stranger: ClientCertificate
) -> None:
    """Section 2.2.2: whichever of them, in either form of the header; a key that has none is passed over."""
    second = ClientCertificate(world._now(), "CN=second")
    bare = {name: value for name, value in stranger.jwk().items() if name != "x5c"}
    unreadable = stranger.jwk(x5c=["no certificate"])
    self_signed(world, jwks={"keys": [bare, unreadable, stranger.jwk(x5c=["é"]), certificate.jwk(), second.jwk()]})
    for value in (certificate.header, certificate.escaped, second.header):
        assert known(ask(http, value))
    assert not known(ask(http, stranger.header))


def test_the_client_must_say_its_name_and_nothing_more(
    world: World, http: httpx.Client, certificate: ClientCertificate
) -> None:
    """Section 2: client_id; one method a request."""
    self_signed(world, certificate)
    headers = {HEADER: certificate.header}
    assert http.post("/token", data={"grant_type": "client_credentials"}, headers=headers).status_code == 401
    assert not known(ask(http, certificate.header, client_secret="x"))
    assert not known(ask(http, certificate.header, client_id="nobody"))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "::",
        ":AAAA:",
        ":!!!!:",
        "AAAA",
        "é",
        "%ff%fe",
        "-----BEGIN%20CERTIFICATE-----",
        ":" + "A" * 9000 + ":",
    ],
    ids=lambda value: str(value)[:9],
)
def test_what_is_no_certificate(
    world: World, http: httpx.Client, certificate: ClientCertificate, value: str | None
) -> None:
    """RFC 9440 section 2.2: 401, whatever it is; neither half of one, nor two."""
    self_signed(world, certificate)
    raw = [] if value is None else [(HEADER.encode(), value.encode())]
    form = {"grant_type": "client_credentials", "client_id": "robot"}
    assert not known(http.post("/token", data=form, headers=raw))
    if value == "":
        for other in (certificate.header[:-9] + ":", f"{certificate.header},{certificate.header}"):
            assert not known(ask(http, other))


@pytest.mark.parametrize(("hours", "expected"), [(-1, False), (1, True), (25, False)])
def test_a_certificate_has_its_time(
    world: World, http: httpx.Client, clock: MovingClock, hours: int, expected: bool
) -> None:
    """RFC 5280 section 4.1.2.5."""
    certificate = ClientCertificate(clock.now().replace(microsecond=0))
    self_signed(world, certificate)
    clock.advance(hours=hours)
    assert known(ask(http, certificate.header)) is expected


@pytest.mark.settings(issuer="http://127.0.0.1:8000", **BEHIND)
def test_a_certificate_that_takes_over(
    world: World, http: httpx.Client, certificate: ClientCertificate, stranger: ClientCertificate, clock: MovingClock
) -> None:
    """Section 7.3: an unknown one is the sign to look at the jwks_uri again, at most twice a minute."""
    with KeyHost() as host:
        host.keys = [certificate.jwk()]
        self_signed(world, jwks=None, jwks_uri=host.url)
        assert known(ask(http, certificate.header))
        host.keys = [stranger.jwk()]
        assert not known(ask(http, stranger.header))
        assert host.asked == 1
        clock.advance(seconds=30)
        assert known(ask(http, stranger.header))
        assert not known(ask(http, certificate.header))


# Section 2.1: names


NAMES = [
    x509.DNSName("robot.example"),
    x509.UniformResourceIdentifier("https://robot.example/id"),
    x509.IPAddress(ip_address("192.0.2.1")),
    x509.RFC822Name("robot@books.example"),
]


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("tls_client_auth_subject_dn", "CN=robot,O=Books", "CN=robot"),
        ("tls_client_auth_subject_dn", "CN=robot,O=Books", "O=Books,CN=robot"),
        ("tls_client_auth_san_dns", "robot.example", "example"),
        ("tls_client_auth_san_uri", "https://robot.example/id", "https://robot.example/"),
        ("tls_client_auth_san_ip", "192.0.2.1", "192.0.2.10"),
        ("tls_client_auth_san_email", "robot@books.example", "robot.example"),
    ],
)
def test_a_registered_name(
    world: World, http: httpx.Client, clock: MovingClock, key: str, right: str, wrong: str
) -> None:
    """Section 2.1.2: the whole name, of its own kind."""
    certificate = ClientCertificate(clock.now(), names=NAMES)
    by_name(world, **{key: right})
    world.client("other", public=True, **{"token_endpoint_auth_method": "tls_client_auth", **SERVICE, key: wrong})
    assert known(ask(http, certificate.header))
    assert not known(ask(http, certificate.header, client_id="other"))
    clock.advance(days=2)
    assert not known(ask(http, certificate.header))


def test_a_certificate_without_other_names(world: World, http: httpx.Client, certificate: ClientCertificate) -> None:
    """Section 2.1.2: its subject is not taken for one."""
    by_name(world, tls_client_auth_san_dns="robot")
    assert not known(ask(http, certificate.header))
    assert not known(ask(http, None))


@pytest.mark.settings(client_certificates_verified=False, **BEHIND)
def test_a_name_proves_nothing_that_nobody_verified(
    world: World, http: httpx.Client, certificate: ClientCertificate
) -> None:
    """Section 2.1: the chain must have been validated; anybody can make a certificate with that name."""
    by_name(world, tls_client_auth_subject_dn="CN=robot,O=Books")
    assert not known(ask(http, certificate.header))
    methods = http.get(DISCOVERY).json()["token_endpoint_auth_methods_supported"]
    assert "self_signed_tls_client_auth" in methods
    assert "tls_client_auth" not in methods


# Who is believed


def test_a_header_from_anyone_else_changes_nothing(
    world: World, new_browser: Callable[..., Browser], certificate: ClientCertificate
) -> None:
    """RFC 9440 section 4: only the proxy's word counts, not that of somebody who says that it came through one."""
    self_signed(world, certificate)
    elsewhere = new_browser("198.51.100.4").http
    assert not known(ask(elsewhere, certificate.header))
    headers = {HEADER: certificate.header, "X-Forwarded-For": PROXY}
    form = {"grant_type": "client_credentials", "client_id": "robot"}
    assert not known(elsewhere.post("/token", data=form, headers=headers))


@pytest.mark.settings(trusted_proxies=f"{PROXY}/32")
def test_without_the_setting_there_are_no_certificates(
    world: World, http: httpx.Client, certificate: ClientCertificate
) -> None:
    """RFC 8414 section 2: and the metadata promises none."""
    self_signed(world, certificate)
    assert not known(ask(http, certificate.header))
    found = http.get(DISCOVERY).json()
    assert not any("tls" in method for method in found["token_endpoint_auth_methods_supported"])
    assert found["tls_client_certificate_bound_access_tokens"] is False


def test_what_the_metadata_says(http: httpx.Client) -> None:
    """Sections 2 and 3.3."""
    found = http.get(DISCOVERY).json()
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(found["token_endpoint_auth_methods_supported"])
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(
        found["introspection_endpoint_auth_methods_supported"]
    )
    assert found["tls_client_certificate_bound_access_tokens"] is True


def test_a_client_with_a_secret_still_needs_it(
    world: World, http: httpx.Client, certificate: ClientCertificate
) -> None:
    """Section 2: a certificate is no method of a client that did not register it."""
    world.client("robot", jwks={"keys": [certificate.jwk()]}, **SERVICE)
    assert not known(ask(http, certificate.header))


# Section 3: bound tokens


def asked(rp: RelyingParty, certificate: ClientCertificate | None, **values: str | None) -> httpx.Response:
    """A token request over a connection with that certificate."""
    request = rp.token_request(**values)
    if certificate:
        request.headers[HEADER] = certificate.header
    return rp.http.send(request)


def userinfo(rp: RelyingParty, token: str, value: str | None) -> httpx.Response:
    """Who is this."""
    headers = {"Authorization": f"Bearer {token}", **({HEADER: value} if value else {})}
    return rp.http.get("/userinfo", headers=headers)


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_bound_tokens(
    world: World,
    new_rp: NewRp,
    at_work: Browser,
    certificate: ClientCertificate,
    stranger: ClientCertificate,
    public: bool,
) -> None:
    """Sections 3, 3.1, 3.2 and 4: `cnf`, checked at userinfo; a public client's refresh token is bound as well."""
    rp = new_rp(world.client("bound", public=public, tls_client_certificate_bound_access_tokens=True))
    code = rp.answer(at_work.get(rp.authorize_url(scope=OFFLINE)))["code"]
    redemption = {"grant_type": "authorization_code", **rp.redemption(code)}
    assert asked(rp, None, **redemption).json()["error"] == "invalid_request"
    given = asked(rp, certificate, **redemption).json()
    assert given["token_type"] == "Bearer"
    claims = jwt.decode(given["access_token"], rp.keys(), algorithms=["ES256"]).claims
    assert claims["cnf"] == {"x5t#S256": certificate.thumbprint}
    assert userinfo(rp, given["access_token"], certificate.escaped).status_code == 200
    for wrong in (None, stranger.header, "x"):
        answer = userinfo(rp, given["access_token"], wrong)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    refreshed = asked(rp, stranger, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert refreshed.status_code == (400 if public else 200), refreshed.text
    if public:
        assert refreshed.json()["error"] == "invalid_grant"
        again = asked(rp, certificate, grant_type="refresh_token", refresh_token=given["refresh_token"])
        assert again.status_code == 200


def test_what_introspection_says(world: World, new_rp: NewRp, certificate: ClientCertificate) -> None:
    """Section 3.2."""
    rp = new_rp(world.client("bound", tls_client_certificate_bound_access_tokens=True, **SERVICE))
    token = asked(rp, certificate, grant_type="client_credentials").json()["access_token"]
    headers = {"Authorization": basic("bound", rp.client.client_secret or "")}
    told = rp.http.post("/introspect", data={"token": token}, headers=headers).json()
    assert told["cnf"] == {"x5t#S256": certificate.thumbprint}
    assert told["token_type"] == "Bearer"
