"""`POST /revoke` (RFC 7009): a client says that it no longer needs a token.

The authorization that the token belongs to ends, with all of its tokens (section 2.1). A token that is not the
client's own, or no token at all, is answered like one that was revoked (section 2.2): nothing is learned by trying.
"""

from __future__ import annotations

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from idp import clock
from idp.extensions import db
from idp.oidc import access_token, authorizations, client_auth
from idp.oidc.models import AuthorizationGrant
from idp.oidc.oauth2_requests import ProgramRequest
from idp.oidc.server import NO_STORE, server
from idp.oidc.token import fault
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
    grant = _grant_of(token)
    if grant is not None and grant.client_id == client.id:
        authorizations.revoke(grant, clock.now())
        db.session.commit()
    return Response("", 200, NO_STORE)


def _grant_of(token: str) -> AuthorizationGrant | None:
    """The authorization that a refresh or access token belongs to; the hint of the request is not needed."""
    refreshable = authorizations.by_refresh_token(token)
    if refreshable is not None:
        return refreshable.authorization.grant
    access = access_token.read(token)
    found = authorizations.by_id(access.authorization_id) if access and access.authorization_id else None
    return found.grant if found else None
