"""The gate of the console.

not logged in ─▶ login ─▶ an administrator, working for the home tenant? ──no──▶ of the helpdesk, and let in by the tenant?
                                 │ yes                                             │ yes                    │ no
                                 │              a page that changes something ─▶ 403 in words              403
                                 ▼                                                 ▼
                          password and second factor within 15 minutes? ──no──▶ asked once more, then back
                                                                                   ▼
                                                              the look is kept in the tenant's history, then shown
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from idp.login.flow import page_guard
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import OwnPage, Proof, View
from idp.platform.errors import Forbidden
from idp.platform.extensions import db
from idp.tenancy import support_access


def page(rule: str, view: View, method: str = "GET", back: Callable[[], str] = page_guard.here) -> OwnPage:
    """A page of the console: each of them has the same gate. The helpdesk sees those that only show something."""
    if method == "GET":
        return OwnPage(rule, _seen(view), method, Proof.FRESH, back, page_guard.sees_console)
    return OwnPage(rule, view, method, Proof.FRESH, back, _may_change)


def asking(rule: str, view: View) -> OwnPage:
    """A page that only leads to a change: the helpdesk has no use for it."""
    return OwnPage(rule, view, "GET", Proof.FRESH, page_guard.here, _may_change)


def _may_change(login: Login) -> bool:
    if page_guard.helps(login):
        raise Forbidden("the helpdesk changes nothing", person="The helpdesk may look here, and change nothing.")
    return page_guard.administers(login)


def _seen(view: View) -> View:
    """Keep a look of the helpdesk before the page is made: what cannot be kept is not shown."""

    @wraps(view)
    def shown(login: Login, **values: Any) -> ResponseReturnValue:
        if page_guard.helps(login):
            support_access.looked(login.tenant.id, login.user.id, login.user.name, request.path)
            db.session.commit()
        return view(login, **values)

    return shown
