"""`GET|POST /userinfo` (OpenID Connect Core section 5.3): the claims that the access token's scope gives.

The token comes in the Authorization header, or, by POST and as Bearer only, in the form (RFC 6750 sections 2.1 and 2.2, RFC 9449
section 7.1); never in the address. Refuses, in the words of RFC 6750 section 3.1: no token (401, no code); a token in two places
(400 `invalid_request`); one that is not ours, is over, comes without the proof of the key that it is bound to, or whose
authorization has ended (401 `invalid_token`); a proof that is wrong (401 `invalid_dpop_proof`, `use_dpop_nonce`); a token without
the scope `openid` (403 `insufficient_scope`). One statement finds everything.

The answer is JSON, or a JWT where the client registered that (section 5.3.2): signed, encrypted, or both in that order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response, request

from idp.oidc.authorization import parameters
from idp.oidc.clients import metadata
from idp.oidc.models import Client
from idp.oidc.signing_keys import keyring
from idp.oidc.tokens import access_token, authorizations, dpop, sender_constraint
from idp.oidc.tokens.access_token import AccessToken
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.tokens.sender_constraint import Scheme
from idp.oidc.userinfo import claim_selection, claims, encryption
from idp.oidc.userinfo.encryption import NoKey
from idp.platform import clock, settings
from idp.web.error_pages import for_programs
from idp.web.logs import log

TYPE: Final = "userinfo+jwt"
"""Of no other token here: signed userinfo is never taken for an ID token."""


@dataclass(frozen=True, slots=True)
class Presented:
    """An access token as it came."""

    scheme: Scheme
    token: str


class TokenError(Exception):
    """Why a request with or without a token is refused; `code` None: it had none. `scheme`: whose challenge is given."""

    def __init__(
        self, status: HTTPStatus, code: str | None = None, description: str = "", scheme: Scheme = Scheme.BEARER
    ) -> None:
        """Keep what RFC 6750 section 3 and RFC 9449 section 7.1 say."""
        self.status = status
        self.code = code
        self.description = description
        self.scheme = scheme
        super().__init__(description)

    def response(self) -> Response:
        """The error with its challenge."""
        if self.code is None:
            both = ", ".join(_challenge(scheme) for scheme in Scheme)
            return Response("", self.status, {"WWW-Authenticate": both})
        challenge = _challenge(self.scheme, error=self.code, error_description=self.description)
        body = json.dumps({"error": self.code, "error_description": self.description})
        return Response(body, self.status, {"WWW-Authenticate": challenge}, mimetype="application/json")


def _challenge(scheme: Scheme, **parameters: str) -> str:
    algorithms = {"algs": " ".join(dpop.ALGORITHMS)} if scheme is Scheme.DPOP else {}
    said = {"realm": settings.current().issuer, **parameters, **algorithms}
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in said.items())


@for_programs
def userinfo() -> Response:
    """The UserInfo endpoint."""
    try:
        token = _token()
        return _answer(_claims(token, found := _authorization(token)), found.grant.client)
    except TokenError as error:
        return error.response()


def _answer(told: Mapping[str, object], client: Client) -> Response:
    """As JSON; signed, encrypted or both where the client registered that (OpenID Connect Core section 5.3.2)."""
    registered = metadata.read(client.registration)
    body, kind, cty = json.dumps(told), "application/json", "json"
    if registered.userinfo_signed_response_alg is not None:
        about = {"iss": settings.current().issuer, "aud": client.client_id}
        body = keyring.sign(registered.userinfo_signed_response_alg, TYPE, {**told, **about})
        kind, cty = "application/jwt", "JWT"
    if registered.userinfo_encryption is not None:
        try:
            body, kind = encryption.encrypted(body, registered, registered.userinfo_encryption, cty), "application/jwt"
        except NoKey as error:
            raise TokenError(HTTPStatus.BAD_REQUEST, NoKey.error, error.description) from error
    return Response(body, mimetype=kind, headers={"Cache-Control": "no-store"})


def _token() -> AccessToken:
    given = [*_in_header(), *_in_form()]
    if not given:
        raise TokenError(HTTPStatus.UNAUTHORIZED)
    if len(given) > 1:
        raise TokenError(HTTPStatus.BAD_REQUEST, "invalid_request", "The access token was sent in more than one way")
    (presented,) = given
    token = access_token.read(presented.token)
    if token is None:
        raise _invalid("not a token of ours, or expired", presented.scheme)
    if not sender_constraint.fits_certificate(token):
        raise _invalid("bound to another certificate", presented.scheme)
    _check_binding(token, presented)
    if "openid" not in token.scope:
        raise TokenError(HTTPStatus.FORBIDDEN, "insufficient_scope", "The access token lacks the scope openid")
    return token


def _check_binding(token: AccessToken, presented: Presented) -> None:
    """A bound token needs its proof; whoever sends it without is told what would do (RFC 9449 section 7.1)."""
    try:
        sender_constraint.check_access(token, presented.token, presented.scheme)
    except OAuth2Error as error:
        log.info("access token refused", because=error.description)
        raise TokenError(HTTPStatus.UNAUTHORIZED, error.error, error.description, Scheme.DPOP) from None


def _in_header() -> list[Presented]:
    given, _, token = request.headers.get("Authorization", "").partition(" ")
    return [Presented(scheme, token.strip()) for scheme in Scheme if scheme.lower() == given.lower()]


def _in_form() -> list[Presented]:
    given = parameters.read(request.form)
    if given.fault():
        raise TokenError(HTTPStatus.BAD_REQUEST, "invalid_request", "A parameter was sent twice or is too long")
    token = given.get("access_token")
    return [] if token is None else [Presented(Scheme.BEARER, token)]


def _authorization(token: AccessToken) -> Authorization:
    found = authorizations.by_id(token.authorization_id) if token.authorization_id else None
    if found is None:
        raise _invalid("no such authorization")
    if because := authorizations.dead_because(found, clock.now()):
        raise _invalid(because)
    return found


def _claims(token: AccessToken, found: Authorization) -> dict[str, object]:
    return claims.told(claims.Person.of(found), claim_selection.selected(found, token.scope).userinfo)


def _invalid(because: str, scheme: Scheme = Scheme.BEARER) -> TokenError:
    log.info("access token refused", because=because)
    description = "The access token is expired, revoked or not valid here"
    return TokenError(HTTPStatus.UNAUTHORIZED, "invalid_token", description, scheme)
