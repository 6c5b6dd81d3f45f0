"""`POST /device_authorization` (RFC 8628 section 3.1): an application asks for a person who uses another screen.

Refuses: what is no form; a parameter twice, or too long; a client that does not prove who it is; one that is not
registered for the grant; a scope, `acr` or tenant that it cannot have.
"""

from __future__ import annotations

import json

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.errors import UnauthorizedClientError
from flask import Response, request

from idp.oidc.adapter.oauth2_requests import ProgramRequest
from idp.oidc.adapter.server import NO_STORE, server
from idp.oidc.authorization.checks import Rejected
from idp.oidc.authorization.requests import AuthorizationRequest
from idp.oidc.clients import client_auth
from idp.oidc.clients.metadata import DEVICE_CODE
from idp.oidc.device import waiting
from idp.oidc.tokens.token import fault
from idp.platform import settings
from idp.platform.extensions import db
from idp.shortlived import allowance
from idp.web.error_pages import for_programs


@for_programs
def device_authorization() -> Response:
    """The device authorization endpoint."""
    try:
        asked = _asked(ProgramRequest(request))
    except OAuth2Error as error:
        return server.refusal(error)
    if not asked.client.registration.confidential:
        allowance.spend(len(json.dumps(dict(asked.parameters))))
    device_code, user_code = waiting.begin(asked)
    db.session.commit()
    address = f"{settings.current().issuer}/device"
    answer = {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": address,
        "verification_uri_complete": f"{address}?user_code={user_code}",
        "expires_in": int(waiting.LIFETIME.total_seconds()),
        "interval": waiting.INTERVAL_SECONDS,
    }
    return Response(json.dumps(answer), mimetype="application/json", headers=NO_STORE)


def _asked(given: ProgramRequest) -> AuthorizationRequest:
    if error := fault(given):
        raise error
    client = client_auth.authenticate(given)
    if not client.check_grant_type(DEVICE_CODE):
        raise UnauthorizedClientError("This client is not registered for devices")
    try:
        return waiting.asked_by(client, given.parameters.values)
    except Rejected as rejected:
        raise OAuth2Error(rejected.description, error=rejected.error) from None
