"""The sessions card: where the person is logged in, and how that ends.

    end one, or all others ─▶ those sessions, and what applications got through them, offline access too
    sign out everywhere ────▶ every session, this one too · known-IP grants · refresh tokens of all applications

Logging out of one's own accord leaves an application its offline access (OpenID Connect Core section 11); whoever ends a
session from this list does not trust what is at the other end of it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.accounts.users import browsers
from idp.audit.events import SignedOutEverywhere
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.login.models import BrowserSession
from idp.login.session import sessions, sign_out
from idp.login.trust.network import current_network
from idp.oidc.tokens import authorizations
from idp.platform import clock
from idp.platform.errors import NotFound
from idp.platform.extensions import db

SHOWN = 20
"""The card shows so many sessions; "End all others" ends the rest as well."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session. `browser`, `system`: None where they cannot be told. `here`: seen from the network of this request."""

    id: uuid.UUID
    browser: str | None
    system: str | None
    network: str | None
    here: bool
    seen_at: datetime
    this_one: bool


@dataclass(frozen=True, slots=True)
class SessionsCard:
    """The sessions that are live, this browser's first, then the last used; `more` are not shown."""

    rows: tuple[SessionRow, ...]
    more: int


def card(login: Login) -> SessionsCard:
    """What the card shows."""
    rows = [_row(session, login) for session in sessions.open_sessions(login.user) if sessions.live(session)]
    rows.sort(key=lambda row: not row.this_one)
    return SessionsCard(tuple(rows[:SHOWN]), len(rows[SHOWN:]))


def end_session(login: Login, session_id: uuid.UUID) -> Response:
    """End one session; somebody else's, and one that has ended, is as unknown as one that does not exist."""
    found = [session for session in sessions.open_sessions(login.user) if session.id == session_id]
    if not found:
        raise NotFound("no such session of this user")
    _end(found)
    return _back("session-ended")


def end_other_sessions(login: Login) -> Response:
    """End every session but the one of this browser."""
    _end([session for session in sessions.open_sessions(login.user) if session.id != login.session.id])
    return _back("others-ended")


def sign_out_everywhere(login: Login) -> Response:
    """End everything that the person is logged in with, here too."""
    sign_out.everywhere(login.user, "everywhere")
    record(SignedOutEverywhere(tenant_id=login.user.tenant_id, user_id=login.user.id))
    db.session.commit()
    response = redirect(url_for("oidc.logout"), 303)
    sessions.forget_cookie(response)
    return response


def _end(those: Sequence[BrowserSession]) -> None:
    for session in those:
        sessions.end(session, "ended_by_user")
    authorizations.revoke_those_of([session.id for session in those], clock.now())
    db.session.commit()


def _back(done: str) -> Response:
    return redirect(url_for("account.security", done=done), 303)


def _row(session: BrowserSession, login: Login) -> SessionRow:
    browser, system = browsers.recognise(session.user_agent)
    return SessionRow(
        id=session.id,
        browser=browser,
        system=system,
        network=session.network,
        here=session.network is not None and session.network == current_network(),
        seen_at=session.seen_at,
        this_one=session.id == login.session.id,
    )
