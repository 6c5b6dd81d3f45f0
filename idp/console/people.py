"""The people of the company: a list that is read page by page, and searched by how a name begins."""

from dataclasses import dataclass

from flask import request

from idp.accounts import directory
from idp.accounts.directory import LONGEST_SEARCH, Page
from idp.login.gate import Login
from idp.login.own_pages import render


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """What the list shows. `begun`: it does not begin with the first of them."""

    found: Page
    search: str
    begun: bool


def people(login: Login) -> str:
    """Show some of the people."""
    search = request.args.get("search", "")[:LONGEST_SEARCH].strip()
    after = request.args.get("after", "")
    found = directory.page_of(login.tenant.id, after=after, search=search)
    return render("console/people.html", login, page=PeoplePage(found, search, bool(after)))
