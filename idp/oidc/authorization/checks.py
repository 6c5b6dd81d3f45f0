"""What an authorization request must be like: one rule, one function, named as the check.

`CHECKS` is the whole list, in the order in which a request meets them. Each raises `Rejected` with the error code and
the description that the application gets; what cannot be answered to the application at all is in `requests.py`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from idp.oidc.authorization import claims_parameter
from idp.oidc.authorization.acr import WantedAcr
from idp.oidc.authorization.claims_parameter import RequestedClaims
from idp.oidc.authorization.request_source import Brought
from idp.oidc.authorization.response import ResponseMode
from idp.oidc.clients.metadata import REFRESH_TOKEN
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import id_token, resources
from idp.oidc.userinfo.subjects import user_id_of

S256: Final = "S256"
_SHA_256: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: +[\x21\x23-\x5b\x5d-\x7e]+)*")


class Prompt(enum.StrEnum):
    """The values of `prompt` (OpenID Connect Core section 3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class Rejected(Exception):
    """The request is refused; the application is told so."""

    def __init__(self, error: str, description: str) -> None:
        """Keep the error code (RFC 6749 section 4.1.2.1) and a description in ASCII."""
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


@dataclass
class Asked:
    """What was brought, with the client that it names; what is read twice is parsed once."""

    brought: Brought
    client: RegisteredClient

    def get(self, name: str) -> str | None:
        """One parameter."""
        return self.brought.parameters.get(name)

    @cached_property
    def prompt(self) -> frozenset[Prompt]:
        """The prompts; raises `Rejected` for one that does not exist."""
        try:
            return frozenset(Prompt(value) for value in (self.get("prompt") or "").split())
        except ValueError:
            raise Rejected("invalid_request", "prompt has a value that is not defined") from None

    @cached_property
    def scope(self) -> tuple[str, ...]:
        """What of the scope is granted: what is registered, and `offline_access` where it may be (Core section 11)."""
        allowed = self.client.get_allowed_scope(self.get("scope")).split()
        return tuple(name for name in allowed if name != "offline_access" or self._offline())

    def _offline(self) -> bool:
        """A first-party application needs no `prompt=consent`; each needs to be registered for refresh tokens."""
        asked = self.client.row.first_party or Prompt.CONSENT in self.prompt
        return asked and self.client.check_grant_type(REFRESH_TOKEN)

    @cached_property
    def claims(self) -> RequestedClaims:
        """The `claims` parameter."""
        try:
            return claims_parameter.parse(self.get("claims"))
        except claims_parameter.Unreadable as error:
            raise Rejected("invalid_request", str(error)) from None

    @cached_property
    def acr(self) -> WantedAcr:
        """What the claim asks, else `acr_values`, else what the client registered (sections 5.5.1.1 and 3.1.2.1)."""
        if self.claims.acr:
            return self.claims.acr
        values = (self.get("acr_values") or "").split()
        return WantedAcr(tuple(values) or self.client.registration.default_acr_values)

    @cached_property
    def subject(self) -> str | None:
        """The id of the only user who will do: of the hint, or of the `sub` claim, as this client knows them."""
        named = self._named_subject()
        return None if named is None else user_id_of(self.client.row, named)

    def _named_subject(self) -> str | None:
        hint = self.get("id_token_hint")
        if hint is None:
            return self.claims.subject
        claims = id_token.read(hint, self.client.client_id)
        if claims is None:
            raise Rejected("invalid_request", "id_token_hint is not an ID token that this client got from here")
        if self.claims.subject not in (None, claims["sub"]):
            raise Rejected("login_required", "id_token_hint and claims name different users")
        return str(claims["sub"])

    @cached_property
    def max_age(self) -> int | None:
        """The oldest proof that will do, in seconds."""
        text = self.get("max_age")
        if text is None:
            return self.client.registration.default_max_age
        if not _NUMBER.fullmatch(text):
            raise Rejected("invalid_request", "max_age is not a number of seconds")
        return int(text)


def parameters_come_once_and_in_size(asked: Asked) -> None:
    """RFC 6749 section 3.1."""
    if fault := asked.brought.parameters.fault():
        raise Rejected("invalid_request", fault)


def pushed_where_it_must_be(asked: Asked) -> None:
    """RFC 9126 section 6: `require_pushed_authorization_requests` of the client's metadata."""
    if asked.client.registration.require_pushed_authorization_requests and not asked.brought.pushed:
        raise Rejected("invalid_request", "This client must push its authorization requests")


def signed_where_it_must_be(asked: Asked) -> None:
    """RFC 9101 section 10.5: `require_signed_request_object` of the client's metadata."""
    if asked.client.registration.require_signed_request_object and not asked.brought.signed:
        raise Rejected("invalid_request", "This client must sign its authorization requests")


def nothing_by_reference(asked: Asked) -> None:
    """OpenID Connect Core sections 6.2 and 7.2: what is not supported is said by its own code."""
    for name in ("request_uri", "registration"):
        if asked.get(name) is not None:
            raise Rejected(f"{name}_not_supported", f"{name} is not supported")


def no_authorization_details(asked: Asked) -> None:
    """RFC 9396 section 5: no type of them is supported."""
    if asked.get("authorization_details") is not None:
        raise Rejected("invalid_authorization_details", "authorization_details is not supported")


def resources_are_the_clients(asked: Asked) -> None:
    """RFC 8707 section 2."""
    if wrong := resources.fault(asked.client, asked.brought.parameters.resources):
        raise Rejected(resources.INVALID_TARGET, wrong)


def response_type_is_code(asked: Asked) -> None:
    """RFC 9700 section 2.1.2: no token in the front channel."""
    response_type = asked.get("response_type")
    if response_type is None:
        raise Rejected("invalid_request", "response_type is missing")
    if response_type != "code":
        raise Rejected("unsupported_response_type", "response_type must be code")
    if not asked.client.check_response_type("code"):
        raise Rejected("unauthorized_client", "This client is not registered for response_type code")


def response_mode_can_carry_it(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types section 2.1; a form can only be sent to a web address."""
    mode = asked.get("response_mode") or ResponseMode.QUERY
    if mode not in list(ResponseMode):
        raise Rejected("invalid_request", f"response_mode must be one of {', '.join(ResponseMode)}")
    web = urlsplit(asked.get("redirect_uri") or "").scheme in {"http", "https"}
    if ResponseMode(mode).by_form and not web:
        raise Rejected("invalid_request", "This response_mode needs an http redirect_uri")


def scope_is_granted(asked: Asked) -> None:
    """RFC 6749 section 3.3."""
    if not _SCOPE.fullmatch((asked.get("scope") or "").strip(" ")):
        raise Rejected("invalid_scope", "scope is missing or malformed")
    if not asked.scope:
        raise Rejected("invalid_scope", "None of these scopes is granted to this client")


def prompt_none_stands_alone(asked: Asked) -> None:
    """OpenID Connect Core section 3.1.2.1."""
    if Prompt.NONE in asked.prompt and len(asked.prompt) > 1:
        raise Rejected("invalid_request", "prompt none goes with no other value")


def code_challenge_is_right(asked: Asked) -> None:
    """RFC 7636 section 4.3, RFC 9700 section 2.1.1: S256, of every client that is not registered to go without."""
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
    if challenge is None:
        if asked.client.needs_pkce or method is not None:
            raise Rejected("invalid_request", "code_challenge is missing")
        return
    if method != S256:
        raise Rejected("invalid_request", "code_challenge_method must be S256")
    if not _SHA_256.fullmatch(challenge):
        raise Rejected("invalid_request", "code_challenge is not a SHA-256 in base64url")


def nonce_guards_where_pkce_does_not(asked: Asked) -> None:
    """RFC 9700 section 2.1.1: one of the two protects against an injected code, or the client sees to it by itself."""
    guarded = asked.get("code_challenge") is not None or not asked.client.registration.require_nonce
    if not guarded and (asked.get("nonce") is None or "openid" not in asked.scope):
        raise Rejected("invalid_request", "Without code_challenge a nonce and the scope openid are needed")


def dpop_jkt_is_a_thumbprint(asked: Asked) -> None:
    """RFC 9449 section 10: what the code will be bound to."""
    jkt = asked.get("dpop_jkt")
    if jkt is not None and not _SHA_256.fullmatch(jkt):
        raise Rejected("invalid_request", "dpop_jkt is not a SHA-256 in base64url")


def max_age_is_a_number(asked: Asked) -> None:
    """OpenID Connect Core section 3.1.2.1."""
    _ = asked.max_age


def claims_can_be_met(asked: Asked) -> None:
    """OpenID Connect Core sections 5.5 and 5.5.1.1: an essential context that does not exist is a failed login."""
    if asked.acr.unreachable:
        raise Rejected("unmet_authentication_requirements", "None of the essential acr values is known")


def hint_is_ours(asked: Asked) -> None:
    """OpenID Connect Core section 3.1.2.1: an ID token that we issued, to this client; it may be expired."""
    _ = asked.subject


def tenant_is_the_clients(asked: Asked) -> None:
    """An application of one tenant logs people in for that tenant only."""
    own, named = asked.client.tenant, asked.get("tenant")
    if own is not None and named not in (None, own):
        raise Rejected("access_denied", "This application does not belong to that tenant")


CHECKS: Final[tuple[Callable[[Asked], None], ...]] = (
    parameters_come_once_and_in_size,
    pushed_where_it_must_be,
    signed_where_it_must_be,
    nothing_by_reference,
    no_authorization_details,
    response_type_is_code,
    response_mode_can_carry_it,
    prompt_none_stands_alone,
    scope_is_granted,
    resources_are_the_clients,
    code_challenge_is_right,
    nonce_guards_where_pkce_does_not,
    dpop_jkt_is_a_thumbprint,
    max_age_is_a_number,
    claims_can_be_met,
    hint_is_ours,
    tenant_is_the_clients,
)
