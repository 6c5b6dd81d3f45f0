"""A client's own tokens (RFC 6749 section 4.4): of nobody, without refresh token, for clients registered for it."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError, grants

from idp.oidc.clients.metadata import USER_SCOPES
from idp.oidc.tokens import issuing
from idp.oidc.tokens.grants import AUTH_METHODS
from idp.platform import clock


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """Gives a client a token for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Give the token; nothing is stored."""
        return 200, issuing.of_client(self.request.client, self._scope(), clock.now()), self.TOKEN_RESPONSE_HEADER

    def _scope(self) -> str:
        """What is asked of what is registered; the scopes that are about a person are not a client's to ask."""
        own = [name for name in self.request.client.registration.scope if name not in USER_SCOPES]
        asked = (self.request.payload.scope or "").split()
        if not set(asked) <= set(own):
            raise InvalidScopeError
        return " ".join(name for name in own if not asked or name in asked)
