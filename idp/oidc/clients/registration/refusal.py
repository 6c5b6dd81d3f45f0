"""What a program is told that may not register, or not so (RFC 7591 section 3.2.2, RFC 6750 section 3)."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Final

from flask import Response, request

from idp.oidc.adapter.server import NO_STORE
from idp.oidc.clients.validation import InvalidMetadata
from idp.platform import settings

_UNSPEAKABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""What no `error_description` has (RFC 6749 section 5.2), whatever it repeats of a request."""


class Refused(Exception):
    """The request is refused. `status`, error code and description are the answer."""

    def __init__(self, error: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        """Keep the three."""
        self.error = error
        self.description = description
        self.status = status
        super().__init__(f"{error}: {description}")

    def response(self) -> Response:
        """The error; with a challenge where it is about the token."""
        body = json.dumps({"error": self.error, "error_description": _UNSPEAKABLE.sub("'", self.description)})
        headers = dict(NO_STORE)
        if self.status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = _challenge(self.error)
        if self.status is HTTPStatus.TOO_MANY_REQUESTS:
            headers["Retry-After"] = "3600"
        return Response(body, self.status, headers, mimetype="application/json")


def _challenge(error: str) -> str:
    """RFC 6750 section 3.1: who sent nothing is told what would do, and of no error."""
    realm = f'Bearer realm="{settings.current().issuer}"'
    return f'{realm}, error="{error}"' if request.headers.get("Authorization") else realm


def no_token() -> Refused:
    """One wording for no token, an unknown one, one that is over and another client's."""
    return Refused("invalid_token", "The token is missing, unknown or over", HTTPStatus.UNAUTHORIZED)


def too_many() -> Refused:
    """More registrations with one token than anybody needs."""
    return Refused("temporarily_unavailable", "Too many registrations in this hour", HTTPStatus.TOO_MANY_REQUESTS)


def wrong_metadata(description: str) -> Refused:
    """Something in the metadata."""
    return Refused("invalid_client_metadata", description)


def of(error: InvalidMetadata) -> Refused:
    """Every fault of the metadata; those of addresses have a code of their own."""
    about_addresses = any(key == "redirect_uris" for key, _ in error.faults)
    return Refused("invalid_redirect_uri" if about_addresses else "invalid_client_metadata", str(error))
