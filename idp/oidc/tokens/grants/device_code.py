"""Device codes (RFC 8628 section 3.4): the device asks again and again whether the person has allowed it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, grants
from authlib.oauth2.rfc6749.errors import AccessDeniedError, UnauthorizedClientError

from idp.oidc.clients import metadata
from idp.oidc.device import waiting
from idp.oidc.models import DeviceAuthorization, DeviceState
from idp.oidc.tokens import authorizations, issuing
from idp.oidc.tokens.grants import AUTH_METHODS, invalid_grant
from idp.platform import clock
from idp.platform.extensions import db


class DeviceCodeGrant(grants.BaseGrant, grants.TokenEndpointMixin):
    """Gives tokens for a device code once the person has allowed it."""

    GRANT_TYPE = metadata.DEVICE_CODE
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        """Find the client's device."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered for devices")
        device_code = self.request.parameters.get("device_code")
        if device_code is None:
            raise InvalidRequestError("device_code is missing")
        device = waiting.by_device_code(device_code)
        if device is None or device.client_id != client.id:
            raise invalid_grant("no such device code of this client")
        self.request.client, self.request.device, self.request.device_code = client, device, device_code

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Say what the person said; tokens, once, where they allowed it."""
        now, device = clock.now(), self.request.device
        match device.state:
            case DeviceState.DENIED:
                raise AccessDeniedError("The person refused")
            case DeviceState.ALLOWED:
                return 200, self._tokens(now), self.TOKEN_RESPONSE_HEADER
            case _:
                raise _not_yet(device, now)

    def _tokens(self, now: datetime) -> dict[str, Any]:
        found = authorizations.by_hash(self.request.device.device_code_hash)
        if found is None:
            raise invalid_grant("the authorization is over")
        if now >= found.grant.code_expires_at and found.grant.code_used_at is None:
            raise _expired()
        if because := authorizations.no_first_tokens_because(found, now):
            raise invalid_grant(because)
        if not authorizations.spend_code(found.grant, now):
            db.session.rollback()
            raise invalid_grant("the device code was used")
        tokens = issuing.first(found, self.request.client, now)
        db.session.commit()
        return tokens


def _not_yet(device: DeviceAuthorization, now: datetime) -> OAuth2Error:
    """Section 3.5: the person has not answered; a device that asks too often must wait longer each time."""
    if now >= device.expires_at:
        return _expired()
    patient = waiting.polled(device, now)
    db.session.commit()
    if patient:
        return OAuth2Error("The person has not answered yet", error="authorization_pending")
    return OAuth2Error("Leave more time between two requests", error="slow_down")


def _expired() -> OAuth2Error:
    return OAuth2Error("The device code is too old", error="expired_token")
