"""Answers to authorization requests: back to the application with the browser as the messenger.

    query       303 to the redirect_uri with the parameters added            (RFC 6749 section 4.1.2)
    form_post   a page whose form carries them; its button works without script (OAuth 2.0 Form Post Response Mode)
    jwt, query.jwt, form_post.jwt   the same two ways with one parameter, `response`: all of it, signed for the application
                                    (JWT Secured Authorization Response Mode); `jwt` is `query.jwt`, as for every code

Every answer, an error too, has `state` unchanged and `iss` (RFC 9207 section 2). A signed one has no `typ`: it is never
taken for an ID token.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from flask import Response, render_template

from idp.oidc.signing_keys import keyring
from idp.platform import clock, settings
from idp.web.security_headers import allow_form_action

SIGNED_LIFETIME: Final = timedelta(minutes=5)
Composed = tuple[int, str, list[tuple[str, str]]]
"""Status, body and headers: what Authlib's `handle_response` takes."""


class ResponseMode(enum.StrEnum):
    """How the parameters travel."""

    QUERY = "query"
    FORM_POST = "form_post"
    JWT = "jwt"
    QUERY_JWT = "query.jwt"
    FORM_POST_JWT = "form_post.jwt"

    @property
    def by_form(self) -> bool:
        """Whether a form carries them; it can only be sent to a web address."""
        return self in {ResponseMode.FORM_POST, ResponseMode.FORM_POST_JWT}

    @property
    def signed(self) -> bool:
        """Whether they are signed."""
        return self in {ResponseMode.JWT, ResponseMode.QUERY_JWT, ResponseMode.FORM_POST_JWT}

    @property
    def in_the_address(self) -> ResponseMode:
        """The like of it that reaches an address of any scheme."""
        return ResponseMode.QUERY_JWT if self.signed else ResponseMode.QUERY


@dataclass(frozen=True, slots=True)
class Signature:
    """How an answer is signed, and for whom."""

    algorithm: str
    client_id: str


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """A registered address that an answer may go to, and what it must carry."""

    redirect_uri: str
    response_mode: ResponseMode
    state: str | None
    application: str
    signature: Signature | None = None

    @property
    def origin(self) -> str:
        """The address as a source of a Content-Security-Policy: "https://books.example", "com.example.app:"."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def compose(to: ReturnAddress, **parameters: str) -> Composed:
    """The answer with these parameters."""
    if to.state is not None:
        parameters["state"] = to.state
    parameters["iss"] = settings.current().issuer
    if to.signature is not None:
        parameters = {"response": _signed(to.signature, parameters)}
    if to.response_mode.by_form:
        return 200, _form(to, parameters), [("Content-Type", "text/html; charset=utf-8")]
    return 303, "", [("Location", with_query(to.redirect_uri, parameters)), ("Cache-Control", "no-store")]


def send(to: ReturnAddress, **parameters: str) -> Response:
    """The same as a response."""
    status, body, headers = compose(to, **parameters)
    return Response(body, status, headers)


def with_query(address: str, parameters: dict[str, str]) -> str:
    """The address with parameters added to those that it has (RFC 6749 section 3.1.2)."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def _signed(signature: Signature, parameters: dict[str, str]) -> str:
    """The parameters as a JWT (JARM section 2.1); `iss` is one of them."""
    ends = clock.now() + SIGNED_LIFETIME
    return keyring.sign_untyped(
        signature.algorithm, {**parameters, "aud": signature.client_id, "exp": int(ends.timestamp())}
    )


def _form(to: ReturnAddress, parameters: dict[str, str]) -> str:
    allow_form_action(to.redirect_uri)
    page = {"action": to.redirect_uri, "fields": list(parameters.items()), "application": to.application}
    return render_template("oidc/form_post.html", page=page)
