"""Authorization requests (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1): read, judged, kept.

    pushed, or signed? ─▶ what is in it counts, and nothing beside it      (RFC 9126 section 4, RFC 9101 section 6.3)
        │
    parameters ─▶ whose is it, where do answers go? ──no──▶ Unanswerable: a page of our own, nothing is sent anywhere
                      │ a registered client and an address of its
                      ▼
                  checks.CHECKS ── Rejected ─▶ Refused: the error goes to that address
                      │
                      ▼
                  AuthorizationRequest ─▶ keep() ─▶ handle, 24 hours, of this browser ─▶ find() … take(), once

What is kept is what was asked, and when it was first asked. It is read anew with the same checks at every resume, so
that what changed in the meantime counts; "no older than" is counted from the first time, so that no login satisfies
it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from idp import shortlived
from idp.crypto import opaque
from idp.login.core.types import Demand
from idp.login.flow.entry import Application
from idp.oidc.authorization import demands, pushed_requests, request_object
from idp.oidc.authorization.acr import WantedAcr
from idp.oidc.authorization.checks import CHECKS, Asked, Prompt, Rejected
from idp.oidc.authorization.claims_parameter import RequestedClaims
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.request_source import Brought, kept
from idp.oidc.authorization.response import ResponseMode, ReturnAddress, Signature
from idp.oidc.clients import repository
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.signing_keys import keyring
from idp.oidc.userinfo import claim_selection
from idp.platform import clock
from idp.platform.errors import BadRequest, NotFound
from idp.web.browser import browser_hash

LIFETIME = timedelta(hours=24)
KNOWN = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state"),  # RFC 6749 section 4.1.1
        *("response_mode", "nonce", "prompt", "max_age", "ui_locales", "id_token_hint", "login_hint", "acr_values"),
        *("claims", "request", "request_uri", "registration"),  # OpenID Connect Core sections 3.1.2.1, 5.5 and 6
        *("code_challenge", "code_challenge_method"),  # RFC 7636 section 4.3
        *("resource", "dpop_jkt", "authorization_details"),  # RFC 8707, RFC 9449 section 10, RFC 9396
        "tenant",
    }
)
"""What is read of an authorization request; nothing else is kept."""
_KIND = "authorization_request"
_LONGEST_LOGIN_HINT = 200


class Unanswerable(BadRequest):
    """No application can be told: there is none, or the address is not one of its (RFC 6749 section 3.1.2.4)."""


class UnknownApplication(Unanswerable):
    """Nobody of that name is registered, or none is named."""

    parameter = "client_id"
    default_person = (
        "The application that sent you here is not known to us, or did not say which one it is. "
        "Go back to the application and start again. If it happens again, tell the people who run it."
    )


class NoReturnAddress(Unanswerable):
    """There is no address, or none that the client registered."""

    parameter = "redirect_uri"
    default_person = (
        "The application sent you here without an address to return to, or with one that is not registered for it. "
        "Go back to the application and start again. If it happens again, tell the people who run it."
    )


class NotPushed(Unanswerable):
    """The client pushed no such request, or it was answered, or it is too old (RFC 9126 section 2.2)."""

    parameter = "request_uri"
    default_person = (
        "The application sent you here with a request that was answered already, is too old, or is not its own. "
        "Go back to the application and start again. If it happens again, tell the people who run it."
    )


class Over(NotFound):
    """The request was answered, is too old, or is another browser's."""

    default_person = (
        "This login request is no longer open: it was answered already, it is too old, "
        "or it was begun in another browser. Go back to the application and start again."
    )


