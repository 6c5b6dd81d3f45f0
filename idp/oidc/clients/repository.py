"""Registered applications as the protocol sees them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from authlib.oauth2.rfc6749 import ClientMixin
from flask import g

from idp.oidc.clients import metadata
from idp.oidc.clients.metadata import Registration
from idp.oidc.models import Client
from idp.platform.extensions import db
from idp.tenancy.models import Tenant


@dataclass(frozen=True, slots=True)
class RegisteredClient(ClientMixin):
    """An enabled application: its row, its registration, and its tenant's slug (None: a platform application).

    `proved`: the keys that it proved to have in this request, as `cnf` names them (`binding.py`); `resources`: those
    that this request names (`resources.py`).
    """

    row: Client
    registration: Registration
    tenant: str | None
    proved: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[str, ...] = ()

    @property
    def id(self) -> uuid.UUID:
        """The row's id."""
        return self.row.id

    @property
    def client_id(self) -> str:
        """The identifier of RFC 6749 section 2.2."""
        return self.row.client_id

    @property
    def needs_pkce(self) -> bool:
        """RFC 9700 section 2.1.1: only a confidential client, and none of FAPI 2.0, may be registered to go without."""
        return self.row.require_pkce or not self.registration.confidential or self.registration.fapi2

    @property
    def website(self) -> tuple[str, str] | None:
        """Its name and `client_uri` (RFC 7591 section 2), where it has registered one."""
        address = self.row.registration.get("client_uri")
        return (self.row.name, address) if address else None

    def get_allowed_scope(self, scope: str | None) -> str:
        """Of the scopes asked, those that are registered; the others are ignored (Core section 3.1.2.1)."""
        asked = dict.fromkeys((scope or "").split())
        return " ".join(name for name in asked if name in self.registration.scope)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """RFC 9700 section 2.1: exact strings."""
        return self.registration.has_redirect_uri(redirect_uri)

    def check_response_type(self, response_type: str) -> bool:
        """RFC 7591 section 2."""
        return response_type in self.registration.response_types

    def check_grant_type(self, grant_type: str) -> bool:
        """RFC 7591 section 2."""
        return grant_type in self.registration.grant_types


def by_client_id(client_id: str) -> RegisteredClient | None:
    """The enabled client of that id; looked up once a request. A client whose tenant is disabled is none."""
    seen: dict[str, RegisteredClient | None] = g.setdefault("oidc_clients", {})
    if client_id not in seen:
        seen[client_id] = _look_up(client_id)
    return seen[client_id]


def open_to(tenant_id: uuid.UUID, at_most: int) -> list[Client]:
    """The enabled applications that the people of a tenant may log in to: its own, and everybody's; the first by name."""
    whose = sa.or_(Client.tenant_id == tenant_id, Client.tenant_id.is_(None))
    enabled = sa.select(Client).where(whose, Client.disabled_at.is_(None))
    return list(db.session.scalars(enabled.order_by(Client.name, Client.client_id).limit(at_most)))


def _look_up(client_id: str) -> RegisteredClient | None:
    enabled = (
        sa.select(Client, Tenant.slug)
        .outerjoin(Tenant, Tenant.id == Client.tenant_id)
        .where(Client.client_id == client_id, Client.disabled_at.is_(None), Tenant.disabled_at.is_(None))
    )
    found = db.session.execute(enabled).one_or_none()
    if found is None:
        return None
    row, slug = found
    return RegisteredClient(row, metadata.read(row.registration), slug)
