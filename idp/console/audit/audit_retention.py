"""`/console/audit/retention`: how long the company keeps its audit log.

GET ──▶ the choice
POST ─▶ longer, or nothing is that old yet ──▶ saved
    └─▶ shorter ─▶ how many events will go, and the file to keep them in ─▶ confirmed ─▶ saved; the worker removes them
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.console import permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform.extensions import db
from idp.tenancy import audit_retention


@dataclass(frozen=True, slots=True)
class Asked:
    """What has to be confirmed: how many events go, and the last day of which all are gone."""

    years: int
    words: Any
    events: int
    until: date


@dataclass(frozen=True, slots=True)
class RetentionPage:
    """What the page shows. `wrong`: what was sent is no choice."""

    years: int
    choices: Mapping[int, Any]
    asked: Asked | None = None
    wrong: bool = False
    done: bool = False


def retention(login: Login) -> str:
    """Show the choice."""
    return _show(login, done=request.args.get("done") == "saved")


def choose_retention(login: Login) -> ResponseReturnValue:
    """Keep the log so long from now on, after a question where events will go."""
    sent, allowed = request.form.getlist("years"), audit_retention.choices()
    years = next((years for years in allowed if sent == [str(years)]), None)
    if years is None:
        return _show(login, wrong=True)
    if years < audit_retention.years_of(login.tenant) and request.form.get("confirmed") != str(years):
        events = audit_retention.older(login.tenant.id, years)
        if events:
            until = audit_retention.due(years).date() - timedelta(days=1)
            return _show(login, asked=Asked(years, allowed[years], events, until))
    permissions.act(login)
    audit_retention.choose(login.tenant, years, login.user.id)
    db.session.commit()
    return redirect(url_for("console.retention", done="saved"), 303)


def retention_page() -> str:
    """Return where the form stands."""
    return url_for("console.retention")


def _show(login: Login, *, asked: Asked | None = None, wrong: bool = False, done: bool = False) -> str:
    years, choices = audit_retention.years_of(login.tenant), audit_retention.choices()
    return render("console/audit_retention.html", login, page=RetentionPage(years, choices, asked, wrong, done))