class Refused(Exception):
    """The application gets an error."""

    def __init__(self, to: ReturnAddress, error: str, description: str) -> None:
        """Keep where to and what."""
        self.to = to
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that passed every check."""

    brought: Brought
    client: RegisteredClient
    to: ReturnAddress
    scope: tuple[str, ...]
    prompt: frozenset[Prompt]
    max_age: int | None
    acr: WantedAcr
    claims: RequestedClaims
    subject: str | None

    @property
    def parameters(self) -> Mapping[str, str]:
        """What was asked, by name."""
        return self.brought.parameters.values

    @property
    def silent(self) -> bool:
        """Whether no page may be shown."""
        return Prompt.NONE in self.prompt

    @property
    def asks_fresh_proof(self) -> bool:
        """Whether the person must prove again who they are."""
        return bool(self.prompt & demands.FRESH)

    @property
    def named_claims(self) -> dict[str, list[str]]:
        """The claims asked by name that can be told, for each place."""
        return claim_selection.named(self.claims, self.scope, self.client.registration.scope)

    @property
    def wanted_scope(self) -> tuple[str, ...]:
        """The scopes that a person must allow: those asked, and those of the claims that are asked by name."""
        return claim_selection.wanted(self.scope, self.named_claims)

    @property
    def application(self) -> Application:
        """Whom the login is for."""
        return Application(self.client.row.name, self.to.origin)

    @property
    def login_hint(self) -> str:
        """The name to begin with."""
        return self.parameters.get("login_hint", "")[:_LONGEST_LOGIN_HINT]

    def demand(self, asked_at: datetime) -> Demand:
        """What this request demands of a login, first asked at that moment."""
        return demands.of(self, asked_at)

    def refuse(self, error: str, description: str) -> Refused:
        """The error for the application."""
        return Refused(self.to, error, description)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request at the door: when it was first asked, and its handle once it is kept.

    `consenting`: the user whom the consent page was shown to; `shown`: the scopes that stood on it. `pushed_as`: the pushed
    request that it came by.
    """

    request: AuthorizationRequest
    asked_at: datetime
    handle: str | None = None
    consenting: str | None = None
    shown: tuple[str, ...] = ()
    pushed_as: str | None = None


def arrive(given: Parameters) -> Entry:
    """The request that a browser brings, itself or by the name that it was pushed under. Raises as `read` does."""
    request_uri = given.get("request_uri")
    if request_uri is None or not pushed_requests.is_ours(request_uri):
        try:
            return Entry(read(opened(given)), clock.now())
        except Rejected as rejected:
            raise Refused(_address_for_errors(given), rejected.error, rejected.description) from None
    pushed = pushed_requests.find(request_uri, _client(given))
    if pushed is None:
        raise _unanswerable(NotPushed, "request_uri is another client's, answered, too old or unknown")
    return Entry(read(pushed.brought), clock.now(), pushed_as=pushed.handle)


def opened(given: Parameters, *, pushed: bool = False) -> Brought:
    """What counts of the parameters: those in a signed object, where there is one. Raises `Rejected`."""
    text = given.get("request")
    if text is None:
        return Brought(given.only(KNOWN), pushed)
    if given.get("request_uri") is not None:
        raise Rejected("invalid_request", "request and request_uri exclude each other")
    try:
        signed = request_object.read(text, _client(given))
        return replace(signed, parameters=signed.parameters.only(KNOWN), pushed=pushed)
    except request_object.NotSupported:
        raise Rejected("request_not_supported", "request is supported for clients with registered keys") from None
    except request_object.Invalid as error:
        raise Rejected("invalid_request_object", f"The request object {error}") from None


def read(brought: Brought) -> AuthorizationRequest:
    """The request that was brought. Raises `Unanswerable` or `Refused`."""
    given = brought.parameters
    client = _client(given)
    to = _return_address(given, client)
    asked = Asked(brought, client)
    try:
        for check in CHECKS:
            check(asked)
    except Rejected as rejected:
        raise Refused(to, rejected.error, rejected.description) from None
    return AuthorizationRequest(
        brought, client, to, asked.scope, asked.prompt, asked.max_age, asked.acr, asked.claims, asked.subject
    )


