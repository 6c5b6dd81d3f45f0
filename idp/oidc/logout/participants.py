"""Which applications have something of a browser session (OpenID Connect Back-Channel Logout section 2.3)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from idp.login.models import BrowserSession
from idp.oidc.models import AuthorizationGrant, Client
from idp.platform import clock
from idp.platform.extensions import db


def of_session(session: BrowserSession) -> Sequence[Client]:
    """The enabled applications that got something in this session, or hold a code that they may still redeem."""
    got = sa.select(AuthorizationGrant.client_id).where(
        AuthorizationGrant.session_id == session.id,
        sa.or_(AuthorizationGrant.code_used_at.is_not(None), AuthorizationGrant.code_expires_at > clock.now()),
    )
    enabled = sa.select(Client).where(Client.id.in_(got), Client.disabled_at.is_(None))
    return db.session.scalars(enabled.order_by(Client.client_id)).all()
