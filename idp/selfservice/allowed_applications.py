"""The card of the applications of others that a person has allowed to use their data; each can be taken back.

take back ─▶ the consent, and whatever the application got: codes, tokens, offline access; it is told, and asks anew
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.login.flow.entry import Login
from idp.oidc.authorization import consent
from idp.platform.errors import NotFound


@dataclass(frozen=True, slots=True)
class AllowedApplication:
    """One of the applications. `may`: what it was allowed, in words."""

    id: uuid.UUID
    name: str
    may: Sequence[str]
    since: datetime


def card(login: Login) -> tuple[AllowedApplication, ...]:
    """The applications, the one that was allowed last first."""
    return tuple(
        AllowedApplication(client.id, client.name, [consent.sentence(scope) for scope in scopes], since)
        for client, scopes, since in consent.given_by(login.user.id)
    )


def withdraw(login: Login, client_id: uuid.UUID) -> Response:
    """Take it back; what was never allowed is as unknown as an application that does not exist."""
    if not consent.withdraw(login, client_id):
        raise NotFound("no such consent of this user")
    return redirect(url_for("account.security", done="consent-withdrawn"), 303)
