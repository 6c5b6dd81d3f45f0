"""Request objects by value (RFC 9101, OpenID Connect Core section 6.1): what is asked, signed by who asks.

request ─▶ has the client keys? ──no──▶ request_not_supported
              │ yes
              ▼
           one of them signed it, by the registered algorithm, else by one of the list: never none, never a shared secret
              ▼
           _RULES: of its kind, from the client, for us, in time, not about a login, pointing nowhere, not used before
              ▼
           its parameters, which alone count (section 6.3)         anything wrong: invalid_request_object

One that has a `jti` (RFC 7519 section 4.1.7) is good once: the client's own POST spends it, or the first answer that a
browser gets; a page that is loaded twice does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from idp import shortlived
from idp.oidc.authorization.parameters import MANY, Parameters
from idp.oidc.authorization.request_source import Brought, Named
from idp.oidc.clients import client_keys, fapi2
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.signing_keys import jwts
from idp.oidc.signing_keys.jwts import Jwt
from idp.platform import clock, foreign_json, settings
from idp.platform.foreign_json import Unusable

SKEW_SECONDS: Final = 30
LONGEST_REMEMBERED: Final = timedelta(days=366)
"""Of one that never ends, or much later."""
_SHORTEST_REMEMBERED: Final = timedelta(hours=25)
"""Longer than any login that was begun with it stays open."""
_LONGEST_JTI: Final = 256
_USED: Final = "used_request_object"
_TYPES: Final = frozenset({"oauth-authz-req+jwt", "jwt", None})
_ABOUT_ITSELF: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})


class NotSupported(Exception):
    """The client has no keys to sign a request with."""


class Invalid(Exception):
    """Why a request object is not taken, in ASCII."""


def read(text: str, client: RegisteredClient) -> Brought:
    """What the client signed. Raises `NotSupported` or `Invalid`."""
    registration = client.registration
    if registration.jwks is None and registration.jwks_uri is None:
        raise NotSupported
    token = client_keys.verified(registration, text, registration.signs_with(registration.request_object_signing_alg))
    if token is None:
        raise Invalid("is not signed by a key of this client and an algorithm that it may use")
    for rule in _RULES:
        rule(token, client)
    return Brought(_parameters(token.claims), signed=True, named=_named(token, client))


def spend(named: Named) -> bool:
    """Whether this is the first use, which it then is. The caller commits."""
    left = timedelta(seconds=named.until) - timedelta(seconds=int(clock.now().timestamp()))
    return shortlived.once(_USED, named.name, max(left, _SHORTEST_REMEMBERED))


def unverified(text: str) -> Parameters:
    """What an object says whoever signed it: only to find the registered address that an error goes to."""
    found = jwts.claims_in(text)
    try:
        return _parameters({} if isinstance(found, Unusable) else found)
    except Invalid:
        return Parameters({})


# Sections 4, 5 and 10.8


def _is_of_its_kind(token: Jwt, _: RegisteredClient) -> None:
    if token.typ not in _TYPES:
        raise Invalid("is a JWT of another kind: typ")


def _is_from_the_client(token: Jwt, client: RegisteredClient) -> None:
    if token.claims.get("iss") != client.client_id or token.claims.get("client_id") != client.client_id:
        raise Invalid("is not of this client: iss or client_id")


def _is_for_us(token: Jwt, _: RegisteredClient) -> None:
    audience = token.claims.get("aud")
    if settings.current().issuer not in (audience if isinstance(audience, list) else [audience]):
        raise Invalid("is for somebody else: aud")


def _is_in_time(token: Jwt, _: RegisteredClient) -> None:
    now, given = clock.now().timestamp(), token.claims
    times = [given.get("exp", now + 1), given.get("nbf", now), given.get("iat", now)]
    if any(isinstance(time, bool) or not isinstance(time, int | float) for time in times):
        raise Invalid("has a time that is no number: exp, nbf or iat")
    ends, *begun = times
    if not now - SKEW_SECONDS < ends or not max(begun) <= now + SKEW_SECONDS:
        raise Invalid("is over, or not valid yet: exp, nbf or iat")


def _is_short(token: Jwt, client: RegisteredClient) -> None:
    """FAPI 2.0 Message Signing section 5.3.1: nbf and exp, an hour between them at most."""
    begins, ends = token.claims.get("nbf"), token.claims.get("exp")
    if not client.registration.fapi2:
        return
    if begins is None or ends is None:
        raise Invalid("has no exp or no nbf")
    if ends - begins > fapi2.LONGEST_REQUEST_SECONDS:
        raise Invalid("is valid for more than an hour: exp and nbf")


def _is_no_assertion(token: Jwt, client: RegisteredClient) -> None:
    """RFC 9101 section 10.8: it must never do as the client's authentication."""
    if token.claims.get("sub") == client.client_id:
        raise Invalid("is about the client itself: sub")


def _points_nowhere(token: Jwt, _: RegisteredClient) -> None:
    if {"request", "request_uri"} & token.claims.keys():
        raise Invalid("has another request inside: request or request_uri")


def _is_not_used(token: Jwt, client: RegisteredClient) -> None:
    named = _named(token, client)
    if named is not None and shortlived.used(_USED, named.name):
        raise Invalid("was used before: jti")


def _named(token: Jwt, client: RegisteredClient) -> Named | None:
    """Under which name its use is remembered, and until when."""
    jti = token.claims.get("jti") or None
    if jti is None:
        return None
    if not isinstance(jti, str) or len(jti) > _LONGEST_JTI:
        raise Invalid("has a name that is no short text: jti")
    longest = (clock.now() + LONGEST_REMEMBERED).timestamp()
    ends = min(token.claims.get("exp", longest) + SKEW_SECONDS, longest)
    return Named(json.dumps([client.client_id, jti]), int(ends))


_RULES: Final[tuple[Callable[[Jwt, RegisteredClient], None], ...]] = (
    _is_of_its_kind,
    _is_from_the_client,
    _is_for_us,
    _is_in_time,
    _is_short,
    _is_no_assertion,
    _points_nowhere,
    _is_not_used,
)


def _parameters(claims: Mapping[str, Any]) -> Parameters:
    """The claims as parameters: texts as they are, everything else as JSON (section 4)."""
    asked = {name: value for name, value in claims.items() if name not in _ABOUT_ITSELF and value not in (None, "")}
    single = {name: _text(value) for name, value in asked.items() if name not in MANY}
    many = [one for name in MANY & asked.keys() for one in _listed(asked[name])]
    return Parameters(single, resources=tuple(_text(one) for one in many))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """What could have stood in a query: UTF-8 without NUL (RFC 6749 appendix B)."""
    text = value if isinstance(value, str) else json.dumps(value)
    if not foreign_json.is_text(text):
        raise Invalid("has a parameter that is no text")
    return text
