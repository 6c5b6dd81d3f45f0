"""`/account/companies`: the companies that a person works for, and the one that it is now.

GET  ─▶ some of them, by name; many are searched and paged
POST ─▶ login.switching: at once, or after what the other company's policy asks on top
"""

from dataclasses import dataclass

from flask import request, url_for
from werkzeug.wrappers import Response

from idp.login.gate import Login
from idp.login.own_pages import render
from idp.login.switching import work_for
from idp.tenancy.membership import LONGEST_SEARCH, Page, page_of
from idp.web.fields import typed


@dataclass(frozen=True, slots=True)
class CompaniesPage:
    """What the page shows. `narrowed`: not all of them from the first on."""

    found: Page
    search: str
    narrowed: bool


def companies(login: Login) -> str:
    """Show for whom the person works."""
    search = request.args.get("search", "")[:LONGEST_SEARCH].strip()
    after = request.args.get("after", "")
    found = page_of(login.user.id, login.user.tenant, after=after, search=search)
    return render("account/companies.html", login, page=CompaniesPage(found, search, bool(search or after)))


def switch(login: Login) -> Response:
    """Work for the company that was chosen."""
    return work_for(login, typed("tenant"), return_to=url_for("account.overview"))


def companies_page() -> str:
    """Where the choice stands."""
    return url_for("account.companies")
