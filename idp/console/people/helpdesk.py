"""`/console/helpdesk`: whether Informer's helpdesk may look at the company, until when, and who looked at what.

The helpdesk sees the same console while the access lives, and changes nothing in it (`access.py`). Whenever it is let in or
shut out, every administrator of the company is told by mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts.users import notices
from idp.console import permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform import clock
from idp.platform.extensions import db
from idp.tenancy import support_access
from idp.tenancy.models import SupportAccess
from idp.tenancy.support_access import History
from idp.web import fields

DONE: Mapping[str, Any] = {
    "given": _l("The helpdesk may look at your company. You can revoke it at any time."),
    "revoked": _l("The helpdesk no longer sees anything of your company."),
}


@dataclass(frozen=True, slots=True)
class HelpdeskPage:
    """What the page shows. `access` None: the helpdesk sees nothing."""

    access: SupportAccess | None
    history: History
    begun: bool
    done: str | None


def helpdesk(login: Login) -> str:
    """Show the access and its history."""
    before = fields.before()
    page = HelpdeskPage(
        access=support_access.of(login.tenant.id),
        history=support_access.history_of(login.tenant.id, before),
        begun=before is not None,
        done=DONE.get(request.args.get("done", "")),
    )
    return render("console/helpdesk.html", login, page=page)


def let_in(login: Login) -> Response:
    """Let the helpdesk in for a month; who is let in already stays so until the day that was said."""
    permissions.act(login)
    if support_access.give(login.tenant, login.user.id, login.user.name):
        until = support_access.a_month_after(clock.now())
        notices.helpdesk_let_in(login.tenant, login.user.name, until)
    db.session.commit()
    return redirect(url_for("console.helpdesk", done="given"), 303)


def shut_out(login: Login) -> Response:
    """End the helpdesk's access at once."""
    permissions.act(login)
    if support_access.revoke(login.tenant, login.user.id):
        notices.helpdesk_shut_out(login.tenant, login.user.name)
    db.session.commit()
    return redirect(url_for("console.helpdesk", done="revoked"), 303)


def helpdesk_page() -> str:
    """Return where the forms stand."""
    return url_for("console.helpdesk")
