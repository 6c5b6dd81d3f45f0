"""RFC 7592: a client that registered itself looks after its registration, with its own token."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.oidc.clients.registration import initial_tokens
from idp.oidc.models import Client
from idp.platform import clock as product_clock
from idp.platform.extensions import db
from tests.support.browser import Browser
from tests.support.registering import URI, Registered, Registrar, initial_token
from tests.support.relying_party import NewRp
from tests.support.world import KnownUser, World


@pytest.fixture
def registrar(world: World, http: httpx.Client) -> Registrar:
    """Somebody with an initial access token."""
    return Registrar(http, initial_token(world))


@pytest.fixture
def mine(registrar: Registrar) -> Registered:
    """A client that registered itself."""
    return registrar.registered(client_name="Maps", contacts=["a@maps.example"])


def test_read(mine: Registered) -> None:
    """Section 2.1: what was told at registration, but for the secret, of which only the digest is kept."""
    answer = mine.ask("GET")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    secret = {"client_secret", "client_secret_expires_at"}
    assert answer.json() == {key: value for key, value in mine.said.items() if key not in secret}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_by_its_own_token(mine: Registered, registrar: Registrar, world: World, method: str) -> None:
    """Section 2: not by another client's, not by the initial one, not by none; a client without one has no such page."""
    other = registrar.registered()
    for token in (other.token, str(registrar.token), "wrong", " "):
        answer = mine.ask(method, token, json={"client_id": mine.said["client_id"], "redirect_uris": [URI]})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    world.client("books")
    for name in ("books", "nobody", "%00", "é"):
        mine.said["registration_client_uri"] = f"/register/{name}"
        assert mine.ask(method, json={}).status_code in {400, 401}


def test_update_replaces_everything(mine: Registered, world: World) -> None:
    """Section 2.2: what is left out is gone; the token and the secret stay."""
    answer = mine.update(client_name="Maps 2", client_secret=mine.said["client_secret"], scope="openid")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["client_name"], told["scope"]) == ("Maps 2", "openid")
    assert "contacts" not in told
    assert "client_secret" not in told
    assert told["registration_access_token"] == mine.token
    assert mine.ask("GET").json() == told
    with world.unit_of_work() as session:
        assert session.scalar(sa.select(AuditEvent.kind).order_by(AuditEvent.id.desc())) == "client.changed"


def test_another_way_to_authenticate(mine: Registered) -> None:
    """Section 2.2: without a use the secret is gone; with one again there is a new one."""
    assert "client_secret" not in mine.update(token_endpoint_auth_method="none").json()
    again = mine.update(token_endpoint_auth_method="client_secret_post").json()
    assert again["client_secret"] != mine.said["client_secret"]
    assert again["client_secret_expires_at"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"registration_access_token": "mine"},
        {"registration_client_uri": "https://x.example"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 1},
        {"client_secret": "chosen"},
        {"client_secret": 1},
        {"scope": "openid admin"},
    ],
    ids=str,
)
def test_updates_that_are_refused(mine: Registered, changes: dict[str, Any]) -> None:
    """Section 2.2: nothing that is ours to choose; then nothing is changed."""
    answer = mine.update(client_name="Other", **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert mine.ask("GET").json()["client_name"] == "Maps"


def test_delete(mine: Registered, world: World, new_rp: NewRp, anna: KnownUser, browser: Browser) -> None:
    """Section 2.3: 204; its token, its codes and all that was given to it are worth nothing from then on."""
    rp = new_rp(mine.known)
    browser.get(rp.authorize_url(scope="openid offline_access", prompt="consent")).login(anna, until="consent")
    tokens = rp.finish(browser.fill(decision="allow").submit())
    assert mine.ask("DELETE").status_code == 204
    assert mine.ask("GET").status_code == 401
    assert mine.ask("DELETE").status_code == 401
    assert rp.userinfo(tokens).status_code == 401
    assert rp.refresh(tokens).json()["error"] == "invalid_client"
    assert browser.get(rp.authorize_url()).status == 400
    with world.unit_of_work() as session:
        assert session.scalar(sa.select(AuditEvent.kind).order_by(AuditEvent.id.desc())) == "client.deleted"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.both_stores
def test_deleted_meanwhile(mine: Registered, world: World, method: str) -> None:
    """Two at the same moment: one has deleted it; the other one hears that it is gone."""
    once: list[bool] = []

    def be_faster(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT clients.id") and not once:
            once.append(True)
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(mine.ask, "DELETE").result().status_code == 204

    with world.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "after_cursor_execute", be_faster)
    try:
        answer = mine.ask(method, json={"client_id": mine.said["client_id"], "redirect_uris": [URI]})
    finally:
        sa.event.remove(engine, "after_cursor_execute", be_faster)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_client_that_was_switched_off(mine: Registered, world: World) -> None:
    """Its registration cannot be looked at or changed: switching it on again is not for it to do."""
    with world.unit_of_work() as session:
        row = session.scalars(sa.select(Client).where(Client.client_id == mine.said["client_id"])).one()
        row.disabled_at = product_clock.now()
    for method in ("GET", "PUT", "DELETE"):
        assert mine.ask(method, json={}).status_code == 401


def test_changes_have_a_pace(mine: Registered) -> None:
    """A change may fetch a file for seconds: twenty an hour of one client, wrong ones included; reading is not counted."""
    for _ in range(initial_tokens.REGISTRATIONS_AN_HOUR - 1):
        assert mine.update(sector_identifier_uri="http://127.0.0.1:1/none").status_code == 400
    assert mine.update(client_name="Maps 2").status_code == 200
    late = mine.update(client_name="Maps 3")
    assert (late.status_code, late.json()["error"]) == (429, "temporarily_unavailable")
    assert late.headers["Retry-After"] == "3600"
    assert mine.ask("GET").json()["client_name"] == "Maps 2"
