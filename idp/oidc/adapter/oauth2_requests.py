"""The two requests that Authlib meets: of a program at an endpoint of its own, and of a browser, as it was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from flask import Request

from idp.login.core.types import Assurance
from idp.login.flow.entry import Login
from idp.oidc.authorization import parameters
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.requests import AuthorizationRequest
from idp.platform import settings


class ProgramRequest(OAuth2Request):
    """A request with a form (RFC 6749 section 3.2): what stands in the query of its address does not count."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.method, settings.current().issuer + request.path, headers=request.headers)
        self.parameters: Parameters = parameters.read(request.form)
        self.payload = BasicOAuth2Payload(self.parameters.values)

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters."""
        return self.parameters.values


class KeptRequest(OAuth2Request):
    """An authorization request that passed its checks, with the login that answers it."""

    def __init__(self, asked: AuthorizationRequest, login: Login, worth: Assurance) -> None:
        super().__init__("GET", settings.current().issuer)
        self.asked = asked
        self.login = login
        self.worth = worth
        self.payload = BasicOAuth2Payload(self._parameters())

    def _parameters(self) -> dict[str, Any]:
        """As asked, but for the scope, which is what is granted."""
        return {**self.asked.parameters, "scope": " ".join(self.asked.scope)}
