"""`/console/applications/tokens`: initial access tokens, with which programs register applications of the company by themselves.

make: a name, for how long ─▶ the token, once ─▶ POST /register ─▶ an application of this company, and of no other
revoke ─▶ it registers nothing more; what it registered stays among the applications
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.console import permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.oidc.clients.registration import initial_tokens
from idp.oidc.models import InitialAccessToken
from idp.platform import settings
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.web.fields import typed

DAYS: Final = ("1", "7", "30", "90")
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class TokensPage:
    """What the page shows. `token`: shown now and never again."""

    tokens: Sequence[InitialAccessToken]
    address: str
    name: str = ""
    days: str = "7"
    token: str | None = None
    fault: str | None = None
    revoked: bool = False


def registration_tokens(login: Login) -> str:
    """Show the tokens that can be used."""
    return _show(login, revoked="revoked" in request.args)


def make_token(login: Login) -> ResponseReturnValue:
    """Make a token, and show it once."""
    permissions.act(login)
    name, days = typed("name").strip(), typed("days")
    if fault := _fault(login, name, days):
        return _show(login, fault=fault, name=name[:_LONGEST_NAME], days=days)
    token, _ends = initial_tokens.new(login.tenant.id, timedelta(days=int(days)), name, login.user.id)
    db.session.commit()
    return _show(login, token=token)


def revoke_token(login: Login, token_id: uuid.UUID) -> ResponseReturnValue:
    """Let a token register nothing more."""
    permissions.act(login)
    if not initial_tokens.revoke(login.tenant.id, token_id, login.user.id):
        raise NotFound("no such token of this tenant")
    db.session.commit()
    return redirect(url_for("console.registration_tokens", revoked="yes"), 303)


def tokens_page() -> str:
    """Return where the buttons stand."""
    return url_for("console.registration_tokens")


def _fault(login: Login, name: str, days: str) -> str | None:
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        return str(_("Say what the token is for, in at most 100 characters."))
    if days not in DAYS:
        return str(_("Say for how long the token is to be valid."))
    if len(initial_tokens.of_tenant(login.tenant.id)) >= initial_tokens.MOST:
        return str(_("There are %(number)s tokens already. Revoke one first.", number=initial_tokens.MOST))
    return None


def _show(
    login: Login,
    *,
    token: str | None = None,
    fault: str | None = None,
    name: str = "",
    days: str = "7",
    revoked: bool = False,
) -> str:
    tokens = initial_tokens.of_tenant(login.tenant.id)
    page = TokensPage(tokens, f"{settings.current().issuer}/register", name, days, token, fault, revoked)
    return render("console/registration_tokens.html", login, page=page, choices=DAYS)
