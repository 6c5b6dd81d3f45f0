"""One user of the company: what is set up, and what an administrator may do about it.

    type · new IP addresses · sign out everywhere · revoke known addresses     one form each, done at once
    reset two-factor · end employment                                          asked once more on a page of their own

Whatever ends a proof ends the sessions, the known-IP grants and the refresh tokens with it, in one unit of work.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts import links
from idp.accounts.links import Purpose
from idp.accounts.models import OF_A_COMPANY, WORK_ELSEWHERE, User, UserType
from idp.accounts.users import administration, lifecycle, mailbox
from idp.audit.events import SignedOutEverywhere
from idp.audit.record import record
from idp.console import permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.session import sessions
from idp.login.session import sign_out as ending
from idp.login.trust import known_ip
from idp.platform import clock
from idp.platform.errors import BadRequest, Forbidden
from idp.platform.extensions import db
from idp.tenancy.queries import names_of_others
from idp.web.fields import typed

DONE: Mapping[str, Any] = {
    "saved": _l("It is saved."),
    "invited": _l("An invitation is on its way by mail."),
    "ended": _l("The employment is ended: nobody is logged in as this user any more, and nobody can log in."),
    "enabled": _l("This user can log in again."),
    "reset": _l("Two-factor authentication is reset. The user is logged out everywhere and told by mail."),
    "signed-out": _l("The user is logged out everywhere."),
    "revoked": _l("The known IP addresses are revoked: at the next login a code is asked."),
}
NEW_IP: Mapping[str, bool | None] = {"company": None, "on": True, "off": False}
"""What the field `block_new_ip` may say."""
COMPANIES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PersonPage:
    """What the page of a user shows. `mine`: it is the administrator's own, where nothing can be done.

    `works_for`: the names of some other companies, and how many there are beside them. `link_ends`: when the link of an
    open invitation ends or ended; None until it is mailed.
    """

    user: User
    mine: bool
    sessions: int
    known: int
    block_new_ip: str
    email_check: str
    works_for: tuple[Sequence[str], int]
    link_ends: datetime | None
    link_over: bool
    done: str | None


def person(login: Login, user_id: uuid.UUID) -> str:
    """Show one user."""
    user = permissions.person(login, user_id)
    link_ends = links.end_of_newest(user, Purpose.INVITATION) if user.invited_at else None
    page = PersonPage(
        user=user,
        mine=user.id == login.user.id,
        sessions=len(sessions.open_sessions(user)),
        known=known_ip.numbers([user], login.tenant).get(user.id, 0),
        block_new_ip=next(word for word, on in NEW_IP.items() if on is user.block_new_ip),
        email_check=mailbox.in_words(user),
        works_for=names_of_others(user.id, COMPANIES_SHOWN) if user.type in WORK_ELSEWHERE else ((), 0),
        link_ends=link_ends,
        link_over=link_ends is not None and link_ends <= clock.now(),
        done=DONE.get(request.args.get("done", "")),
    )
    return render("console/person.html", login, page=page)


def ask_reset(login: Login, user_id: uuid.UUID) -> ResponseReturnValue:
    """Ask whether the second factors are really to go."""
    return _ask("console/reset_two_factor.html", login, user_id)


def reset_two_factor(login: Login, user_id: uuid.UUID) -> Response:
    """Take the user's second factors away; whatever was proved with them ends."""
    user = permissions.subject(login, user_id)
    ending.everywhere(user, "two_factor_reset", login.user.id)
    administration.reset_two_factor(user, login.user)
    return _kept(user, "reset")


def ask_end(login: Login, user_id: uuid.UUID) -> ResponseReturnValue:
    """Ask whether the employment is really over."""
    return _ask("console/end_employment.html", login, user_id)


def end_employment(login: Login, user_id: uuid.UUID) -> Response:
    """Let the user log in no more, and end what they are logged in to."""
    user = permissions.subject(login, user_id)
    ending.everywhere(user, "employment_ended", login.user.id)
    lifecycle.disable(user, login.user.id)
    return _kept(user, "ended")


def enable(login: Login, user_id: uuid.UUID) -> Response:
    """Let the user log in again, from nothing."""
    user = permissions.subject(login, user_id)
    lifecycle.enable(user, login.user.id)
    return _kept(user, "enabled")


def sign_out(login: Login, user_id: uuid.UUID) -> Response:
    """End whatever the user is logged in to."""
    user = permissions.subject(login, user_id)
    ending.everywhere(user, "ended_by_administrator", login.user.id)
    record(SignedOutEverywhere(tenant_id=user.tenant_id, user_id=user.id, actor_id=login.user.id))
    return _kept(user, "signed-out")


def revoke_known(login: Login, user_id: uuid.UUID) -> Response:
    """End every known-IP grant of the user."""
    user = permissions.subject(login, user_id)
    known_ip.revoke_all(user, "revoked_by_administrator", login.user.id)
    return _kept(user, "revoked")


def choose_type(login: Login, user_id: uuid.UUID) -> Response:
    """Make the user an employee, an administrator or an accountant."""
    user = permissions.subject(login, user_id)
    administration.change_type(user, _chosen_type(), login.user)
    return _kept(user, "saved")


def choose_new_ip(login: Login, user_id: uuid.UUID) -> Response:
    """Say of this user whether new IP addresses are validated by mail."""
    word = typed("block_new_ip")
    if word not in NEW_IP:
        raise BadRequest("no such choice")
    user = permissions.subject(login, user_id)
    administration.choose_block_new_ip(user, NEW_IP[word], login.user)
    return _kept(user, "saved")


def person_page() -> str:
    """Return the page on which the forms about this user stand."""
    values = request.view_args or {}
    return url_for("console.person", user_id=values["user_id"])


def _chosen_type() -> UserType:
    chosen = typed("type")
    if chosen not in OF_A_COMPANY:
        raise BadRequest("no such type of user")
    return UserType(chosen)


def _ask(template: str, login: Login, user_id: uuid.UUID) -> ResponseReturnValue:
    user = permissions.person(login, user_id)
    if user.id == login.user.id:
        raise Forbidden("nobody does this to themselves", person=permissions.not_yourself())
    return render(template, login, user=user)


def _kept(user: User, done: str) -> Response:
    db.session.commit()
    return redirect(url_for("console.person", user_id=user.id, done=done), 303)
