"""Initial access tokens (RFC 7591 section 1.2): who may register applications, for whom, until when. Kept as digests."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp import shortlived
from idp.audit.events import InitialAccessTokenMade, InitialAccessTokenRevoked
from idp.audit.record import record
from idp.crypto import opaque
from idp.oidc.models import InitialAccessToken
from idp.platform import clock
from idp.platform.extensions import changed, db
from idp.tenancy.models import Tenant

REGISTRATIONS_AN_HOUR = 20
MOST = 20
"""So many a tenant can have at a time in the console."""
_KIND = "dynamic_registration"
_CHANGES = "dynamic_change"


@dataclass(frozen=True, slots=True)
class Permit:
    """What a token allows: to register applications of this tenant (None: for every tenant's people)."""

    id: uuid.UUID
    tenant_id: uuid.UUID | None


def new(
    tenant_id: uuid.UUID | None, lifetime: timedelta, name: str | None = None, actor_id: uuid.UUID | None = None
) -> tuple[str, datetime]:
    """A token and its end; it can be used until then. The caller commits."""
    token, ends = opaque.new(), clock.now() + lifetime
    digest = opaque.digest(token)
    db.session.add(InitialAccessToken(tenant_id=tenant_id, name=name, token_hash=digest, expires_at=ends))
    record(InitialAccessTokenMade(tenant_id=tenant_id, actor_id=actor_id, until=ends.isoformat()))
    return token, ends


def of_tenant(tenant_id: uuid.UUID) -> Sequence[InitialAccessToken]:
    """The tenant's tokens that can still be used, the newest first; at most `MOST`."""
    live = InitialAccessToken.tenant_id == tenant_id, InitialAccessToken.expires_at > clock.now()
    newest = sa.select(InitialAccessToken).where(*live).order_by(InitialAccessToken.created_at.desc())
    return db.session.scalars(newest.limit(MOST)).all()


def revoke(tenant_id: uuid.UUID, token_id: uuid.UUID, actor_id: uuid.UUID) -> bool:
    """Whether the tenant had that token until now. What it registered stays. The caller commits."""
    mine = InitialAccessToken.id == token_id, InitialAccessToken.tenant_id == tenant_id
    if not changed(sa.delete(InitialAccessToken).where(*mine)):
        return False
    record(InitialAccessTokenRevoked(tenant_id=tenant_id, actor_id=actor_id))
    return True


def permit(token: str) -> Permit | None:
    """What the token allows; None for one that is unknown, over, or of a tenant that is disabled."""
    known = (
        sa.select(InitialAccessToken.id, InitialAccessToken.tenant_id)
        .outerjoin(Tenant, Tenant.id == InitialAccessToken.tenant_id)
        .where(
            InitialAccessToken.token_hash == opaque.digest(token),
            InitialAccessToken.expires_at > clock.now(),
            Tenant.disabled_at.is_(None),
        )
    )
    found = db.session.execute(known).one_or_none()
    return None if found is None else Permit(*found)


def take_place(allowed: Permit) -> bool:
    """Whether this token may try once more in this hour. The caller commits."""
    return shortlived.room(_KIND, str(allowed.id), REGISTRATIONS_AN_HOUR, timedelta(hours=1))


def take_place_of(client_id: uuid.UUID) -> bool:
    """Whether this client may change what it registered once more in this hour. The caller commits."""
    return shortlived.room(_CHANGES, str(client_id), REGISTRATIONS_AN_HOUR, timedelta(hours=1))
