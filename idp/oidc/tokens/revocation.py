"""`POST /revoke` (RFC 7009): a client says that it no longer needs a token.

The authorization that the token belongs to ends, with all of its tokens (section 2.1): they are dead at once wherever we
are asked, at userinfo and introspection. A token that the client got for itself, or by exchanging another's, ends alone.
A token that is not the client's own, or no token at all, is answered like one that was revoked (section 2.2): nothing is
learned by trying.
"""

from __future__ import annotations

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from idp.oidc.adapter.oauth2_requests import ProgramRequest
from idp.oidc.adapter.server import NO_STORE, server
from idp.oidc.clients import client_auth
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import access_token, authorizations
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.tokens.token import fault
from idp.platform import clock
from idp.platform.extensions import db
from idp.web.error_pages import for_programs


@for_programs
def revoke() -> Response:
    """The revocation endpoint."""
    asked = ProgramRequest(request)
    try:
        if error := fault(asked):
            raise error
        client = client_auth.authenticate(asked)
        token = asked.parameters.get("token")
        if token is None:
            raise InvalidRequestError("token is missing")
    except OAuth2Error as error:
        return server.refusal(error)
    _end(token, client)
    db.session.commit()
    return Response("", 200, NO_STORE)


def _end(token: str, client: RegisteredClient) -> None:
    """End what belongs to a refresh or access token of this client; the hint of the request is not needed."""
    if refreshable := authorizations.by_refresh_token(token):
        _end_authorization(refreshable.authorization, client)
        return
    access = access_token.read(token)
    if access is None or access.client_id != client.client_id:
        return
    found = authorizations.by_id(access.authorization_id) if access.authorization_id else None
    if found is None or not _end_authorization(found, client):
        access_token.give_back(access)


def _end_authorization(found: Authorization, client: RegisteredClient) -> bool:
    """End it, if it is this client's; whether it is."""
    own = found.grant.client_id == client.id
    if own:
        authorizations.revoke(found.grant, clock.now())
    return own
