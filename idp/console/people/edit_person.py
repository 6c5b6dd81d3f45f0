"""Correcting what is said of a user: name, e-mail address, language. The username stays.

GET  ─▶ the form as it is kept, or the input that waited for a proof
POST ─▶ all faults at once, in the form as it was sent · else it is kept; of another address both mailboxes are told
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.models import User
from idp.accounts.users import administration, profile
from idp.accounts.users.profile import CORRECTED, Fault
from idp.console import form_draft, permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform.errors import Forbidden
from idp.platform.extensions import db

_FORM = "edit_person"


@dataclass(frozen=True, slots=True)
class EditPage:
    """What the form shows: whose it is, what was typed, and what is wrong with it."""

    user: User
    said: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    unsaved: bool = False


def edit_person(login: Login, user_id: uuid.UUID) -> str:
    """Show the form."""
    if user_id == login.user.id:
        raise Forbidden("nobody does this to themselves", person=permissions.not_yourself())
    user, kept = permissions.person(login, user_id), form_draft.kept(_FORM)
    as_it_is = {name: getattr(user, name) or "" for name in CORRECTED}
    return _show(login, EditPage(user, kept or as_it_is, unsaved=kept is not None))


def save_person(login: Login, user_id: uuid.UUID) -> ResponseReturnValue:
    """Keep what the form says."""
    user, said = permissions.subject(login, user_id), form_draft.sent(CORRECTED)
    to = profile.read_corrected(said)
    if isinstance(to, list):
        return _show(login, EditPage(user, said, to))
    administration.correct(user, to, login.user)
    db.session.commit()
    return redirect(url_for("console.person", user_id=user_id, done="saved"), 303)


def keep_input() -> str:
    """Keep what was sent until the proof is there, and return the page that will show it."""
    return url_for(
        "console.edit_person", kept=form_draft.keep(_FORM, form_draft.sent(CORRECTED)), **(request.view_args or {})
    )


def _show(login: Login, page: EditPage) -> str:
    return render("console/edit_person.html", login, page=page)
