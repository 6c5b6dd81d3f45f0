"""What a logout request asks (OpenID Connect RP-Initiated Logout section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp import shortlived
from idp.crypto import opaque
from idp.login.models import BrowserSession
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.response import with_query
from idp.oidc.clients import repository
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.tokens import id_token
from idp.platform.errors import BadRequest, NotFound
from idp.web.browser import browser_hash

LIFETIME = timedelta(hours=1)
KNOWN = frozenset({"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"})
"""What is read of a logout request; nothing else is kept."""
_KIND = "logout_request"


class BadLogout(BadRequest):
    """The request names an application or an address that is not known; nothing happens (section 4)."""

    default_person = (
        "The application sent you here to log out with a request that cannot be used. "
        "You are still logged in. To log out, use the button on your own page."
    )


class LogoutOfUnknownApplication(BadLogout):
    """Nobody of that name is registered."""

    parameter = "client_id"
    default_person = (
        "You were sent here to log out by an application that is not known to us. "
        "You are still logged in. To log out, use the button on your own page."
    )


class WrongHint(BadLogout):
    """It is another client's, or where only it could say whose the request is, it is no ID token of ours."""

    parameter = "id_token_hint"
    default_person = (
        "The application sent you here to log out, and what it says of your login is not its own or not from us. "
        "You are still logged in. To log out, use the button on your own page."
    )


class NoAddressAfterLogout(BadLogout):
    """The client registered no such address (section 3)."""

    parameter = "post_logout_redirect_uri"
    default_person = (
        "The application sent you here to log out, with an address to return to that is not registered for it. "
        "You are still logged in. To log out, use the button on your own page."
    )


class OverLogout(NotFound):
    """The question was answered, is too old, or was asked in another browser."""

    default_person = "This question is no longer open. If you want to log out, use the button on your own page."


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A request that may be answered: who asks, which session is meant, and where the browser goes at the end."""

    parameters: Mapping[str, str]
    client: RegisteredClient | None
    hint: Mapping[str, Any] | None
    redirect_uri: str | None

    @property
    def application(self) -> str | None:
        """The name of who asks."""
        return self.client.row.name if self.client else None

    @property
    def target(self) -> str | None:
        """Where the browser goes at the end, with the state that came."""
        if self.redirect_uri is None:
            return None
        state = self.parameters.get("state")
        return self.redirect_uri if state is None else with_query(self.redirect_uri, {"state": state})

    def is_for(self, session: BrowserSession) -> bool:
        """Whether the hint is an ID token of this very session: then the person need not be asked."""
        return self.hint is not None and self.hint.get("sid") == str(session.id)


def read(brought: Parameters) -> LogoutRequest:
    """The request that the parameters make. Raises `BadLogout`.

    A hint that is not ours is no hint: the person is asked.
    """
    given = brought.only(KNOWN)
    if fault := given.fault():
        raise BadLogout(fault)
    token = given.get("id_token_hint")
    hint = id_token.read(token, None) if token else None
    client_id = given.get("client_id") or (hint["aud"] if hint else None)
    client = repository.by_client_id(client_id) if client_id else None
    if given.get("client_id") and client is None:
        raise LogoutOfUnknownApplication("client_id is unknown")
    if hint and client and hint["aud"] != client.client_id:
        raise WrongHint("id_token_hint is another client's")
    redirect_uri = given.get("post_logout_redirect_uri")
    if redirect_uri and not (client and redirect_uri in client.registration.post_logout_redirect_uris):
        if client is None and token is not None:
            raise WrongHint("id_token_hint is none of ours, and nothing else says whose post_logout_redirect_uri it is")
        raise NoAddressAfterLogout("post_logout_redirect_uri is not registered")
    return LogoutRequest(given.values, client, hint, redirect_uri)


def keep(asked: LogoutRequest, browser: str | None) -> str:
    """Keep the request for this browser (None: the one that comes first) and return its handle. The caller commits."""
    return shortlived.leave(_KIND, {"parameters": dict(asked.parameters), "browser": browser}, LIFETIME)


def find(handle: str) -> LogoutRequest:
    """The request of that handle. Raises `OverLogout` where this browser has none."""
    return _mine(shortlived.get(_KIND, handle))


def take(handle: str) -> LogoutRequest:
    """The same, for the last time."""
    find(handle)
    return _mine(shortlived.take(_KIND, handle))


def _mine(record: Mapping[str, Any] | None) -> LogoutRequest:
    if record is None or not (record["browser"] is None or opaque.same(record["browser"], browser_hash())):
        raise OverLogout("no such logout request in this browser")
    return read(Parameters(record["parameters"]))
