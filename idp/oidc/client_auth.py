"""Client authentication (RFC 6749 section 2.3, OpenID Connect Core section 9): by the one registered method.

    Authorization: Basic ─▶ client_secret_basic ┐
    client_secret ────────▶ client_secret_post  ├─ more than one: invalid_request
    client_assertion ─────▶ private_key_jwt     ┘        │ one
    nothing ──────────────▶ none, or a certificate       ▼
                              client known? ─ method registered? ─ proof right? ──no──▶ invalid_client, in one wording

Secrets have 256 random bits, so a SHA-256 is compared. An assertion is verified with the client's keys only
(`client_keys.py`), by an algorithm that fits the registration, for us as audience, and once (RFC 7523 section 3). A client
that registered a certificate sends its client_id and nothing else (RFC 8705 section 2): the certificate is the connection's.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote_plus, unquote_to_bytes

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from idp import clock, settings, shortlived
from idp.extensions import db
from idp.foreign_json import Unusable, is_text
from idp.oidc import applications, client_certificate, client_keys, clients, jwts
from idp.oidc.clients import RegisteredClient
from idp.oidc.oauth2_requests import ProgramRequest
from idp.oidc.registration import CERTIFICATE_METHODS

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION_LIFETIME: Final = timedelta(hours=1)
SKEW: Final = timedelta(seconds=30)
_LONGEST_JTI: Final = 256
_KIND: Final = "client_assertion"
_ASSERTION_TYPES: Final = frozenset({"jwt", "client-authentication+jwt", None})


@dataclass(frozen=True, slots=True)
class Presented:
    """Who the client says it is, by which method, with which proof."""

    method: str
    client_id: str
    proof: str = ""


def authenticate(request: ProgramRequest) -> RegisteredClient:
    """The client that makes this request. Raises Authlib's errors (RFC 6749 section 5.2)."""
    presented = _presented(request)
    client = clients.by_client_id(presented.client_id)
    if client is None or not _PROOFS[_method(client, presented)](client, presented.proof):
        raise _failed()
    return client


def _method(client: RegisteredClient, presented: Presented) -> str:
    """The client's method, if it is the one that was used."""
    registered = client.registration.token_endpoint_auth_method
    by_certificate = presented.method == "none" and registered in CERTIFICATE_METHODS
    if registered != presented.method and not by_certificate:
        raise _failed()
    return registered


def authenticate_confidential(request: ProgramRequest) -> RegisteredClient:
    """The same, for what is not for a client that anybody may claim to be (RFC 7662 section 2.1)."""
    client = authenticate(request)
    if not client.registration.confidential:
        raise _failed()
    return client


def _failed() -> InvalidClientError:
    return InvalidClientError("Client authentication failed", status_code=401)


def _presented(request: ProgramRequest) -> Presented:
    """The one method that was used."""
    given = request.parameters
    basic = request.headers.get("Authorization")
    assertion = given.get("client_assertion") or given.get("client_assertion_type")
    used = [way for way in (basic, given.get("client_secret"), assertion) if way is not None]
    if len(used) > 1:
        raise InvalidRequestError("More than one way to authenticate was used")
    presented = (
        _by_header(basic) if basic is not None else _by_assertion(given.values) if assertion else _by_body(given.values)
    )
    if given.get("client_id") not in (None, presented.client_id):
        raise InvalidRequestError("client_id is not that of the client that authenticates")
    return presented


def _by_header(header: str) -> Presented:
    """RFC 6749 section 2.3.1: both parts are form-encoded before they are put together."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise _failed()
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        client_id, colon, secret = pair.partition(":")
    except (binascii.Error, ValueError):
        raise _failed() from None
    if not colon:
        raise _failed()
    return Presented("client_secret_basic", _form_decoded(client_id), secret)


def _form_decoded(text: str) -> str:
    """What was form-encoded: UTF-8, and a text (RFC 6749 appendix B)."""
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _failed() from None
    if not is_text(decoded):
        raise _failed()
    return decoded


def _by_body(given: Mapping[str, str]) -> Presented:
    secret = given.get("client_secret")
    client_id = given.get("client_id")
    if client_id is None:
        raise _failed()
    return Presented("none", client_id) if secret is None else Presented("client_secret_post", client_id, secret)


def _by_assertion(given: Mapping[str, str]) -> Presented:
    """The client is the assertion's subject; nothing of the assertion is believed yet (RFC 7523 section 3)."""
    assertion = given.get("client_assertion", "")
    if given.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidRequestError("client_assertion and its type do not go together")
    return Presented("private_key_jwt", _unverified_subject(assertion), assertion)


