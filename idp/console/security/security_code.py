"""`/console/security-code`: the number that everybody of the company types after the password; read it, or change it.

show   ─▶ that it was looked at is kept in the audit log ─┐
rotate ─▶ asked once more, of this very code? ─▶ another ─┴─▶ shown for a few minutes, in this browser: reload, back and a
          code; nobody's 30-day grant counts any more         second tab show it again, and change nothing

Who rotates says which code is meant: of two tabs, two administrators or two presses of the button one changes it, and the
others are told. Nobody is mailed: people learn the code from the company.

Whoever is logged in for the company is asked the new code at their next page (RULES C5), but the browser that made it and
shows it: were it asked what it has not seen yet, a lost answer would leave a company whose code nobody knows (RULES B8).

The helpdesk sees neither: both are POST.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import redirect, request, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts import connect_codes
from idp.accounts.users.queries import not_here_since, people_of
from idp.audit.events import SecurityCodeShown
from idp.audit.record import record
from idp.console import form_draft, permissions
from idp.console.settings.effects import NAMES_SHOWN
from idp.crypto import opaque
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.session import sessions
from idp.platform import clock
from idp.platform.extensions import db
from idp.reporting.policy_impact import crowd_of
from idp.tenancy.changes import rotate_security_code
from idp.tenancy.models import Tenant
from idp.tenancy.queries import security_code_of, which_security_code
from idp.web.fields import typed

SHOWN_FOR: Final = timedelta(minutes=5)
_FORM: Final = "security_code"


@dataclass(frozen=True, slots=True)
class ToTell:
    """Who has not logged in since there is this code. `names`: some of them; `more`: how many are not named."""

    number: int
    names: Sequence[str]
    more: int
    who: str


@dataclass(frozen=True, slots=True)
class SecurityCodePage:
    """What the page shows. `code`: None until it is asked for. `since`: since when it is this code.

    `new`: it was changed by this browser just now; `too_late`: somebody had changed it before. `proved`: a proof came between
    the button and the code. `age`: how long it has been the same, once that is a day. `to_tell`: None where nobody needs it.
    """

    code: str | None
    new: bool
    too_late: bool
    proved: bool
    asked: bool
    since: datetime
    age: str
    people: int
    accountants: int
    to_tell: ToTell | None


def security_code(login: Login) -> str:
    """Show how old the code is, who has not logged in with it, what can be done; and the code for a while after it was asked."""
    tenant, kept = login.tenant, form_draft.kept(_FORM)
    page = SecurityCodePage(
        code=security_code_of(tenant) if kept else None,
        new=kept is not None and kept["made"] == _made(tenant),
        too_late=request.args.get("done") == "too-late",
        proved=kept is None and request.args.get("done") == "proved",
        asked=tenant.security_code,
        since=_since(tenant),
        age=_age(clock.now() - _since(tenant)),
        people=people_of(tenant.id),
        accountants=connect_codes.number_of(tenant.id),
        to_tell=_to_tell(tenant),
    )
    return render("console/security_code.html", login, page=page)


def show_security_code(login: Login) -> Response:
    """Lead to the code, and keep who looked at it."""
    permissions.act(login)
    record(SecurityCodeShown(tenant_id=login.tenant.id, actor_id=login.user.id))
    return _shown(made=None)


def ask_rotation(login: Login) -> str:
    """Ask whether everybody is to learn another code."""
    crowd = crowd_of(login.tenant)
    return render(
        "console/rotate_security_code.html",
        login,
        people=crowd.people(),
        accountants=connect_codes.number_of(login.tenant.id),
        known=crowd.people(lambda kind: kind.known),
        made=_made(login.tenant),
    )


def rotate(login: Login) -> Response:
    """Make up another code, and lead to it; unless it is another one by now."""
    permissions.act(login)
    db.session.refresh(login.tenant)
    if typed("made") != _made(login.tenant):
        db.session.rollback()
        return redirect(url_for("console.security_code", done="too-late"), 303)
    before = which_security_code(login.tenant)
    rotate_security_code(login.tenant, actor_id=login.user.id)
    sessions.knows_security_code(login.session, login.tenant, before)
    return _shown(made=_made(login.tenant))


def security_code_page() -> str:
    """Return where the code is asked for once more, as a proof came in between."""
    return url_for("console.security_code", done="proved")


def rotation_page() -> str:
    """Return where it is asked whether the code is to change."""
    return url_for("console.ask_rotation")


def _shown(made: str | None) -> Response:
    """The way to the code. `made`: it is the new one. Commits."""
    handle = form_draft.keep(_FORM, {"made": made}, SHOWN_FOR)
    db.session.commit()
    return redirect(url_for("console.security_code", kept=handle), 303)


def _since(tenant: Tenant) -> datetime:
    return tenant.security_code_at or tenant.created_at


def _made(tenant: Tenant) -> str:
    """By what a form says which code it means, and tells nothing of it: each is sealed differently."""
    return opaque.digest(tenant.security_code_sealed)


def _age(age: timedelta) -> str:
    return str(format_timedelta(age, granularity="day")) if age >= timedelta(days=1) else ""


def _to_tell(tenant: Tenant) -> ToTell | None:
    """Nothing is known where the code was never another one, and nobody needs it where it is not asked."""
    if tenant.security_code_at is None or not tenant.security_code:
        return None
    number, names = not_here_since(tenant.id, tenant.security_code_at, NAMES_SHOWN)
    return ToTell(number, names, number - len(names), _("See who"))
