"""`POST /token` (RFC 6749 section 3.2): a code, a refresh token or a client's own credentials for tokens.

Refuses, in this order: what is no form; a parameter twice, or too long; a missing or unknown `grant_type`;
`authorization_details` (RFC 9396 section 6); a client that does not prove who it is; a grant the client is not registered
for; then whatever the grant itself refuses (`grants/`).
"""

from __future__ import annotations

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from idp.oidc.adapter.oauth2_requests import ProgramRequest
from idp.oidc.adapter.server import server
from idp.oidc.clients.metadata import GRANT_TYPES
from idp.oidc.signing_keys import keyring
from idp.web.error_pages import for_programs


@for_programs
def token() -> Response:
    """The token endpoint."""
    asked = ProgramRequest(request)
    if error := fault(asked) or _grant_fault(asked):
        return server.refusal(error)
    keyring.ring()  # read, or at the very first time made, before this request locks any row
    response: Response = server.create_token_response(asked)
    return response


def fault(asked: ProgramRequest) -> OAuth2Error | None:
    """What is wrong with a program's request as such."""
    wrong = asked.parameters.fault()
    return InvalidRequestError(wrong) if wrong else None


def _grant_fault(asked: ProgramRequest) -> OAuth2Error | None:
    grant_type = asked.parameters.get("grant_type")
    if grant_type is None:
        return InvalidRequestError("grant_type is missing")
    if grant_type not in GRANT_TYPES:
        return OAuth2Error("This grant_type is not supported", error="unsupported_grant_type")
    if asked.parameters.get("authorization_details") is not None:
        return OAuth2Error("authorization_details is not supported", error="invalid_authorization_details")
    return None
