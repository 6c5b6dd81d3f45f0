"""The people of the company: a list that is read page by page, and searched by how a name begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from idp.accounts import directory
from idp.accounts.directory import LONGEST_SEARCH, Page
from idp.login.gate import Login
from idp.login.own_pages import render

DONE: Mapping[str, Any] = {"withdrawn": _l("The invitation is withdrawn; its link opens nothing any more.")}


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """What the list shows. `begun`: it does not begin with the first of them."""

    found: Page
    search: str
    begun: bool
    done: str | None


def people(login: Login) -> str:
    """Show some of the people."""
    search = request.args.get("search", "")[:LONGEST_SEARCH].strip()
    after = request.args.get("after", "")
    found = directory.page_of(login.tenant.id, after=after, search=search)
    page = PeoplePage(found, search, bool(after), DONE.get(request.args.get("done", "")))
    return render("console/people.html", login, page=page)
