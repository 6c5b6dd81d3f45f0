"""ID tokens (OpenID Connect Core section 2): who logged in, how, when, for which application."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from idp.oidc.clients.metadata import Registration
from idp.oidc.signing_keys import keyring
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.userinfo import claim_selection, claims, encryption
from idp.platform import settings

LIFETIME: Final = timedelta(hours=1)
TYPE: Final = "JWT"
_HALF_HASHES: Final = {
    "RS256": hashlib.sha256,
    "PS256": hashlib.sha256,
    "ES256": hashlib.sha256,
    "EdDSA": hashlib.sha512,
}


def encode(
    a: Authorization, registration: Registration, scope: str, now: datetime, access_token: str, nonce: str | None
) -> str:
    """The ID token of an authorization, signed and perhaps encrypted as the client registered.

    A refreshed one has no nonce and otherwise says of the login what the first one said (section 12.2). `scope`: of the
    access token beside it, whose claims are here too where the client registered that it looks nowhere else.
    """
    algorithm = registration.id_token_signed_response_alg
    person = claims.Person.of(a)
    selection = claim_selection.selected(a, scope.split())
    names = (*selection.id_token, *(selection.userinfo if registration.id_token_includes_userinfo else ()))
    told: dict[str, Any] = {
        **claims.told(person, names),
        **a.grant.login,
        "iss": settings.current().issuer,
        "aud": a.grant.client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "at_hash": half_hash(algorithm, access_token),
        **_session(a),
        **_nonce(nonce),
    }
    return encryption.encrypted(keyring.sign(algorithm, TYPE, told), registration, registration.id_token_encryption)


def read(token: str, client_id: str | None) -> Mapping[str, Any] | None:
    """The claims of an ID token that we issued (to this client, if one is named); it may have expired."""
    found = keyring.verified(token, TYPE)
    if found is None or found.get("iss") != settings.current().issuer:
        return None
    return found if client_id in (None, found.get("aud")) else None


def half_hash(algorithm: str, value: str) -> str:
    """Section 3.1.3.6: the left half of a hash, which ties the access token to the ID token."""
    digest = _HALF_HASHES[algorithm](value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _session(a: Authorization) -> dict[str, str]:
    """`sid` (Back-Channel Logout section 2.1) names the browser session for logging out."""
    return {"sid": str(a.grant.session_id)} if a.grant.session_id else {}


def _nonce(nonce: str | None) -> dict[str, str]:
    return {} if nonce is None else {"nonce": nonce}
