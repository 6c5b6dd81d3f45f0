"""Access tokens: JWTs by RFC 9068, signed with ES256, for ten minutes.

`jti` is the authorization's name and a random part: whoever verifies the signature alone needs nothing of us, and
where we are asked ourselves the authorization is found, with everything that may have ended it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from idp import shortlived
from idp.crypto import opaque
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.signing_keys import keyring
from idp.oidc.tokens import resources
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.userinfo.subjects import subject_of
from idp.platform import clock, settings

LIFETIME: Final = timedelta(minutes=10)
TYPE: Final = "at+jwt"
_GIVEN_BACK: Final = "access_token"
_ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token of ours that has not expired. `authorization_id` None: a client's own, of nobody."""

    client_id: str
    scope: tuple[str, ...]
    authorization_id: uuid.UUID | None
    claims: Mapping[str, Any]


def of_user(a: Authorization, client: RegisteredClient, scope: str, now: datetime) -> str:
    """An access token of an authorization (RFC 9068 section 2.2)."""
    about = {
        "sub": subject_of(client.row, a.user.id),
        "jti": f"{a.grant.id}.{opaque.new()}",
        "tenant": a.tenant.slug,
        **a.grant.login,
        "aud": resources.audience(client, a.grant),
    }
    return _encode(client, scope, now, about)


def of_client(client: RegisteredClient, scope: str, now: datetime) -> str:
    """An access token of a client for itself: `sub` is the client (RFC 9068 section 2.2)."""
    about = {"sub": client.client_id, "jti": opaque.new(), "aud": resources.audience(client, None)}
    return _encode(client, scope, now, about | ({"tenant": client.tenant} if client.tenant else {}))


def exchanged(
    of: AccessToken, a: Authorization, client: RegisteredClient, scope: str, now: datetime, about: Mapping[str, Any]
) -> str:
    """A lesser token of the same authorization, with `aud`, `exp` and `act` as they are told (RFC 8693 section 4.1)."""
    lesser = {
        "sub": of.claims["sub"],
        "jti": f"{a.grant.id}.{opaque.new()}",
        "tenant": a.tenant.slug,
        **a.grant.login,
        **({"scope": scope} if scope else {}),
        **({"cnf": dict(client.proved)} if client.proved else {}),
        "iss": settings.current().issuer,
        "client_id": client.client_id,
        "iat": int(now.timestamp()),
        **about,
    }
    return keyring.sign(_ALGORITHM, TYPE, lesser)


def read(token: str) -> AccessToken | None:
    """What a token says, if it is an access token of ours and its time is not over."""
    claims = keyring.verified(token, TYPE)
    if claims is None or claims["iss"] != settings.current().issuer or claims["exp"] <= clock.now().timestamp():
        return None
    name, _, random = claims["jti"].partition(".")
    scope = tuple(claims.get("scope", "").split())
    return AccessToken(claims["client_id"], scope, uuid.UUID(name) if random else None, claims)


def give_back(token: AccessToken) -> None:
    """End a token alone, with nothing that it hangs on (RFC 7009 section 2.1). The caller commits."""
    shortlived.once(_GIVEN_BACK, token.claims["jti"], LIFETIME)


def given_back(token: AccessToken) -> bool:
    """Whether that happened."""
    return shortlived.used(_GIVEN_BACK, token.claims["jti"])


def _encode(client: RegisteredClient, scope: str, now: datetime, about: dict[str, Any]) -> str:
    claims = {
        **about,
        **({"scope": scope} if scope else {}),
        **({"cnf": dict(client.proved)} if client.proved else {}),
        "iss": settings.current().issuer,
        "client_id": client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return keyring.sign(_ALGORITHM, TYPE, claims)
