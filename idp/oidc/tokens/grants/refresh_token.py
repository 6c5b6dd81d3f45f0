"""Refresh tokens (RFC 6749 section 6): rotated at every use, with an absolute end, never for more scope.

A client of FAPI 2.0 keeps the one that it has (`fapi2.py`); its absolute end stands too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error, grants

from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import authorizations, issuing, resources, sender_constraint
from idp.oidc.tokens.authorizations import REUSE_GRACE, Refreshable
from idp.oidc.tokens.grants import AUTH_METHODS, invalid_grant
from idp.platform import clock
from idp.platform.extensions import db


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token as Authlib looks at it."""

    found: Refreshable

    def check_client(self, client: RegisteredClient) -> bool:
        """Whether it was issued to this client."""
        return self.found.authorization.grant.client_id == client.id

    def get_scope(self) -> str:
        """What was granted at first."""
        return self.found.authorization.grant.scope


class RefreshTokenGrant(grants.RefreshTokenGrant):
    """Gives new tokens for a refresh token, which is then used."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Presented | None:
        """The token, used or not."""
        found = authorizations.by_refresh_token(refresh_token)
        return None if found is None else Presented(found)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Give what the token is worth now."""
        now = clock.now()
        found: Refreshable = self.request.refresh_token.found
        token, authorization = found.token, found.authorization
        sender_constraint.check_refresh(authorization.grant, self.request.client)
        if token.used_at is not None:
            raise self._reused(found, token.used_at)
        if now >= token.expires_at:
            raise invalid_grant("refresh token expired")
        if because := authorizations.nothing_because(authorization, now):
            raise invalid_grant(because)
        resources.check(authorization.grant, self.request.client)
        tokens = self._kept(found, now) if self.request.client.registration.fapi2 else self._rotated(found, now)
        db.session.commit()
        return 200, tokens, self.TOKEN_RESPONSE_HEADER

    def _rotated(self, found: Refreshable, now: datetime) -> dict[str, Any]:
        """RFC 9700 section 4.14.2: of those that come at once one gets the next token."""
        if not authorizations.spend_refresh_token(found.token, now):
            db.session.rollback()
            raise invalid_grant("refresh token used by another request at the same time")
        scope = self._scope(found.authorization.grant.scope)
        return issuing.next_one(found.authorization, self.request.client, scope, now)

    def _kept(self, found: Refreshable, now: datetime) -> dict[str, Any]:
        """FAPI 2.0 Security Profile section 5.3.2.1: no rotation for who proves a key whenever the token is used."""
        authorizations.prolong(found.token, found.authorization.grant, now)
        return issuing.again(
            found.authorization, self.request.client, self._scope(found.authorization.grant.scope), now
        )

    def _reused(self, found: Refreshable, used_at: datetime) -> OAuth2Error:
        """Two requests of one client may cross; a token that comes again later has leaked (RFC 9700 section 4.14.2)."""
        now = clock.now()
        if now - used_at > REUSE_GRACE:
            authorizations.punish_refresh_reuse(found.authorization, now)
            db.session.commit()
        return invalid_grant("refresh token used before")

    def _scope(self, granted: str) -> str:
        """What is asked, which Authlib has found to be a part of what was granted; all of it when nothing is asked."""
        asked = (self.request.payload.scope or "").split()
        return " ".join(name for name in granted.split() if name in asked) or granted
