"""Initial access tokens (RFC 7591 section 1.2): who may register applications, for whom, until when. Kept as digests."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp import clock, shortlived
from idp.audit.events import InitialAccessTokenMade
from idp.audit.record import record
from idp.crypto import opaque
from idp.extensions import db
from idp.oidc.models import InitialAccessToken
from idp.tenancy.models import Tenant

REGISTRATIONS_AN_HOUR = 20
_KIND = "dynamic_registration"


@dataclass(frozen=True, slots=True)
class Permit:
    """What a token allows: to register applications of this tenant (None: for every tenant's people)."""

    id: uuid.UUID
    tenant_id: uuid.UUID | None


def new(tenant_id: uuid.UUID | None, lifetime: timedelta) -> tuple[str, datetime]:
    """A token and its end; it can be used until then. The caller commits."""
    token, ends = opaque.new(), clock.now() + lifetime
    db.session.add(InitialAccessToken(tenant_id=tenant_id, token_hash=opaque.digest(token), expires_at=ends))
    record(InitialAccessTokenMade(tenant_id=tenant_id, until=ends.isoformat()))
    return token, ends


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
