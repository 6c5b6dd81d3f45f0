"""Answers to authorization requests: back to the application with the browser as the messenger.

    query       303 to the redirect_uri with the parameters added            (RFC 6749 section 4.1.2)
    form_post   a page whose form carries them; its button works without script (OAuth 2.0 Form Post Response Mode)

Every answer, an error too, has `state` unchanged and `iss` (RFC 9207 section 2).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlencode, urlsplit

from flask import Response, render_template

from idp import settings
from idp.web.security_headers import allow_form_action

Composed = tuple[int, str, list[tuple[str, str]]]
"""Status, body and headers: what Authlib's `handle_response` takes."""


class ResponseMode(enum.StrEnum):
    """How the parameters travel."""

    QUERY = "query"
    FORM_POST = "form_post"


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """A registered address that an answer may go to, and what it must carry."""

    redirect_uri: str
    response_mode: ResponseMode
    state: str | None
    application: str

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
    match to.response_mode:
        case ResponseMode.QUERY:
            return 303, "", [("Location", with_query(to.redirect_uri, parameters)), ("Cache-Control", "no-store")]
        case ResponseMode.FORM_POST:
            return 200, _form(to, parameters), [("Content-Type", "text/html; charset=utf-8")]
        case _:
            assert_never(to.response_mode)


def send(to: ReturnAddress, **parameters: str) -> Response:
    """The same as a response."""
    status, body, headers = compose(to, **parameters)
    return Response(body, status, headers)


def with_query(address: str, parameters: dict[str, str]) -> str:
    """The address with parameters added to those that it has (RFC 6749 section 3.1.2)."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def _form(to: ReturnAddress, parameters: dict[str, str]) -> str:
    allow_form_action(to.redirect_uri)
    page = {"action": to.redirect_uri, "fields": list(parameters.items()), "application": to.application}
    return render_template("oidc/form_post.html", page=page)
