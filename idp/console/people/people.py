"""The people of the company: a list that is read page by page, and searched by how a name begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from idp.accounts import bulk_invite
from idp.accounts.users import directory
from idp.accounts.users.directory import LONGEST_SEARCH, Page
from idp.console.people.bulk_invite_words import Told, tell
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render

DONE: Mapping[str, Any] = {"withdrawn": _l("The invitation is withdrawn; its link opens nothing any more.")}


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """What the list shows. `begun`: it does not begin with the first of them. `imports`: the newest, if there is one."""

    found: Page
    search: str
    begun: bool
    done: str | None
    imports: Sequence[Told]


def people(login: Login) -> str:
    """Show some of the people."""
    search = request.args.get("search", "")[:LONGEST_SEARCH].strip()
    after = request.args.get("after", "")
    found = directory.page_of(login.tenant.id, after=after, search=search)
    imports = tell(login, bulk_invite.latest(login.tenant.id, most=1))
    page = PeoplePage(found, search, bool(after), DONE.get(request.args.get("done", "")), imports)
    return render("console/people.html", login, page=page)
