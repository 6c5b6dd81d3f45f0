"""RFC 7591 and OpenID Connect Registration: a program registers itself, where somebody allowed that."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey

from idp.audit.models import AuditEvent
from idp.crypto import opaque
from idp.oidc.clients.metadata import DEVICE_CODE
from idp.oidc.clients.public_keys import MOST_KEYS
from idp.oidc.models import Client, InitialAccessToken
from tests.support.browser import Browser
from tests.support.key_host import KeyHost
from tests.support.moving_clock import MovingClock
from tests.support.registering import URI, Registrar, bearer, initial_token
from tests.support.relying_party import NewRp
from tests.support.world import KnownTenant, KnownUser, World

A_KEY = ECKey.generate_key("P-256").as_dict(private=False)


@pytest.fixture
def registrar(world: World, http: httpx.Client) -> Registrar:
    """Somebody with a token of the operator's, for everybody's people."""
    return Registrar(http, initial_token(world))


def test_a_client_registers_itself(registrar: Registrar, world: World) -> None:
    """Section 3.2.1: 201, what it may call itself, its secret, and all that holds, also where it said nothing."""
    answer = registrar.register(client_name="Maps", contacts=["maps@maps.example"], unknown={"x": 1})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    told = answer.json()
    assert told["client_secret_expires_at"] == 0
    assert told["registration_client_uri"].endswith(f"/register/{told['client_id']}")
    assert told["client_id_issued_at"]
    assert {key: told[key] for key in ("client_name", "redirect_uris", "contacts", "grant_types", "subject_type")} == {
        "client_name": "Maps",
        "redirect_uris": [URI],
        "contacts": ["maps@maps.example"],
        "grant_types": ["authorization_code", "refresh_token"],
        "subject_type": "public",
    }
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["scope"] == "openid profile email offline_access"
    assert "unknown" not in told
    with world.unit_of_work() as session:
        row = session.scalars(sa.select(Client).where(Client.client_id == told["client_id"])).one()
        assert (row.first_party, row.require_pkce, row.tenant_id) == (False, True, None)
        assert row.secret_hash == opaque.digest(told["client_secret"])
        assert row.registration_token_hash == opaque.digest(told["registration_access_token"])
        assert session.scalar(sa.select(AuditEvent.kind).order_by(AuditEvent.id.desc())) == "client.registered"


def test_it_can_be_used_at_once(registrar: Registrar, new_rp: NewRp, anna: KnownUser, browser: Browser) -> None:
    """From the answer alone; the person is asked, by its name, with links to what it says of itself and without its logo."""
    mine = registrar.registered(
        client_name="<b>Maps</b>",
        logo_uri="https://maps.example/logo.png",
        policy_uri="https://maps.example/privacy",
        tos_uri="https://maps.example/terms",
        client_uri="https://maps.example/",
    )
    rp = new_rp(mine.known)
    browser.get(rp.authorize_url()).login(anna, until="consent")
    assert "&lt;b&gt;Maps&lt;/b&gt;" in browser.page.html
    assert browser.page.links == {
        **browser.page.links,
        "Its website": "https://maps.example/",
        "What it does with your data": "https://maps.example/privacy",
        "Its terms": "https://maps.example/terms",
    }
    assert "logo.png" not in browser.page.html
    assert rp.finish(browser.fill(decision="allow").submit()).claims["sub"] == str(anna.id)


@pytest.mark.parametrize(
    "token", [None, "", "wrong", "\x7f", "a" * 5000], ids=["none", "empty", "wrong", "odd", "long"]
)
def test_nobody_registers_without_a_token(http: httpx.Client, token: str | None) -> None:
    """Section 3: off, unless the operator made a token; RFC 6750 section 3.1: the challenge names an error of a token only."""
    answer = Registrar(http, token).register()
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert ('error="invalid_token"' in answer.headers["www-authenticate"]) is (token is not None)


@pytest.mark.parametrize("metadata", [{"jwks": []}, {"grant_types": ['a"\u00e9\\']}], ids=str)
def test_what_is_wrong_is_told_in_plain_signs(registrar: Registrar, metadata: dict[str, Any]) -> None:
    """Section 3.2.2 and RFC 6749 section 5.2: ASCII without quotation marks and backslashes, whatever was sent."""
    said = registrar.register(**metadata).json()["error_description"]
    assert said.isascii()
    assert not {'"', "\\"} & set(said)


def test_a_token_is_for_a_while(world: World, http: httpx.Client, clock: MovingClock) -> None:
    """Section 1.2; it is kept as a digest."""
    token = initial_token(world, lifetime=timedelta(days=7))
    with world.unit_of_work() as session:
        assert session.scalars(sa.select(InitialAccessToken.token_hash)).one() == opaque.digest(token)
    clock.advance(days=6, hours=23)
    assert Registrar(http, token).register().status_code == 201
    clock.advance(hours=2)
    assert Registrar(http, token).register().status_code == 401


def test_a_token_names_the_tenant(
    world: World, http: httpx.Client, zon: KnownTenant, new_rp: NewRp, browser: Browser
) -> None:
    """Its applications are of that tenant whatever they say, and take no people of another one."""
    other = world.tenant("fietsen", security_code=False)
    mine = Registrar(http, initial_token(world, zon)).registered(tenant="fietsen", first_party=True, require_pkce=False)
    with world.unit_of_work() as session:
        row = session.scalars(sa.select(Client).where(Client.client_id == mine.said["client_id"])).one()
        assert (row.tenant_id, row.first_party, row.require_pkce) == (zon.id, False, True)
    rp = new_rp(mine.known)
    browser.get(rp.authorize_url()).login(world.user("bert", other))
    assert rp.answer(browser)["error"] == "access_denied"


def test_twenty_an_hour(registrar: Registrar, clock: MovingClock) -> None:
    """With one token; tries that fail count."""
    for _ in range(20):
        assert registrar.register(redirect_uris=[]).status_code == 400
    answer = registrar.register()
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"]
    clock.advance(hours=1, seconds=1)
    assert registrar.register().status_code == 201


@pytest.mark.both_stores
def test_two_at_the_same_moment(registrar: Registrar) -> None:
    """Each gets a client of its own."""
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: registrar.registered().said["client_id"], range(2)))
    assert len(set(both)) == 2


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"redirect_uris": ["http://maps.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://maps.example/cb#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://maps.example/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://maps.example/{n}" for n in range(51)]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "magic"}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"scope": "openid admin"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [A_KEY] * (MOST_KEYS + 1)}}, "invalid_client_metadata"),
        ({"jwks_uri": "https://10.0.0.1/keys"}, "invalid_client_metadata"),
        ({"logo_uri": "http://maps.example/logo.png"}, "invalid_client_metadata"),
        ({"policy_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "a\x00b"}, "invalid_client_metadata"),
        ({"client_name": "a" * 201}, "invalid_client_metadata"),
        ({"client_name": ["Maps"]}, "invalid_client_metadata"),
        ({"software_statement": "eyJ..."}, "invalid_software_statement"),
        ({"x": "a" * 70000}, "invalid_client_metadata"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None,
)
def test_metadata_that_cannot_be_registered(registrar: Registrar, metadata: dict[str, Any], error: str) -> None:
    """Section 3.2.2; nothing is registered."""
    answer = registrar.register(**metadata)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'"x"',
        b"[" * 5000,
        b'{"a": 1, "a": 2}',
        b'{"default_max_age": NaN}',
        b"1" * 5000,
    ],
    ids=repr,
)
def test_what_is_no_json_object(registrar: Registrar, body: bytes) -> None:
    """Section 3.1."""
    headers = bearer(registrar.token) | {"Content-Type": "application/json"}
    answer = registrar.http.post("/register", headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_what_is_no_utf8(registrar: Registrar) -> None:
    """RFC 8259 section 8.1; a lone surrogate is JSON, and no name."""
    headers = bearer(registrar.token) | {"Content-Type": "application/json"}
    for body in (b"\xff\xfe", b'{"redirect_uris": ["%s"], "client_name": "\\ud800"}' % URI.encode()):
        answer = registrar.http.post("/register", headers=headers, content=body)
        assert answer.status_code == 400
        assert answer.json()["error"] in {"invalid_request", "invalid_client_metadata"}


def test_what_only_an_administrator_gives(registrar: Registrar, world: World) -> None:
    """Section 2: ignored, as what is not understood: whom its tokens are for a program does not choose."""
    mine = registrar.registered(audience="https://api.example", require_nonce=False, software_id="x")
    assert not {"audience", "require_nonce"} & mine.said.keys()
    with world.unit_of_work() as session:
        row = session.scalars(sa.select(Client).where(Client.client_id == mine.said["client_id"])).one()
        assert row.registration == {"redirect_uris": [URI]}


def test_a_client_without_a_name_is_called_after_its_host(registrar: Registrar) -> None:
    """Section 2: `client_name` is optional; people must see something."""
    assert registrar.registered().said["client_name"] == "maps.example"
    native = registrar.registered(application_type="native", redirect_uris=["com.example.app:/cb"])
    assert native.said["client_name"] == "Application"


def test_a_public_client_gets_no_secret(registrar: Registrar) -> None:
    """Section 3.2.1."""
    assert "client_secret" not in registrar.registered(token_endpoint_auth_method="none").said


def test_a_script_may_register(registrar: Registrar) -> None:
    """CORS, as for every program: the answer depends on no cookie."""
    asked = {"Origin": "https://spa.example", "Access-Control-Request-Method": "POST"}
    answer = registrar.http.options("/register", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert registrar.register().headers["access-control-allow-origin"] == "*"


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (json.dumps([URI, "https://mail.example/cb"]).encode(), None),
        (json.dumps([URI]).encode(), "does not name every redirect URI"),
        (json.dumps({"x": [URI]}).encode(), "is not a JSON array"),
        (b"<html>", "is not JSON"),
        (None, "cannot be fetched"),
    ],
    ids=["all", "one missing", "no list", "no JSON", "no answer"],
)
def test_a_sector_names_its_addresses(registrar: Registrar, body: bytes | None, fault: str | None) -> None:
    """OpenID Connect Registration section 5: fetched, guarded, before anything is registered."""
    with KeyHost() as host:
        host.body, host.status = body or b"", 200 if body else 500
        metadata = {"redirect_uris": [URI, "https://mail.example/cb"], "subject_type": "pairwise"}
        answer = registrar.register(**metadata, sector_identifier_uri=host.url)
    if fault is None:
        assert answer.json()["subject_type"] == "pairwise"
    else:
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
        assert fault in answer.json()["error_description"]


NATIVE = {"application_type": "native"}
DEVICES = {"grant_types": ["authorization_code", "refresh_token", DEVICE_CODE]}
ONLY_DEVICES = {"grant_types": [DEVICE_CODE], "redirect_uris": [], "response_types": []}
SECTOR = "https://books.example/sector.json"


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        (DEVICES, "sector_identifier_uri: is missing"),
        (ONLY_DEVICES, "sector_identifier_uri: is missing"),
        ({**DEVICES, "sector_identifier_uri": SECTOR}, "jwks_uri: is missing"),
        ({**ONLY_DEVICES, "sector_identifier_uri": SECTOR}, "jwks_uri: is missing"),
        ({**NATIVE, "redirect_uris": ["http://127.0.0.1/cb"]}, "sector_identifier_uri: is missing"),
    ],
    ids=["devices too", "devices only", "with a file of another's", "only, with that file", "loopback"],
)
def test_another_sectors_names_are_not_to_be_had(registrar: Registrar, metadata: dict[str, Any], fault: str) -> None:
    """Core section 8.1: who gets tokens without an answer at the host that it names knows nobody by that host's names."""
    named = {"redirect_uris": ["https://books.example/cb"], "subject_type": "pairwise", **metadata}
    answer = registrar.register(**named)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert answer.json()["error_description"].startswith(fault)
    assert registrar.register(**{**named, "subject_type": "public", "sector_identifier_uri": None}).status_code == 201


