"""`/console/security-code`: the number that everybody of the company types after the password; read it, or change it.

show   ─▶ the code, on this page only; that it was looked at is kept in the audit log
rotate ─▶ asked once more ─▶ another code; nobody's 30-day grant counts any more, and nobody is told but by the company

The helpdesk sees neither: both are POST.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask.typing import ResponseReturnValue

from idp.accounts.queries import people_of
from idp.audit.events import SecurityCodeShown
from idp.audit.record import record
from idp.console import authority
from idp.extensions import db
from idp.login.gate import Login
from idp.login.own_pages import render
from idp.tenancy.changes import rotate_security_code
from idp.tenancy.queries import security_code_of


@dataclass(frozen=True, slots=True)
class SecurityCodePage:
    """What the page shows. `code`: None until it is asked for. `since`: since when it is this code."""

    code: str | None
    new: bool
    asked: bool
    since: datetime
    people: int


def security_code(login: Login) -> str:
    """Show how old the code is, and what can be done."""
    return _show(login)


def show_security_code(login: Login) -> ResponseReturnValue:
    """Show the code, and keep who looked at it."""
    authority.act(login)
    record(SecurityCodeShown(tenant_id=login.tenant.id, actor_id=login.user.id))
    code = security_code_of(login.tenant)
    db.session.commit()
    return _show(login, code)


def ask_rotation(login: Login) -> str:
    """Ask whether everybody is to learn another code."""
    return render("console/rotate_security_code.html", login, people=people_of(login.tenant.id))


def rotate(login: Login) -> ResponseReturnValue:
    """Make up another code, and show it."""
    authority.act(login)
    code = rotate_security_code(login.tenant, actor_id=login.user.id)
    db.session.commit()
    return _show(login, code, new=True)


def security_code_page() -> str:
    """Return where the buttons stand."""
    return url_for("console.security_code")


def _show(login: Login, code: str | None = None, *, new: bool = False) -> str:
    tenant = login.tenant
    since = tenant.security_code_at or tenant.created_at
    page = SecurityCodePage(code, new, tenant.security_code, since, people_of(tenant.id))
    return render("console/security_code.html", login, page=page)
