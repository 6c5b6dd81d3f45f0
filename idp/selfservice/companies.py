"""`/account/companies`: the companies that a person works for, and the one that it is now.

GET  ─▶ some of them, by name; many are searched and paged
POST ─▶ login.switching: at once, or after what the other company's policy asks on top

An accountant asks a code here, by which another company connects them, and leaves a company again.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts import connect_codes
from idp.accounts.models import UserType
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.flow.tenant_switch import work_for
from idp.platform.errors import Forbidden, NotFound
from idp.platform.extensions import db
from idp.tenancy.membership import LONGEST_SEARCH, Page, others_of, page_of
from idp.tenancy.models import Tenant
from idp.tenancy.support_access import open_tenants
from idp.web.fields import typed

DONE: Mapping[str, Any] = {"left": _l("You no longer work for this company. Its administrators are told by mail.")}


@dataclass(frozen=True, slots=True)
class CompaniesPage:
    """What the page shows. `narrowed`: not all of them from the first on."""

    found: Page
    search: str
    narrowed: bool
    done: str | None


def companies(login: Login) -> str:
    """Show for whom the person works."""
    search = request.args.get("search", "")[:LONGEST_SEARCH].strip()
    after = request.args.get("after", "")
    others = open_tenants() if login.user.type is UserType.SUPPORT else others_of(login.user.id)
    found = page_of(others, login.user.tenant, after=after, search=search)
    done = DONE.get(request.args.get("done", ""))
    return render("account/companies.html", login, page=CompaniesPage(found, search, bool(search or after), done))


def switch(login: Login) -> Response:
    """Work for the company that was chosen."""
    return work_for(login, typed("tenant"), return_to=url_for("account.overview"))


def connect_code(login: Login) -> str:
    """Show the accountant a new code, once; an earlier one is worthless from now on."""
    if login.user.type is not UserType.ACCOUNTANT:
        raise Forbidden("only accountants are connected")
    code = connect_codes.make(login.user)
    db.session.commit()
    return render("account/connect_code.html", login, code=code, days=connect_codes.LIFETIME.days)


def ask_leave(login: Login, tenant_id: uuid.UUID) -> str:
    """Ask whether the person really wants to work for that company no more."""
    return render("account/leave_company.html", login, tenant=_mine(login, tenant_id))


def leave(login: Login, tenant_id: uuid.UUID) -> Response:
    """End the membership. A session for that company goes on for another one at its next page."""
    if not connect_codes.end(login.user, _mine(login, tenant_id), login.user):
        raise NotFound("the membership has ended already")
    db.session.commit()
    return redirect(url_for("account.companies", done="left"), 303)


def _mine(login: Login, tenant_id: uuid.UUID) -> Tenant:
    if connect_codes.of_tenant(tenant_id, login.user.id) is None:
        raise NotFound("not a company of this user")
    return db.session.get_one(Tenant, tenant_id)


def companies_page() -> str:
    """Where the choice stands."""
    return url_for("account.companies")
