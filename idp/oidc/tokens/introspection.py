"""`POST /introspect` (RFC 7662, RFC 9701): whether a token is alive, and what it says.

Who may ask: a confidential client, authenticated as at the token endpoint, about its own access and refresh tokens, and about
access tokens whose audience it is (a resource server is registered as a client whose `client_id` the audience names). A client of
one tenant learns nothing about tokens for another.

Every other token, whether unknown, somebody else's, expired, used or revoked, is answered `{"active": false}` (RFC 7662
section 2.2): nothing is learned by trying. Refuses, as OAuth errors: a request without `token`, or with one twice; a client that
does not prove who it is (section 2.1).

With `Accept: application/token-introspection+jwt` the same answer is signed for the client that asks (RFC 9701 section 5).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from idp.oidc.adapter.oauth2_requests import ProgramRequest
from idp.oidc.adapter.server import NO_STORE, server
from idp.oidc.clients import client_auth, repository
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.signing_keys import keyring
from idp.oidc.tokens import access_token, authorizations
from idp.oidc.tokens.access_token import AccessToken
from idp.oidc.tokens.authorizations import Authorization, Refreshable
from idp.oidc.tokens.sender_constraint import Scheme
from idp.oidc.tokens.token import fault
from idp.oidc.userinfo import claim_selection
from idp.oidc.userinfo.claims import SCOPE_OF
from idp.oidc.userinfo.subjects import subject_of
from idp.platform import clock, settings
from idp.web.error_pages import for_programs

SIGNED: Final = "application/token-introspection+jwt"
TYPE: Final = "token-introspection+jwt"
_TELLS_THE_NAME: Final = SCOPE_OF["preferred_username"]
_INACTIVE: Final = {"active": False}


@for_programs
def introspect() -> Response:
    """The introspection endpoint."""
    asked = ProgramRequest(request)
    try:
        if error := fault(asked):
            raise error
        client = client_auth.authenticate_confidential(asked)
        token = asked.parameters.get("token")
        if token is None:
            raise InvalidRequestError("token is missing")
    except OAuth2Error as error:
        return server.refusal(error)
    return _answer(_state_of(token, client), client)


def _answer(state: Mapping[str, Any], client: RegisteredClient) -> Response:
    """As JSON, or signed where the client prefers that (RFC 9701 sections 4 and 5)."""
    if request.accept_mimetypes.best_match(["application/json", SIGNED]) != SIGNED:
        return Response(json.dumps(state), mimetype="application/json", headers=NO_STORE)
    about = {"iss": settings.current().issuer, "aud": client.client_id, "iat": int(clock.now().timestamp())}
    algorithm = client.registration.introspection_signed_response_alg
    signed = keyring.sign(algorithm, TYPE, {**about, "token_introspection": state})
    return Response(signed, mimetype=SIGNED, headers=NO_STORE)


def _state_of(token: str, client: RegisteredClient) -> Mapping[str, Any]:
    now = clock.now()
    refreshable = authorizations.by_refresh_token(token)
    if refreshable is not None:
        return _of_refresh_token(refreshable, client, now) if _refreshes(refreshable, client, now) else _INACTIVE
    access = access_token.read(token)
    if access is None or not _may_know(access, client) or not _is_still_its_clients(access):
        return _INACTIVE
    if access.authorization_id is None:
        return _of_access_token(access)
    found = authorizations.by_id(access.authorization_id)
    alive = found is not None and authorizations.dead_because(found, now) is None
    return {**_of_access_token(access), **_username(found, access.scope, client)} if found and alive else _INACTIVE


def _refreshes(found: Refreshable, client: RegisteredClient, now: datetime) -> bool:
    """Whether the refresh token is this client's, unused and alive."""
    own = found.authorization.grant.client_id == client.id
    fresh = found.token.used_at is None and now < found.token.expires_at
    return own and fresh and authorizations.dead_because(found.authorization, now) is None


def _may_know(access: AccessToken, client: RegisteredClient) -> bool:
    """Its own tokens, or those that are for it, and nothing of a tenant that is not its own."""
    audience = access.claims["aud"]
    concerned = client.client_id in (access.client_id, audience, *(audience if isinstance(audience, list) else ()))
    return concerned and client.tenant in (None, access.claims.get("tenant"))


def _is_still_its_clients(access: AccessToken) -> bool:
    """Whether the client that it was issued to may still have it; of an exchanged one that is not the grant's client."""
    return repository.by_client_id(access.client_id) is not None and not access_token.given_back(access)


def _of_access_token(access: AccessToken) -> dict[str, Any]:
    """Everything that the token itself says (RFC 7662 section 2.2, RFC 9449 section 6.2)."""
    kind = Scheme.DPOP if "jkt" in access.claims.get("cnf", {}) else Scheme.BEARER
    return {"active": True, "token_type": kind, "nbf": access.claims["iat"], **access.claims}


def _of_refresh_token(found: Refreshable, client: RegisteredClient, now: datetime) -> dict[str, Any]:
    """What a refresh token would say; it is for nobody but us."""
    a = found.authorization
    return {
        "active": True,
        "client_id": client.client_id,
        "scope": a.grant.scope,
        "iss": settings.current().issuer,
        "sub": subject_of(a.grant.client, a.user.id),
        "iat": int(found.token.issued_at.timestamp()),
        "exp": int(found.token.expires_at.timestamp()),
        "tenant": a.tenant.slug,
        **a.grant.login,
        **_username(a, a.grant.scope.split(), client),
    }


def _username(a: Authorization, scope: Collection[str], client: RegisteredClient) -> dict[str, str]:
    """The name that the person types, where the scope `profile` of the token tells it.

    To another than the token's own client only where that is first-party and registered for it: nobody allowed it anything.
    """
    own = client.id == a.grant.client_id
    may = own or (client.row.first_party and _TELLS_THE_NAME in client.registration.scope)
    told = may and _TELLS_THE_NAME in scope and _TELLS_THE_NAME in claim_selection.permitted_now(a)
    return {"username": a.user.username} if told else {}
