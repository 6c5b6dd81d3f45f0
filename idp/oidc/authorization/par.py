"""`POST /par` (RFC 9126): an application hands its authorization request in itself, before it sends the browser.

    application ─ POST /par ─▶ who? ─▶ not too many? ─▶ every check of an authorization request ─▶ 201 request_uri, expires_in
    browser ─ GET /authorize?client_id=…&request_uri=… ─▶ the same checks once more ─▶ as if it had brought them all

Refuses, in this order: a parameter twice, or too long; a client that does not prove who it is as at the token endpoint
(section 2); more than so many of one client (429 with `Retry-After`, section 2.3); a `request_uri` inside; then, by its own
error code, whatever the authorization endpoint would refuse (section 2.3). The proof of the client is not kept.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from idp.oidc.adapter.oauth2_requests import ProgramRequest
from idp.oidc.adapter.server import server
from idp.oidc.authorization import pushed_requests, request_object, requests
from idp.oidc.authorization.checks import Rejected
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.request_source import Brought
from idp.oidc.authorization.requests import Refused, Unanswerable
from idp.oidc.clients import client_auth
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import sender_constraint
from idp.oidc.tokens.token import fault
from idp.platform.extensions import db
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
        _within_its_pace(client)
        brought = sender_constraint.pushed(client, _checked(_without_proof(asked.parameters, client)))
        _spend(brought)
    except OAuth2Error as error:
        return server.refusal(error)
    request_uri = pushed_requests.keep(client, brought)
    db.session.commit()
    lifetime = int(pushed_requests.LIFETIME.total_seconds())
    return server.handle_response(201, {"request_uri": request_uri, "expires_in": lifetime}, _JSON)


_JSON: Final = [("Content-Type", "application/json")]


class TooMany(OAuth2Error):
    """Section 2.3: 429, and when to come again (RFC 6585 section 4)."""

    error = "temporarily_unavailable"
    description = "This client pushes more requests than anybody needs"
    status_code = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, after: timedelta) -> None:
        """Keep how long to wait."""
        super().__init__()
        self.after = after

    def get_headers(self) -> list[tuple[str, str]]:
        """As for every error, with the seconds to wait."""
        return [*_JSON, ("Retry-After", str(ceil(self.after.total_seconds())))]


def _within_its_pace(client: RegisteredClient) -> None:
    after = pushed_requests.wait(client)
    db.session.commit()
    if after is not None:
        raise TooMany(after)


def _spend(brought: Brought) -> None:
    """The client's own POST is the one use of a request object that has a name."""
    if brought.named and not request_object.spend(brought.named):
        raise OAuth2Error("The request object was used before: jti", error="invalid_request_object")


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
