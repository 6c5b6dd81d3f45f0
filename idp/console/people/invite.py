"""Inviting somebody, once more, and not after all.

GET  ─▶ an empty form, or the input that waited for a proof
POST ─▶ all faults at once, in the form as it was sent · else the user is invited, and their page says so
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts import invitations, names_asked
from idp.accounts.models import UserType
from idp.accounts.users import profile
from idp.accounts.users.profile import Fault
from idp.console import form_draft, permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform.errors import Conflict
from idp.platform.extensions import db

FIELDS = ("name", "email", "username", "type")
_FORM = "invite"


@dataclass(frozen=True, slots=True)
class InvitePage:
    """What the form shows: what was typed, and what is wrong with it."""

    said: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    unsent: bool = False


def invite(login: Login) -> str:
    """Show the form."""
    kept = form_draft.kept(_FORM)
    return _show(login, InvitePage(kept or {"type": UserType.EMPLOYEE.value}, unsent=kept is not None))


def invited(login: Login) -> ResponseReturnValue:
    """Invite whom the form names."""
    said = form_draft.sent(FIELDS)
    new = profile.read(said)
    if isinstance(new, list):
        return _show(login, InvitePage(said, new))
    if too_many := names_asked.ask(login.tenant.id, 1):
        return _show(login, InvitePage(said, [*too_many]))
    permissions.act(login)
    user = invitations.invite(login.tenant, new, login.user)
    if user is None:
        return _show(login, InvitePage(said, [profile.taken(new.username)]))
    db.session.commit()
    return redirect(url_for("console.person", user_id=user.id, done="invited"), 303)


def send_again(login: Login, user_id: uuid.UUID) -> Response:
    """Mail a new link."""
    user = permissions.subject(login, user_id)
    if not invitations.send_again(user, login.user):
        raise Conflict("accepted, or mailed often", person=_not_again())
    db.session.commit()
    return redirect(url_for("console.person", user_id=user_id, done="invited"), 303)


def withdraw(login: Login, user_id: uuid.UUID) -> Response:
    """Take the invitation back."""
    user = permissions.subject(login, user_id)
    if not invitations.withdraw(user, login.user):
        raise Conflict("accepted in the meantime", person=_("The invitation was accepted in the meantime."))
    db.session.commit()
    return redirect(url_for("console.people", done="withdrawn"), 303)


def keep_input() -> str:
    """Keep what was sent until the proof is there, and return the page that will show it."""
    return url_for("console.invite", kept=form_draft.keep(_FORM, form_draft.sent(FIELDS)))


def _not_again() -> str:
    return str(_("It was accepted in the meantime, or mailed five times within an hour: then wait a little."))


def _show(login: Login, page: InvitePage) -> str:
    return render("console/invite.html", login, page=page)
