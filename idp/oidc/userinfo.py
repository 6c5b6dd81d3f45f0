"""`GET|POST /userinfo` (OpenID Connect Core section 5.3): the claims that the access token's scope gives.

The token comes in the Authorization header or, by POST, in the form (RFC 6750 sections 2.1 and 2.2); never in the
address. Refuses, in the words of RFC 6750 section 3.1: no token (401, no code); a token in two places (400
`invalid_request`); one that is not ours, is over, or whose authorization has ended (401 `invalid_token`); one without
the scope `openid` (403 `insufficient_scope`). One statement finds everything.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response, request

from idp import clock, settings
from idp.oidc import access_token, authorizations, claims, parameters
from idp.oidc.access_token import AccessToken
from idp.oidc.authorizations import Authorization
from idp.web.error_pages import for_programs
from idp.web.logs import log


class BearerError(Exception):
    """Why a request with or without a token is refused; `code` None: it had none."""

    def __init__(self, status: HTTPStatus, code: str | None = None, description: str = "") -> None:
        """Keep what RFC 6750 section 3 says."""
        self.status = status
        self.code = code
        self.description = description
        super().__init__(description)

    def response(self) -> Response:
        """The error with its challenge."""
        challenge = f'Bearer realm="{settings.current().issuer}"'
        if self.code is None:
            return Response("", self.status, {"WWW-Authenticate": challenge})
        challenge += f', error="{self.code}", error_description="{self.description}"'
        body = json.dumps({"error": self.code, "error_description": self.description})
        return Response(body, self.status, {"WWW-Authenticate": challenge}, mimetype="application/json")


@for_programs
def userinfo() -> Response:
    """The UserInfo endpoint."""
    try:
        token = _token()
        told = _claims(token, _authorization(token))
    except BearerError as error:
        return error.response()
    return Response(json.dumps(told), mimetype="application/json", headers={"Cache-Control": "no-store"})


def _token() -> AccessToken:
    given = [*_in_header(), *_in_form()]
    if not given:
        raise BearerError(HTTPStatus.UNAUTHORIZED)
    if len(given) > 1:
        raise BearerError(HTTPStatus.BAD_REQUEST, "invalid_request", "The access token was sent in more than one way")
    token = access_token.read(given[0])
    if token is None:
        raise _invalid("not a token of ours, or expired")
    if "openid" not in token.scope:
        raise BearerError(HTTPStatus.FORBIDDEN, "insufficient_scope", "The access token lacks the scope openid")
    return token


def _in_header() -> list[str]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return [token.strip()] if scheme.lower() == "bearer" else []


def _in_form() -> list[str]:
    given = parameters.read(request.form)
    if given.fault():
        raise BearerError(HTTPStatus.BAD_REQUEST, "invalid_request", "A parameter was sent twice or is too long")
    token = given.get("access_token")
    return [] if token is None else [token]


def _authorization(token: AccessToken) -> Authorization:
    found = authorizations.by_id(token.authorization_id) if token.authorization_id else None
    if found is None:
        raise _invalid("no such authorization")
    if because := authorizations.dead_because(found, clock.now()):
        raise _invalid(because)
    return found


def _claims(token: AccessToken, found: Authorization) -> dict[str, object]:
    names = (*claims.of_scopes(token.scope), *found.grant.request["claims"]["userinfo"])
    return claims.told(claims.Person(found.user, found.tenant, found.grant.login), names)


def _invalid(because: str) -> BearerError:
    log.info("access token refused", because=because)
    return BearerError(
        HTTPStatus.UNAUTHORIZED, "invalid_token", "The access token is expired, revoked or not valid here"
    )
