"""The accountants of other offices who work for the company: connected by a code, one by one, and let go.

GET  ─▶ who they are, page by page, and a field for a code
look ─▶ whose code it is; nothing has happened yet
POST ─▶ the same code once more, now accepted: the accountant works for the company
end ──▶ asked once more on a page of its own, then at once
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts import connect_codes
from idp.accounts.connect_codes import Page, Refused
from idp.accounts.factors.passkeys import has_second_factor
from idp.accounts.models import User
from idp.console import permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.web.fields import typed

DONE: Mapping[str, Any] = {
    "connected": _l("The accountant works for your company from now on, and is told by mail."),
    "ended": _l("The accountant no longer works for your company, and is told by mail."),
}
WHY: Mapping[Refused, tuple[Any, HTTPStatus]] = {
    Refused.UNKNOWN: (
        _l("This code is not known. It may be mistyped, used or too old: ask the accountant for a new one."),
        HTTPStatus.BAD_REQUEST,
    ),
    Refused.TOO_MANY_TRIES: (
        _l("Too many codes were tried. Wait an hour, then try again."),
        HTTPStatus.TOO_MANY_REQUESTS,
    ),
    Refused.OWN_COMPANY: (_l("This accountant belongs to your own company already."), HTTPStatus.CONFLICT),
    Refused.ALREADY: (_l("This accountant works for your company already."), HTTPStatus.CONFLICT),
}


@dataclass(frozen=True, slots=True)
class AccountantsPage:
    """What the list shows. `begun`: it does not begin with the first of them. `error`: what is wrong with a code.

    `safe`: who of them has a second factor that counts in this company.
    """

    found: Page
    safe: frozenset[uuid.UUID]
    begun: bool
    done: str | None
    error: str | None = None


def accountants(login: Login) -> str:
    """Show who works for the company from elsewhere."""
    return _list(login)


def look(login: Login) -> ResponseReturnValue:
    """Show whose code it is."""
    found = connect_codes.find(typed("connect_code"), login.tenant, login.user)
    db.session.commit()
    if isinstance(found, Refused):
        return _refused(login, found)
    return render("console/connect.html", login, user=found.user, code=typed("connect_code"))


def connect(login: Login) -> ResponseReturnValue:
    """Accept the accountant whose code it is."""
    permissions.act(login)
    found = connect_codes.find(typed("connect_code"), login.tenant, login.user)
    if isinstance(found, Refused):
        db.session.commit()
        return _refused(login, found)
    if not connect_codes.connect(found, login.tenant, login.user):
        db.session.rollback()
        return _refused(login, Refused.UNKNOWN)
    db.session.commit()
    return redirect(url_for("console.accountants", done="connected"), 303)


def ask_part(login: Login, user_id: uuid.UUID) -> str:
    """Ask whether the accountant is really to work for the company no more."""
    return render("console/end_accountant.html", login, user=_theirs(login, user_id))


def part(login: Login, user_id: uuid.UUID) -> Response:
    """End the membership; of two at once the second one finds none."""
    permissions.act(login)
    if not connect_codes.end(_theirs(login, user_id), login.tenant, login.user):
        raise NotFound("the membership has ended already")
    db.session.commit()
    return redirect(url_for("console.accountants", done="ended"), 303)


def accountants_page() -> str:
    """Return where the forms stand."""
    return url_for("console.accountants")


def _theirs(login: Login, user_id: uuid.UUID) -> User:
    user = connect_codes.of_tenant(login.tenant.id, user_id)
    if user is None:
        raise NotFound("nobody of that id works for this tenant")
    return user


def _list(login: Login, error: str | None = None) -> str:
    after = _after()
    found = connect_codes.page_of(login.tenant.id, after)
    done = DONE.get(request.args.get("done", ""))
    safe = frozenset(user.id for _membership, user in found.rows if has_second_factor(user, login.tenant.policy))
    page = AccountantsPage(found, safe, after is not None, done, error)
    return render("console/accountants.html", login, page=page)


def _refused(login: Login, why: Refused) -> tuple[str, HTTPStatus]:
    sentence, status = WHY[why]
    return _list(login, str(sentence)), status


def _after() -> uuid.UUID | None:
    """The membership to go on after; what is no id begins with the first."""
    try:
        return uuid.UUID(request.args.get("after", ""))
    except ValueError:
        return None
