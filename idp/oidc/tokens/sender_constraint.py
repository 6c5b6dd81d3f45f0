"""Tokens that are worth something only to who has the key (the claim `cnf` of RFC 7800).

A key is proved by a DPoP proof (RFC 9449 section 6), or by the certificate of the TLS connection (RFC 8705 section 3).

    POST /token ─▶ client_auth ─▶ proved: proof, certificate ─▶ RegisteredClient.proved ─▶ `cnf` in every access token given
                                    │ none, and the client is registered for bound tokens: refused
                                    ▼
                        a public client's refresh token: `bind`, and `check_refresh` at each use
    authorize, PAR ─ dpop_jkt, or a proof (`pushed`) ─▶ kept with the code ─▶ `check_code`
    GET|POST /userinfo ─▶ `check_access`, `fits_certificate`: the token's key must be what the request proves

A confidential client's refresh tokens are bound to the client's own authentication (RFC 9449 section 5, RFC 8705 section 4).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import request

from idp.oidc.authorization.request_source import Brought
from idp.oidc.clients import client_certificate, repository
from idp.oidc.clients.metadata import FAPI2_ALGORITHMS
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.models import AuthorizationGrant
from idp.oidc.tokens import dpop
from idp.oidc.tokens.access_token import AccessToken
from idp.oidc.tokens.dpop import Use
from idp.oidc.tokens.grants import invalid_grant
from idp.platform import settings
from idp.shortlived import allowance

HEADER: Final = "DPoP"
CERTIFICATE: Final = "x5t#S256"


class Scheme(enum.StrEnum):
    """How an access token is presented (RFC 6750 section 2.1, RFC 9449 section 7.1)."""

    BEARER = "Bearer"
    DPOP = "DPoP"


def proved(client: RegisteredClient) -> Mapping[str, str]:
    """What keys this request proves to have. Raises OAuth2Error where it does that wrongly, or must and does not."""
    return {**_certificate(client), **_proof(client)}


def _certificate(client: RegisteredClient) -> Mapping[str, str]:
    """RFC 8705 sections 3 and 3.4: of a client that registered for it."""
    if not client.registration.tls_client_certificate_bound_access_tokens:
        return {}
    thumbprint = client_certificate.thumbprint()
    if thumbprint is None:
        raise InvalidRequestError(
            "This client is registered for certificate-bound tokens and came without a certificate"
        )
    return {CERTIFICATE: thumbprint}


def _proof(client: RegisteredClient) -> Mapping[str, str]:
    """RFC 9449 sections 5 and 5.2."""
    text = request.headers.get(HEADER)
    if text is None:
        if client.registration.dpop_bound_access_tokens:
            raise dpop.invalid("is missing, and this client is registered for bound access tokens")
        return {}
    return {"jkt": _bound_to(text, client)}


def pushed(client: RegisteredClient, brought: Brought) -> Brought:
    """RFC 9449 section 10.1: a proof beside a pushed request says what key its code is for, as `dpop_jkt` does."""
    text = request.headers.get(HEADER)
    if text is None:
        return brought
    jkt = _bound_to(text, client)
    given = brought.parameters
    if given.get("dpop_jkt") not in (None, jkt):
        raise dpop.invalid("is of another key than dpop_jkt")
    return replace(brought, parameters=replace(given, values={**given.values, "dpop_jkt": jkt}))


def bind(grant: AuthorizationGrant, client: RegisteredClient) -> None:
    """Bind a public client's refresh tokens to what it proved (RFC 9449 section 5). The caller commits."""
    if client.proved and not client.registration.confidential:
        grant.request = {**grant.request, "cnf": dict(client.proved)}


def check_code(grant: AuthorizationGrant, client: RegisteredClient) -> None:
    """RFC 9449 section 10: a code that was asked for a key is redeemed with it."""
    wanted = grant.request.get("dpop_jkt")
    if wanted is not None and client.proved.get("jkt") != wanted:
        raise invalid_grant("the code is bound to another key")


def check_refresh(grant: AuthorizationGrant, client: RegisteredClient) -> None:
    """RFC 9449 section 5."""
    if any(client.proved.get(name) != value for name, value in grant.request.get("cnf", {}).items()):
        raise invalid_grant("the refresh token is bound to another key")


def fits_certificate(token: AccessToken) -> bool:
    """RFC 8705 section 3: whether the connection has the certificate that the token is bound to, if it is to one."""
    wanted = token.claims.get("cnf", {}).get(CERTIFICATE)
    return wanted is None or wanted == client_certificate.thumbprint()


def check_access(token: AccessToken, presented: str, scheme: Scheme) -> None:
    """RFC 9449 sections 7.1 and 7.2: a bound token comes with a proof of its key, and never as Bearer."""
    jkt = token.claims.get("cnf", {}).get("jkt")
    match scheme:
        case Scheme.BEARER if jkt is not None:
            raise _invalid_token("The access token is bound to a key and is not sent as Bearer")
        case Scheme.DPOP if jkt != _thumbprint(token, presented):
            raise _invalid_token("The access token is not bound to the key of the proof")
        case _:
            return


def _thumbprint(token: AccessToken, presented: str) -> str:
    text = request.headers.get(HEADER)
    if text is None:
        raise dpop.invalid("is missing")
    return dpop.thumbprint(text, _use(presented, repository.by_client_id(token.client_id)))


def _bound_to(text: str, client: RegisteredClient) -> str:
    """The thumbprint of a proof without a token; the `jti` that it spends is kept for whoever anybody can claim to be."""
    if not client.registration.confidential:
        allowance.spend(0)
    return dpop.thumbprint(text, _use(None, client))


def _use(token: str | None, client: RegisteredClient | None) -> Use:
    """FAPI 2.0 Security Profile section 5.4.1 has fewer algorithms."""
    needs_nonce = client is not None and client.registration.dpop_require_nonce
    algorithms = FAPI2_ALGORITHMS if client is not None and client.registration.fapi2 else dpop.ALGORITHMS
    return Use(request.method, settings.current().issuer + request.path, token, needs_nonce, algorithms)


def _invalid_token(description: str) -> OAuth2Error:
    """RFC 6750 section 3.1."""
    return OAuth2Error(description, error="invalid_token", status_code=401)