def keep(entry: Entry, browser: str | None) -> Entry:
    """The entry with a handle to come back to. `browser` None: of the browser that comes first. The caller commits."""
    if entry.handle is None:
        return replace(entry, handle=shortlived.leave(_KIND, _record(entry, browser), LIFETIME))
    shortlived.replace(_KIND, entry.handle, _record(entry, browser))
    return entry


def find(handle: str) -> Entry:
    """The request of that handle, read anew. Raises `Over` where this browser has none."""
    record = shortlived.get(_KIND, handle)
    if record is None or not _is_of_this_browser(record):
        raise Over(detail="no such authorization request in this browser")
    entry = Entry(
        read(kept(record)),
        datetime.fromisoformat(record["asked_at"]),
        handle,
        record["consenting"],
        tuple(record.get("shown", ())),
        record.get("pushed_as"),
    )
    return entry if record["browser"] else keep(entry, browser_hash())


def take(entry: Entry) -> None:
    """Spend the request, of which each is answered once. Raises `Over` for all callers but one. The caller commits."""
    keyring.ring()  # read, or at the very first time made, before this request locks any row
    if entry.handle is not None and shortlived.take(_KIND, entry.handle) is None:
        raise Over(detail="the authorization request was answered already")
    if entry.pushed_as is not None and not pushed_requests.spend(entry.pushed_as):
        raise Over(detail="the pushed authorization request was answered already")
    brought = entry.request.brought
    if brought.named and not brought.pushed and not request_object.spend(brought.named):
        raise Over(detail="the request object was answered already: jti")


def _is_of_this_browser(record: Mapping[str, Any]) -> bool:
    return record["browser"] is None or opaque.same(record["browser"], browser_hash())


def _record(entry: Entry, browser: str | None) -> dict[str, Any]:
    return {
        **entry.request.brought.record(),
        "asked_at": entry.asked_at.isoformat(),
        "browser": browser,
        "consenting": entry.consenting,
        "shown": list(entry.shown),
        "pushed_as": entry.pushed_as,
    }


def _client(given: Parameters) -> RegisteredClient:
    client_id = given.get("client_id")
    client = repository.by_client_id(client_id) if client_id else None
    if client is None:
        raise _unanswerable(UnknownApplication, "client_id is missing, repeated or unknown")
    return client


def _address_for_errors(given: Parameters) -> ReturnAddress:
    """Where it is told that a request object is wrong: a registered address that what is beside it, or it, names.

    Nobody has signed it: it says what the address leaves out, and takes the place of nothing.
    """
    inside = request_object.unverified(given.values["request"])
    return _return_address(Parameters({**inside.values, **given.values}), _client(given))


def _return_address(given: Parameters, client: RegisteredClient) -> ReturnAddress:
    redirect_uri = given.get("redirect_uri")
    if redirect_uri is None or not client.check_redirect_uri(redirect_uri):
        because = "redirect_uri is missing, repeated or not registered for this client"
        raise _unanswerable(NoReturnAddress, because, client.website)
    mode = _response_mode(given, redirect_uri)
    state = None if "state" in given.too_long else given.get("state")
    signature = Signature(client.registration.authorization_signed_response_alg, client.client_id)
    return ReturnAddress(redirect_uri, mode, state, client.row.name, signature if mode.signed else None)


def _response_mode(given: Parameters, redirect_uri: str) -> ResponseMode:
    """As asked; an error about what cannot be done goes the nearest way that can."""
    asked = next((mode for mode in ResponseMode if mode == given.get("response_mode")), ResponseMode.QUERY)
    return asked if redirect_uri.startswith(("https:", "http:")) else asked.in_the_address


def _unanswerable(kind: type[Unanswerable], because: str, website: tuple[str, str] | None = None) -> Unanswerable:
    """A page that says what to do and leads back where it can; the application's programs and our log get the reason."""
    return kind(because, description=because, back=website)
