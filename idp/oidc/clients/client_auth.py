"""Client authentication (RFC 6749 section 2.3, OpenID Connect Core section 9): by the registered method.

    Authorization: Basic ─▶ client_secret_basic ┐        (a header with an empty secret is none)
    client_secret ────────▶ client_secret_post  ├─ more than one: invalid_request
    client_assertion ─────▶ private_key_jwt     ┘        │ one
    nothing ──────────────▶ none, or a certificate       ▼
                              client known? ─ method registered? ─ proof right? ──no──▶ invalid_client, in one wording

Secrets have 256 random bits, so a SHA-256 is compared. An assertion is verified with the client's keys only
(`client_keys.py`), by an algorithm that fits the registration, for us as audience, and once (RFC 7523 section 3). A client
that registered a certificate sends its client_id and nothing else (RFC 8705 section 2): the certificate is the connection's.
Which of these it was that failed is told to the log and to the client's owner (`refusals.py`), not to whoever asked.
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

from idp import shortlived
from idp.oidc.adapter.oauth2_requests import ProgramRequest
from idp.oidc.clients import client_certificate, client_keys, lifecycle, refusals, repository
from idp.oidc.clients.metadata import CERTIFICATE_METHODS
from idp.oidc.clients.refusals import Reason
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.signing_keys import jwts
from idp.platform import clock, settings
from idp.platform.extensions import db
from idp.platform.foreign_json import Unusable, is_text
from idp.web.logs import log

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
    client = repository.by_client_id(presented.client_id)
    if client is None:
        raise _failed(Reason.UNKNOWN)
    because = _wrong_with(client, presented)
    if because is not None:
        raise _refused(client, because, presented.method)
    return client


def _wrong_with(client: RegisteredClient, presented: Presented) -> Reason | None:
    """Why this is no proof; None: it is one."""
    method = _method(client, presented)
    return Reason.METHOD if method is None else _PROOFS[method](client, presented.proof)


def _method(client: RegisteredClient, presented: Presented) -> str | None:
    """The method that was used, by the client's name for it; None where it is not one of the client's."""
    accepted = client.registration.accepted_auth_methods
    by_certificate = presented.method == "none" and accepted[0] in CERTIFICATE_METHODS
    return accepted[0] if by_certificate else presented.method if presented.method in accepted else None


def authenticate_confidential(request: ProgramRequest) -> RegisteredClient:
    """The same, for what is not for a client that anybody may claim to be (RFC 7662 section 2.1)."""
    client = authenticate(request)
    if not client.registration.confidential:
        raise _refused(client, Reason.PUBLIC, "none")
    return client


def _refused(client: RegisteredClient, because: Reason, method: str) -> InvalidClientError:
    """The error for a client that is known here; its owner can read why."""
    refusals.remember(client.row, because, method)
    return _failed(because, client_id=client.client_id, method=method)


def _failed(because: Reason = Reason.UNREADABLE, **about: str) -> InvalidClientError:
    """The error, in words that tell a stranger nothing. The log has the reason, and no name but those that we gave."""
    log.info("client refused", because=because, **about)
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
    """RFC 6749 section 2.3.1: both parts are form-encoded before they are put together.

    Many public clients send their name so, with no secret behind the colon: they prove nothing, and say who they are.
    """
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
    return Presented("client_secret_basic" if secret else "none", _form_decoded(client_id), secret)


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


def _no_proof(*_: object) -> None:
    """Nothing is wrong with it."""


def _secret_in_header(client: RegisteredClient, proof: str) -> Reason | None:
    """The secret as the standard encodes it, or as it is: many clients leave the encoding out."""
    right = lifecycle.secret_is(client.row, unquote_plus(proof)) or lifecycle.secret_is(client.row, proof)
    return None if right else Reason.SECRET


def _secret_in_form(client: RegisteredClient, secret: str) -> Reason | None:
    return None if lifecycle.secret_is(client.row, secret) else Reason.SECRET


def _certificate_has_its_name(client: RegisteredClient, _: str) -> Reason | None:
    return None if client_certificate.has_registered_name(client) else Reason.CERTIFICATE


def _certificate_is_its(client: RegisteredClient, _: str) -> Reason | None:
    return None if client_certificate.is_registered(client) else Reason.CERTIFICATE


def _assertion_holds(client: RegisteredClient, assertion: str) -> Reason | None:
    claims = _verified(client, assertion)
    if claims is None:
        return Reason.SIGNATURE
    return next((because for rule, because in _ASSERTION_RULES if not rule(client, claims)), None)


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
_ASSERTION_RULES: Final[tuple[tuple[Rule, Reason], ...]] = (
    (_is_of_the_client, Reason.NAMES),
    (_is_for_us, Reason.AUDIENCE),
    (_is_in_time, Reason.TIME),
    (_is_used_once, Reason.REUSED),
)
_PROOFS: Final[Mapping[str, Callable[[RegisteredClient, str], Reason | None]]] = {
    "none": _no_proof,
    "client_secret_basic": _secret_in_header,
    "client_secret_post": _secret_in_form,
    "private_key_jwt": _assertion_holds,
    "tls_client_auth": _certificate_has_its_name,
    "self_signed_tls_client_auth": _certificate_is_its,
}
