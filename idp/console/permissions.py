"""Who may do something to whom, at the very moment in which it is done.

    another company's user ─▶ 404      oneself ─▶ 403      no able administrator any more ─▶ 403

The gate of the console has looked before; this looks again behind the lock on the company, so that an administrator
whose employment ends at the same moment ends nobody else's.
"""

import uuid

from flask_babel import gettext as _

from idp.accounts.models import User
from idp.accounts.users import administration, directory
from idp.login.flow import page_guard
from idp.login.flow.entry import Login
from idp.login.session import sessions
from idp.platform.errors import Forbidden, NotFound
from idp.platform.extensions import db


def person(login: Login, user_id: uuid.UUID) -> User:
    """The user of that id in the administrator's own company."""
    user = directory.of_tenant(login.tenant.id, user_id)
    if user is None:
        raise NotFound("no such user in this tenant")
    return user


def subject(login: Login, user_id: uuid.UUID) -> User:
    """The user to whom the administrator is about to do something, as they are now; nobody else acts until it is done."""
    if user_id == login.user.id:
        raise Forbidden("nobody does this to themselves", person=not_yourself())
    act(login)
    return person(login, user_id)


def act(login: Login) -> None:
    """Take the company's turn, and look whether whoever acts may still do so."""
    administration.lock(login.tenant)
    for row in (login.user, login.session):
        db.session.refresh(row)
    if not (sessions.live(login.session) and page_guard.administers(login)):
        raise Forbidden("no administrator any more")


def not_yourself() -> str:
    """Say why not: whoever acts has to be there afterwards."""
    return str(_("You cannot do this to yourself. Ask another administrator of your company."))
