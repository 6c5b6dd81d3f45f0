"""Authlib's authorization server on our requests, our clients and our grants.

Its Flask integration reads the live request whatever it is given; this one passes a request through, so that one that
was kept is resumed with the same code (`answer`), and takes a program's parameters from its form only
(`token_response`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Request, Response

from idp.oidc.adapter.oauth2_requests import KeptRequest, ProgramRequest
from idp.oidc.clients import client_auth, repository
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import resources, sender_constraint
from idp.oidc.tokens.grants.authorization_code import AuthorizationCodeGrant, S256CodeChallenge
from idp.oidc.tokens.grants.client_credentials import ClientCredentialsGrant
from idp.oidc.tokens.grants.device_code import DeviceCodeGrant
from idp.oidc.tokens.grants.refresh_token import RefreshTokenGrant
from idp.oidc.tokens.grants.token_exchange import TokenExchangeGrant
from idp.oidc.userinfo import encryption

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Server(AuthorizationServer):
    """The one authorization server; it holds no state."""

    def __init__(self) -> None:
        super().__init__()
        self.register_grant(AuthorizationCodeGrant, [S256CodeChallenge(required=False)])
        self.register_grant(RefreshTokenGrant)
        self.register_grant(ClientCredentialsGrant)
        self.register_grant(DeviceCodeGrant)
        self.register_grant(TokenExchangeGrant)

    def create_oauth2_request(self, request: Request | KeptRequest | ProgramRequest) -> KeptRequest | ProgramRequest:
        """Pass one of ours through."""
        return ProgramRequest(request) if isinstance(request, Request) else request

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """The enabled client of that id."""
        return repository.by_client_id(client_id)

    def authenticate_client(self, request: ProgramRequest, *_: object) -> RegisteredClient:
        """By the method that the client registered, whatever the grant; with what this request proves and names."""
        client = client_auth.authenticate(request)
        encryption.prepare(client.registration)
        named = resources.named(client, request.parameters.resources)
        return replace(client, proved=sender_constraint.proved(client), resources=named)

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response:
        """JSON for programs, never to be kept; what goes to a browser is composed already."""
        if isinstance(payload, dict):
            return Response(json.dumps(payload), status_code, dict(headers) | NO_STORE)
        return Response(payload, status_code, headers)

    def answer(self, request: KeptRequest) -> Response:
        """The code, on its way to the application. The caller commits."""
        grant = self.get_consent_grant(request, end_user=request.login.user)
        response: Response = self.create_authorization_response(request, grant_user=request.login.user, grant=grant)
        return response

    def refusal(self, error: OAuth2Error) -> Response:
        """An error for a program (RFC 6749 section 5.2)."""
        return self.handle_response(*error())


server = Server()
