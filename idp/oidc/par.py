"""`POST /par` (RFC 9126): an application hands its authorization request in itself, before it sends the browser.

    application ─ POST /par ─▶ who? ─▶ every check of an authorization request ─▶ 201 request_uri, expires_in
    browser ─ GET /authorize?client_id=…&request_uri=… ─▶ the same checks once more ─▶ as if it had brought them all

Refuses, in this order: a parameter twice, or too long; a client that does not prove who it is as at the token endpoint
(section 2); a `request_uri` inside; then, by its own error code, whatever the authorization endpoint would refuse
(section 2.3). The proof of the client is not kept.
"""

from __future__ import annotations

from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from idp.extensions import db
from idp.oidc import binding, client_auth, pushed_requests, requests
from idp.oidc.brought import Brought
from idp.oidc.checks import Rejected
from idp.oidc.clients import RegisteredClient
from idp.oidc.oauth2_requests import ProgramRequest
from idp.oidc.parameters import Parameters
from idp.oidc.requests import Refused, Unanswerable
from idp.oidc.server import server
from idp.oidc.token import fault
from idp.web.error_pages import for_programs

_PROOFS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


@for_programs
def push() -> Response:
    """The pushed authorization request endpoint."""
    asked = ProgramRequest(request)
    try:
        if error := fault(asked):
            raise error
        client = client_auth.authenticate(asked)
        brought = binding.pushed(client, _checked(_without_proof(asked.parameters, client)))
    except OAuth2Error as error:
        return server.refusal(error)
    request_uri = pushed_requests.keep(client, brought)
    db.session.commit()
    lifetime = int(pushed_requests.LIFETIME.total_seconds())
    return server.handle_response(201, {"request_uri": request_uri, "expires_in": lifetime}, _JSON)


_JSON: Final = [("Content-Type", "application/json")]


def _without_proof(given: Parameters, client: RegisteredClient) -> Parameters:
    """What is asked, in the name of the client that proved itself."""
    asked = {name: value for name, value in given.values.items() if name not in _PROOFS}
    return Parameters({**asked, "client_id": client.client_id}, resources=given.resources)


def _checked(given: Parameters) -> Brought:
    """Section 2.1: everything that the authorization endpoint checks; nothing pushed points to something pushed."""
    if given.get("request_uri") is not None:
        raise InvalidRequestError("request_uri cannot be pushed")
    try:
        brought = requests.opened(given, pushed=True)
        requests.read(brought)
    except Unanswerable as error:
        raise InvalidRequestError(error.description) from None
    except Rejected as rejected:
        raise OAuth2Error(rejected.description, error=rejected.error) from None
    except Refused as refused:
        raise OAuth2Error(refused.description, error=refused.error) from None
    return brought