def _unverified_subject(assertion: str) -> str:
    found = jwts.read(assertion)
    subject = None if isinstance(found, Unusable) else found.claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable():
        raise _failed()
    return subject


# Proofs


def _no_proof(*_: object) -> bool:
    return True


def _secret_in_header(client: RegisteredClient, proof: str) -> bool:
    """The secret as the standard encodes it, or as it is: many clients leave the encoding out."""
    return _secret_is(client, unquote_plus(proof)) or _secret_is(client, proof)


def _secret_is(client: RegisteredClient, secret: str) -> bool:
    return applications.secret_is(client.row, secret)


def _certificate_has_its_name(client: RegisteredClient, _: str) -> bool:
    return client_certificate.has_registered_name(client)


def _certificate_is_its(client: RegisteredClient, _: str) -> bool:
    return client_certificate.is_registered(client)


def _assertion_holds(client: RegisteredClient, assertion: str) -> bool:
    claims = _verified(client, assertion)
    return claims is not None and all(rule(client, claims) for rule in _ASSERTION_RULES)


def _verified(client: RegisteredClient, assertion: str) -> Mapping[str, Any] | None:
    """The claims, when a registered key signed them by an algorithm that the client may use."""
    algorithms = client.registration.signs_with(client.registration.token_endpoint_auth_signing_alg)
    token = client_keys.verified(client.registration, assertion, algorithms)
    return token.claims if token and token.typ in _ASSERTION_TYPES else None


def _is_of_the_client(client: RegisteredClient, claims: Mapping[str, Any]) -> bool:
    return bool(claims.get("iss") == claims.get("sub") == client.client_id)


def _is_for_us(client: RegisteredClient, claims: Mapping[str, Any]) -> bool:
    """One audience, exactly our issuer, our token endpoint or, by RFC 9126 section 2, the one for pushed requests.

    FAPI 2.0 Security Profile section 5.3.2.1: the issuer alone, as a text.
    """
    audience = claims.get("aud")
    issuer = settings.current().issuer
    if client.registration.fapi2:
        return bool(audience == issuer)
    ours = (issuer, f"{issuer}/token", f"{issuer}/par")
    return audience in (*ours, *([one] for one in ours))


def _is_in_time(_: RegisteredClient, claims: Mapping[str, Any]) -> bool:
    """It ends, soon but not yet, and has begun."""
    now, skew = clock.now().timestamp(), SKEW.total_seconds()
    times = [claims.get("exp"), claims.get("nbf", 0), claims.get("iat", 0)]
    if any(isinstance(time, bool) or not isinstance(time, int | float) for time in times):
        return False
    ends, *begun = times
    ends_soon = now - skew < ends <= now + LONGEST_ASSERTION_LIFETIME.total_seconds() + skew
    return bool(ends_soon and max(begun) <= now + skew)


def _is_used_once(client: RegisteredClient, claims: Mapping[str, Any]) -> bool:
    """The last rule: it spends the `jti`, and commits that, so that a request that is refused later spends it too."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        return False
    first = shortlived.once(_KIND, json.dumps([client.client_id, jti]), LONGEST_ASSERTION_LIFETIME + 2 * SKEW)
    db.session.commit()
    return first


Rule = Callable[[RegisteredClient, Mapping[str, Any]], bool]
_ASSERTION_RULES: Final[tuple[Rule, ...]] = (_is_of_the_client, _is_for_us, _is_in_time, _is_used_once)
_PROOFS: Final[Mapping[str, Callable[[RegisteredClient, str], bool]]] = {
    "none": _no_proof,
    "client_secret_basic": _secret_in_header,
    "client_secret_post": _secret_is,
    "private_key_jwt": _assertion_holds,
    "tls_client_auth": _certificate_has_its_name,
    "self_signed_tls_client_auth": _certificate_is_its,
}
