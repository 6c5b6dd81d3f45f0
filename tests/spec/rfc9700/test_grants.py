"""Sections 2.1.2 and 2.4: the grants that there are, and that a password or an implicit one is none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from idp.oidc.adapter.server import server
from idp.oidc.clients.metadata import GRANT_TYPES
from idp.oidc.clients.validation import InvalidMetadata, validated
from idp.oidc.models import Client
from idp.provisioning import import_file
from idp.provisioning.people.faults import Refused
from tests.support.browser import NewBrowser
from tests.support.pages import open_page
from tests.support.registering import Registrar, initial_token
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

ALLOWED = {
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
}
LEGACY = ["password", "implicit"]


def test_these_grants_and_no_others(http: httpx.Client) -> None:
    """The server knows exactly these, registration takes exactly these, discovery names exactly these."""
    assert {grant.GRANT_TYPE for grant, _ in server._token_grants} == ALLOWED
    assert [sorted(grant.RESPONSE_TYPES) for grant, _ in server._authorization_grants] == [["code"]]
    told = http.get("/.well-known/openid-configuration").json()
    assert set(told["grant_types_supported"]) == set(GRANT_TYPES) == ALLOWED
    assert told["response_types_supported"] == ["code"]


@pytest.fixture
def anything(world: World, new_rp: NewRp) -> RelyingParty:
    """A first-party client whose row says that it may use every grant there ever was, past every check."""
    grants = [*sorted(ALLOWED), *LEGACY]
    targets: dict[str, Any] = {
        "token_exchange_audience": ["https://printer.example"],
        "response_types": ["code", "token"],
    }
    return new_rp(world.client("anything", grant_types=grants, **targets))


@pytest.mark.parametrize("grant_type", LEGACY)
def test_a_right_password_gets_nothing(anything: RelyingParty, anna: KnownUser, grant_type: str) -> None:
    """Section 2.4: by a client that may do everything, with the password of somebody who owes nothing else."""
    answer = anything.token(grant_type=grant_type, username=anna.username, password=anna.password, scope="openid")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("grant_type", LEGACY)
def test_it_is_not_imported(world: World, tmp_path: Path, grant_type: str) -> None:
    """Sections 2.1.2 and 2.4: the operator's file is refused, with the key that is wrong, and nothing is kept of it."""
    file = tmp_path / "clients.toml"
    file.write_text(
        '[[clients]]\nclient_id = "old"\nname = "Old"\nclient_secret = "an old secret that is long enough"\n'
        f'redirect_uris = ["https://old.example/cb"]\ngrant_types = ["authorization_code", "{grant_type}"]\n'
    )
    with world.unit_of_work() as session:
        with pytest.raises(Refused, match=rf"grant_types: {grant_type} is not one of"):
            import_file.import_file(str(file))
        assert session.query(Client).count() == 0


@pytest.mark.parametrize("grant_type", LEGACY)
def test_nobody_registers_it(world: World, http: httpx.Client, grant_type: str) -> None:
    """RFC 7591 section 3.2.2."""
    answer = Registrar(http, initial_token(world)).register(grant_types=["authorization_code", grant_type])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert grant_type in answer.json()["error_description"]
    with world.unit_of_work() as session:
        assert session.query(Client).count() == 0


@pytest.mark.parametrize("metadata", [{"response_types": ["token"]}, {"response_types": ["code", "id_token"]}], ids=str)
def test_no_token_in_the_front_channel_is_registered(metadata: dict[str, list[str]]) -> None:
    """Section 2.1.2."""
    with pytest.raises(InvalidMetadata, match="response_types"):
        validated({"redirect_uris": ["https://books.example/cb"], **metadata}, issuer_is_loopback=False)


def test_the_console_gives_none(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """Whatever is sent to its form beside its fields, what is registered is for codes."""
    bert = world.user("bert", zon, type="administrator")
    console = open_page(new_browser(), "/console/applications", bert).get("/console/applications/new")
    said = {"name": "Old", "kind": "server", "redirect_uris": "https://old.example/cb", "post_logout_redirect_uris": ""}
    form = console.filled_form("Save", **said)
    form.values += [("grant_types", "password"), ("response_types", "token"), ("require_pkce", "")]
    console.send(form)
    with world.unit_of_work() as session:
        row = session.query(Client).one()
        assert (row.name, row.require_pkce) == ("Old", True)
        assert not {"grant_types", "response_types", "require_nonce"} & row.registration.keys()
