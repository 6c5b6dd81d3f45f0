"""`/console/sessions`: who is at work for the company, in which browser and from where; an administrator ends what looks wrong.

end ─┬─ of the company's own people ─▶ the login in that browser ends, and with it whatever lives no longer than it;
     │                                 what applications got through it for this company ends, offline access too
     └─ of a guest (an accountant of another office, the helpdesk) ─▶ all of it ends for this company, and for no other:
                                       the login is the person's, and what they proved counts here no more

A login, as a factor, belongs to the person, and so is their own company's to end; what was given for a company is that
company's (RULES E1, E3, E5). So nothing that another company gave dies by a button of this one, and a guest who went on
for another company meanwhile is not thrown out of it.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.utils import redirect

from idp.accounts.users import browsers
from idp.console import permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.models import BrowserSession
from idp.login.session import active
from idp.login.session import sessions as login_sessions
from idp.login.session.active import AtWork
from idp.oidc.logout import endings
from idp.oidc.tokens import authorizations
from idp.platform import clock
from idp.platform.errors import NotFound
from idp.platform.extensions import db

DONE: Mapping[str, Any] = {"ended": _l("The session is ended: that browser is asked to log in again.")}


@dataclass(frozen=True, slots=True)
class Line:
    """A session in words. `this_one`: the administrator's own, here."""

    at_work: AtWork
    browser: str | None
    system: str | None
    this_one: bool


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """What the page shows."""

    lines: Sequence[Line]
    begun: bool
    after: uuid.UUID | None
    done: str | None


def sessions(login: Login) -> str:
    """Show some of the sessions."""
    after = _after()
    found = active.page_of(login.tenant.id, after)
    lines = [_line(one, login) for one in found.at_work]
    page = SessionsPage(lines, after is not None, found.after, DONE.get(request.args.get("done", "")))
    return render("console/sessions.html", login, page=page)


def end_session(login: Login, session_id: uuid.UUID) -> ResponseReturnValue:
    """End one session of the company."""
    permissions.act(login)
    session = _session(login, session_id)
    if login_sessions.user_of(session).tenant_id == login.tenant.id:
        login_sessions.end(session, "ended_by_administrator", login.user.id)
        authorizations.revoke_those_for(login.tenant.id, session_id, clock.now())
    else:
        login_sessions.end_for(session, login.tenant, "ended_by_administrator", login.user.id)
        endings.session_ended_for(session_id, login.tenant.id)
    db.session.commit()
    return redirect(url_for("console.sessions", done="ended"), 303)


def _session(login: Login, session_id: uuid.UUID) -> BrowserSession:
    """The session that works for the company, or did so when the page was shown and left something of the company's."""
    found = active.one_of(login.tenant.id, session_id)
    session = found.session if found else authorizations.session_of(login.tenant.id, session_id)
    if session is None:
        raise NotFound("no such session of this tenant")
    return session


def sessions_page() -> str:
    """Return where the buttons stand."""
    return url_for("console.sessions")


def _after() -> uuid.UUID | None:
    """The session that the page before ended with; what is no id begins anew."""
    try:
        return uuid.UUID(request.args.get("after", ""))
    except ValueError:
        return None


def _line(one: AtWork, login: Login) -> Line:
    browser, system = browsers.recognise(one.session.user_agent)
    return Line(one, browser, system, one.session.id == login.session.id)
