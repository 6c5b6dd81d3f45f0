"""Applications as their owners keep them: registered, changed, given a new secret, switched off and on.

    register ─▶ metadata.validated ─▶ a row, its secret once: 256 random bits, of which the digest is kept
    new_secret ─▶ the old one works on for a day, so that whoever runs the application has time to change it
    switch_off ─▶ refused everything from that moment; nothing is deleted

Each is one unit of work with its audit event. The caller has checked who acts, and commits.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from idp.audit.events import ClientChanged, ClientDisabled, ClientEnabled, ClientRegistered, ClientSecretRenewed
from idp.audit.record import record
from idp.crypto import opaque
from idp.oidc.clients.metadata import Registration
from idp.oidc.clients.validation import InvalidMetadata, guard_faults, validated
from idp.oidc.models import Client
from idp.platform import clock, settings
from idp.platform.extensions import db

PAGE = 50
OLD_SECRET_LIVES = timedelta(days=1)
_ID_BYTES_SHOWN = 16


@dataclass(frozen=True, slots=True)
class New:
    """A new application, and its secret; None: it has none."""

    client: Client
    secret: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the applications, by client_id, and the one to go on after; None: these are the last."""

    clients: Sequence[Client]
    after: str | None


def page_of(tenant_id: uuid.UUID, after: str = "") -> Page:
    """The tenant's own applications."""
    mine = sa.select(Client).where(Client.tenant_id == tenant_id, Client.client_id > after)
    found = list(db.session.scalars(mine.order_by(Client.client_id).limit(PAGE + 1)))
    return Page(found[:PAGE], found[PAGE - 1].client_id if len(found) > PAGE else None)


def one_of(tenant_id: uuid.UUID, row_id: uuid.UUID) -> Client | None:
    """The tenant's application of that row; another tenant's, or everybody's, is as unknown as none."""
    return db.session.scalar(sa.select(Client).where(Client.id == row_id, Client.tenant_id == tenant_id))


def register(
    tenant_id: uuid.UUID | None,
    name: str,
    metadata: Mapping[str, Any],
    actor_id: uuid.UUID | None = None,
    *,
    require_pkce: bool = True,
) -> New:
    """Register an application of a tenant, or of the platform. Raises `InvalidMetadata`."""
    registration = _checked(metadata, require_pkce=require_pkce)
    secret = opaque.new() if registration.uses_secret else None
    client = Client(
        client_id=opaque.new()[:_ID_BYTES_SHOWN],
        tenant_id=tenant_id,
        name=name,
        secret_hash=opaque.digest(secret) if secret else None,
        require_pkce=require_pkce,
        registration=dict(metadata),
    )
    db.session.add(client)
    without = [] if require_pkce else ["require_pkce"]
    record(ClientRegistered(tenant_id=tenant_id, actor_id=actor_id, client_id=client.client_id, without=without))
    return New(client, secret)


def change(
    client: Client, name: str, metadata: Mapping[str, Any], actor_id: uuid.UUID, *, require_pkce: bool | None = None
) -> None:
    """Change its name, what the metadata names, and whether it needs PKCE (None: that stays).

    Raises `InvalidMetadata`, and then nothing is changed.
    """
    wanted = {**client.registration, **metadata}
    pkce = client.require_pkce if require_pkce is None else require_pkce
    _checked(wanted, require_pkce=pkce)
    if (client.name, client.require_pkce, client.registration) != (name, pkce, wanted):
        keys = [key for key, value in metadata.items() if client.registration.get(key) != value]
        keys += ["name"] if client.name != name else []
        keys += ["require_pkce"] if client.require_pkce != pkce else []
        client.name, client.require_pkce, client.registration = name, pkce, wanted
        told = ClientChanged(tenant_id=client.tenant_id, actor_id=actor_id, client_id=client.client_id, fields=keys)
        record(told)


def new_secret(client: Client, actor_id: uuid.UUID) -> str:
    """Give it another secret; the one of before works for one more day."""
    secret = opaque.new()
    client.old_secret_hash, client.old_secret_ends_at = client.secret_hash, clock.now() + OLD_SECRET_LIVES
    client.secret_hash = opaque.digest(secret)
    record(ClientSecretRenewed(tenant_id=client.tenant_id, actor_id=actor_id, client_id=client.client_id))
    return secret


def secret_is(client: Client, secret: str) -> bool:
    """Whether it is the client's secret, or that of before while it still works. In constant time."""
    digest = opaque.digest(secret)
    old = client.old_secret_hash if client.old_secret_ends_at and clock.now() < client.old_secret_ends_at else None
    return opaque.same(digest, client.secret_hash or "") | opaque.same(digest, old or "")


def switch_off(client: Client, actor_id: uuid.UUID | None = None) -> None:
    """Refuse it everything from now on."""
    if client.disabled_at is None:
        client.disabled_at = clock.now()
        record(ClientDisabled(tenant_id=client.tenant_id, actor_id=actor_id, client_id=client.client_id))


def switch_on(client: Client, actor_id: uuid.UUID | None = None) -> None:
    """Serve it again."""
    if client.disabled_at is not None:
        client.disabled_at = None
        record(ClientEnabled(tenant_id=client.tenant_id, actor_id=actor_id, client_id=client.client_id))


def _checked(metadata: Mapping[str, Any], *, require_pkce: bool) -> Registration:
    registration = validated(metadata, issuer_is_loopback=settings.current().development)
    if faults := guard_faults(registration, require_pkce=require_pkce):
        raise InvalidMetadata(*faults)
    return registration