def test_nor_by_a_later_change(registrar: Registrar) -> None:
    """RFC 7592 section 2.2: an update is judged as a registration is."""
    mine = registrar.registered(subject_type="pairwise")
    assert mine.update(subject_type="pairwise", **DEVICES).status_code == 400
    assert mine.update(**DEVICES).json()["subject_type"] == "public"
    assert mine.update(subject_type="pairwise").status_code == 200


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
@pytest.mark.parametrize("base", [DEVICES, ONLY_DEVICES], ids=["devices too", "devices only"])
def test_a_sector_names_a_devices_keys(registrar: Registrar, base: dict[str, Any]) -> None:
    """Core section 8.1: its file names the keys that the client proves itself by; addresses alone are anybody's to name."""
    with KeyHost() as host:
        keys = f"{host.url}/of-the-television"
        metadata = {
            "subject_type": "pairwise",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": keys,
            **base,
        }
        host.body = json.dumps([URI]).encode()
        refused = registrar.register(**metadata, sector_identifier_uri=host.url)
        host.body = json.dumps([URI, keys]).encode()
        taken = registrar.register(**metadata, sector_identifier_uri=host.url)
        secret = {**metadata, "jwks_uri": None, "token_endpoint_auth_method": "client_secret_basic"}
        by_secret = registrar.register(**secret, sector_identifier_uri=host.url)
    assert "does not name the jwks_uri" in refused.json()["error_description"]
    assert (taken.status_code, taken.json()["subject_type"]) == (201, "pairwise")
    assert by_secret.status_code == 400
