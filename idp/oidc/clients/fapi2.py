"""FAPI 2.0 Security Profile (final), for clients registered with `profile = "fapi2"`: what is demanded beyond the rest. Pure.

    registration    faults(): authentication by key or certificate, bound tokens, pushed requests, ALGORITHMS only
    PAR, authorize  requests are pushed (5.3.2.2 items 2 and 3) with PKCE (item 5); for all: S256, iss, codes of 60 s, no 307
    authentication  an assertion names one audience, our issuer, as a text (5.3.2.1)
    request object  exp and nbf, an hour at most (Message Signing 5.3.1)
    refresh         not rotated (5.3.2.1): the token is worth nothing without the client's own key or certificate, and one
                    that is lost on the way would lock the person out; that is the choice of RFC 9700 section 4.14.2

What is registered is what is enforced: a client of this profile that could do without any of it cannot be registered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from idp.oidc.clients.metadata import (
    AUTHORIZATION_CODE,
    CERTIFICATE_METHODS,
    CLIENT_CREDENTIALS,
    FAPI2_ALGORITHMS,
    REFRESH_TOKEN,
    Registration,
)

Faults = list[tuple[str, str]]
AUTH_METHODS: Final = ("private_key_jwt", *CERTIFICATE_METHODS)
GRANT_TYPES: Final = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS)
LONGEST_REQUEST_SECONDS: Final = 3600
_SIGNED: Final = (
    "authorization_signed_response_alg",
    "id_token_signed_response_alg",
    "introspection_signed_response_alg",
    "request_object_signing_alg",
    "token_endpoint_auth_signing_alg",
    "userinfo_signed_response_alg",
)


def faults(r: Registration) -> Faults:
    """What of a registration does not fit the profile that it names."""
    return [fault for rule in _RULES for fault in rule(r)] if r.fapi2 else []


def _authenticates_by_key(r: Registration) -> Faults:
    """Section 5.3.2.1: confidential clients, by private_key_jwt or mutual TLS."""
    if r.token_endpoint_auth_method in AUTH_METHODS:
        return []
    return [("token_endpoint_auth_method", f"must be one of {', '.join(AUTH_METHODS)} with the profile fapi2")]


def _tokens_are_bound(r: Registration) -> Faults:
    """Section 5.3.2.1: sender-constrained access tokens only, by DPoP or mutual TLS."""
    if r.dpop_bound_access_tokens or r.tls_client_certificate_bound_access_tokens:
        return []
    return [("dpop_bound_access_tokens", "or the like for certificates must be true with the profile fapi2")]


def _requests_are_pushed(r: Registration) -> Faults:
    """Section 5.3.2.2."""
    if r.require_pushed_authorization_requests:
        return []
    return [("require_pushed_authorization_requests", "must be true with the profile fapi2")]


def _grants_are_of_the_profile(r: Registration) -> Faults:
    """Sections 5.3.2.1 and 5.3.2.2: the code flow, what grows from it, and a client's own tokens."""
    return [] if set(r.grant_types) <= set(GRANT_TYPES) else [("grant_types", "has one that the profile fapi2 has not")]


def _signatures_are_strong(r: Registration) -> Faults:
    """Section 5.4.1: PS256, ES256 or EdDSA."""
    problem = f"must be one of {', '.join(FAPI2_ALGORITHMS)} with the profile fapi2"
    return [(key, problem) for key in _SIGNED if getattr(r, key) not in (None, *FAPI2_ALGORITHMS)]


_RULES: Final[tuple[Callable[[Registration], Faults], ...]] = (
    _authenticates_by_key,
    _tokens_are_bound,
    _requests_are_pushed,
    _grants_are_of_the_profile,
    _signatures_are_strong,
)
