"""The token response of an authorization (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import access_token, authorizations, id_token, sender_constraint
from idp.oidc.tokens.access_token import AccessToken
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.tokens.sender_constraint import Scheme


def first(a: Authorization, client: RegisteredClient, now: datetime) -> dict[str, Any]:
    """What a code gives; the ID token repeats the request's nonce."""
    sender_constraint.bind(a.grant, client)
    return _tokens(a, client, a.grant.scope, now, a.grant.request["nonce"]) | _refresh(a, now)


def next_one(a: Authorization, client: RegisteredClient, scope: str, now: datetime) -> dict[str, Any]:
    """What a refresh token gives: perhaps for less scope, and without the nonce (OpenID Connect Core section 12.2)."""
    return again(a, client, scope, now) | _refresh(a, now)


def again(a: Authorization, client: RegisteredClient, scope: str, now: datetime) -> dict[str, Any]:
    """What a refresh token gives that stays what it is."""
    return _tokens(a, client, scope, now, None)


def of_client(client: RegisteredClient, scope: str, now: datetime) -> dict[str, Any]:
    """What a client gets for itself: no refresh token (RFC 6749 section 4.4.3)."""
    return _response(access_token.of_client(client, scope, now), client, scope)


def exchanged(
    of: AccessToken, a: Authorization, client: RegisteredClient, scope: str, now: datetime, about: Mapping[str, Any]
) -> dict[str, Any]:
    """What a service gets for a user's token (RFC 8693 section 2.2.1): `about` says for whom, and who acts."""
    ends = min(int((now + access_token.LIFETIME).timestamp()), of.claims["exp"])
    access = access_token.exchanged(of, a, client, scope, now, {**about, "exp": ends})
    return _response(access, client, scope) | {"expires_in": ends - int(now.timestamp())}


def _tokens(a: Authorization, client: RegisteredClient, scope: str, now: datetime, nonce: str | None) -> dict[str, Any]:
    access = access_token.of_user(a, client, scope, now)
    response = _response(access, client, scope)
    if "openid" in scope.split():
        response["id_token"] = id_token.encode(a, client.registration, scope, now, access, nonce)
    return response


def _refresh(a: Authorization, now: datetime) -> dict[str, str]:
    """The next refresh token, where the authorization outlives its browser session."""
    return {"refresh_token": authorizations.new_refresh_token(a.grant, now)} if a.offline else {}


def _response(access: str, client: RegisteredClient, scope: str) -> dict[str, Any]:
    lifetime = int(access_token.LIFETIME.total_seconds())
    return {
        "access_token": access,
        "token_type": Scheme.DPOP if "jkt" in client.proved else Scheme.BEARER,
        "expires_in": lifetime,
        **({"scope": scope} if scope else {}),
    }
