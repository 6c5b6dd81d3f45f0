"""`/account/security/history`: the person's logins and refused tries, page by page, each with its reasons in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.accounts.users.queries import tenants_of
from idp.audit.events import LoginCompleted, LoginRefused, StepFailed, TriesDelayed
from idp.login.core.reasons import STEP_TITLES, sentence
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.reporting import login_history as history
from idp.reporting.login_history import Entry
from idp.tenancy.audit_retention import CHOICES, years_of
from idp.web import fields

_TITLES: Mapping[str, Any] = {
    LoginCompleted.kind: _l("Logged in"),
    LoginRefused.kind: _l("Login refused"),
    StepFailed.kind: _l("Wrong answer"),
    TriesDelayed.kind: _l("Too many wrong answers"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in words. `company`: where the login was for another than the person's own."""

    entry: Entry
    title: str
    company: str | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """What the page shows. `begun`: it does not begin with the newest. `before`: where the next page goes on."""

    lines: tuple[Line, ...]
    before: int | None
    begun: bool
    kept: Any


def login_history(login: Login) -> str:
    """Show some of the entries."""
    before = fields.before()
    found = history.page(login.user.id, before)
    companies = {tenant.id: tenant.name for tenant in tenants_of(login.user) if tenant.id != login.user.tenant_id}
    lines = tuple(
        Line(entry, _title(entry), companies.get(entry.tenant_id) if entry.tenant_id else None, _why(entry))
        for entry in found.entries
    )
    kept = CHOICES[years_of(login.user.tenant)]
    return render("account/history.html", login, page=HistoryPage(lines, found.before, before is not None, kept))


def _title(entry: Entry) -> str:
    title = str(_TITLES[entry.kind])
    if entry.step is None:
        return title
    return str(_("%(what)s: %(step)s", what=title, step=str(STEP_TITLES[entry.step])))


def _why(entry: Entry) -> tuple[str, ...]:
    wait = (_("Further answers were refused for %(seconds)s seconds.", seconds=entry.seconds),) if entry.seconds else ()
    return (*(sentence(reason) for reason in entry.reasons), *wait)
