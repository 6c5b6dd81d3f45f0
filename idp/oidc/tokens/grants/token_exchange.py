"""Token exchange (RFC 8693): a service that got a user's access token asks for a lesser one, for the next service.

    subject_token ─▶ ours, of a user, the client's own or made for it? ─▶ alive? ─▶ bound to a key? the same proves it
                        │ no: invalid_request                                           ▼
    audience ─▶ on the client's list? ── no: invalid_target          scope ─▶ a part of the token's and of the client's
                                                                                        ▼
               an access token: the same person, `act` says who works in their name, dead with what it came from

Nothing grows: not the scope, not the time, not who may use it. The scopes that are about a person at our own endpoints
stay with the application that asked for them. There is no refresh token, no ID token, and nobody is impersonated: the
claim `act` (section 4.1) names the service, and inside it whoever acted before, such as the helpdesk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, OAuth2Error, grants
from authlib.oauth2.rfc6749.errors import UnauthorizedClientError

from idp.oidc.clients import metadata
from idp.oidc.clients.metadata import USER_SCOPES
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import access_token, authorizations, issuing
from idp.oidc.tokens.access_token import AccessToken
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.tokens.grants import AUTH_METHODS
from idp.platform import clock
from idp.web.logs import log

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
MOST_ACTORS: Final = 5
"""A chain of services that is longer than this goes in a circle."""


class TokenExchangeGrant(grants.BaseGrant, grants.TokenEndpointMixin):
    """Gives a service a lesser token for a user's access token."""

    GRANT_TYPE = metadata.TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        """Section 2.1: the client, and the parts of the request that need nothing looked up."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered for token exchange")
        self.request.client = client
        _check_types(self.request.parameters.values)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Section 2.2; nothing is stored."""
        client, given, now = self.request.client, self.request.parameters, clock.now()
        audience = _audience(client, given.values)
        token = access_token.read(given.values["subject_token"])
        if token is None or access_token.given_back(token) or not _may_exchange(token, client):
            raise _no_subject("not a user's token of ours that this client may have")
        found = _alive(token, now)
        scope = _scope(token, client, given.get("scope"))
        about = {"aud": audience, "act": _act(token, client)}
        response = issuing.exchanged(token, found, client, scope, now, about)
        return 200, response | {"issued_token_type": ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER


def _check_types(given: Mapping[str, str]) -> None:
    """Sections 2.1 and 3: an access token for an access token, in the name of whoever authenticates."""
    if "subject_token" not in given or "subject_token_type" not in given:
        raise InvalidRequestError("subject_token and subject_token_type are needed")
    if given["subject_token_type"] != ACCESS_TOKEN:
        raise InvalidRequestError("subject_token_type must be that of an access token")
    if given.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise InvalidRequestError("requested_token_type must be that of an access token")
    if {"actor_token", "actor_token_type"} & given.keys():
        raise InvalidRequestError("actor_token is not supported: the client that authenticates is the actor")


def _audience(client: RegisteredClient, given: Mapping[str, str]) -> str:
    """Section 2.1: whom the new token is for, by `audience`, or by a `resource` that is the client's to name."""
    named = [*filter(None, [given.get("audience")]), *client.resources]
    if len(named) != 1:
        raise InvalidRequestError("One audience, or one resource, is needed")
    if named[0] not in client.registration.token_exchange_audience:
        raise OAuth2Error("This client may not have tokens for that audience", error="invalid_target")
    return named[0]


def _may_exchange(token: AccessToken, client: RegisteredClient) -> bool:
    """A user's token, given to this client or for it, of its tenant; a bound one with a proof of the same key."""
    audience = token.claims["aud"]
    concerned = client.client_id in (token.client_id, audience, *(audience if isinstance(audience, list) else ()))
    its_tenants = client.tenant in (None, token.claims.get("tenant"))
    bound = token.claims.get("cnf", {})
    proved = all(client.proved.get(name) == value for name, value in bound.items())
    return token.authorization_id is not None and concerned and its_tenants and proved


def _alive(token: AccessToken, now: datetime) -> Authorization:
    """What the token hangs on, if it is alive and the person owes nothing."""
    found = authorizations.by_id(token.authorization_id) if token.authorization_id else None
    if found is None:
        raise _no_subject("no such authorization")
    because = authorizations.nothing_because if found.offline else authorizations.no_first_tokens_because
    if why := because(found, now):
        raise _no_subject(why)
    return found


def _scope(token: AccessToken, client: RegisteredClient, asked: str | None) -> str:
    """What is asked of what the token has and the client is registered for; all of that when nothing is asked."""
    own = [name for name in token.scope if name in client.registration.scope and name not in USER_SCOPES]
    wanted = (asked or "").split()
    if not set(wanted) <= set(own):
        raise InvalidScopeError
    return " ".join(name for name in own if not wanted or name in wanted)


def _act(token: AccessToken, client: RegisteredClient) -> dict[str, Any]:
    """Section 4.1: the service that acts now, and inside it whoever acted before."""
    before = token.claims.get("act")
    if _length(before) >= MOST_ACTORS:
        raise _no_subject("too many services in a row")
    return {"sub": client.client_id, **({"act": before} if before else {})}


def _length(act: Any) -> int:
    return 0 if act is None else 1 + _length(act.get("act"))


def _no_subject(because: str) -> OAuth2Error:
    """Section 2.2.2, in words that tell a stranger nothing; the log has the reason."""
    log.info("token exchange refused", because=because)
    return InvalidRequestError("The subject_token is invalid, expired, revoked or not this client's to exchange")
