"""Many people at once: a CSV file is looked at first, and a worker invites them all or none.

upload ─▶ faults, each with its line, all together; nothing is kept
  │   └─▶ none: the people wait, and are shown
  ▼
confirm ─▶ a worker invites them; the page of the import says how far it is, also to whoever comes back later
discard ─▶ they are forgotten
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts import newcomers
from idp.accounts.newcomers import PeopleImport, csv_file
from idp.accounts.newcomers.csv_file import MOST_PEOPLE, LineFault, Newcomer
from idp.console import authority
from idp.errors import Conflict, NotFound
from idp.extensions import db
from idp.login.gate import Login
from idp.login.own_pages import render

MOST_BYTES = 1024 * 1024
SHOWN = 20
FAULTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class FilePage:
    """What the page of the file shows: what was wrong with the last one, and the imports of before."""

    faults: Sequence[LineFault]
    more_faults: int
    latest: Sequence[PeopleImport]
    most_people: int = MOST_PEOPLE


@dataclass(frozen=True, slots=True)
class ImportPage:
    """What the page of an import shows: how far it is, and the first of the people who wait in it."""

    found: PeopleImport
    some: Sequence[Newcomer]
    more: int


def choose_file(login: Login) -> str:
    """Ask for a file."""
    return _show_file(login, ())


def upload(login: Login) -> ResponseReturnValue:
    """Read the file, keep its people if nothing is wrong with any of them, and show them."""
    files = request.files.getlist("file")
    if len(files) != 1 or not files[0].filename:
        return _show_file(login, [LineFault(0, _("Choose a file."))])
    roll = csv_file.read(files[0].read())
    if faults := [*roll.faults, *newcomers.taken(roll.newcomers)]:
        return _show_file(login, faults)
    kept = newcomers.keep(login.tenant, roll.newcomers, login.user)
    db.session.commit()
    return redirect(url_for("console.show_import", import_id=kept.id), 303)


def show_import(login: Login, import_id: uuid.UUID) -> str:
    """Show how far an import is."""
    found = _mine(login, import_id)
    people = newcomers.people_of(found)
    page = ImportPage(found, people[:SHOWN], max(0, len(people) - SHOWN))
    return render("console/import.html", login, page=page)


def confirm(login: Login, import_id: uuid.UUID) -> Response:
    """Let a worker invite them; whoever confirms twice sees what the first time did."""
    newcomers.confirm(_to_decide(login, import_id), login.user)
    db.session.commit()
    return redirect(url_for("console.show_import", import_id=import_id), 303)


def discard(login: Login, import_id: uuid.UUID) -> Response:
    """Forget them."""
    if not newcomers.discard(_to_decide(login, import_id)):
        raise Conflict("confirmed in the meantime", person=_("Somebody confirmed this import in the meantime."))
    db.session.commit()
    return redirect(url_for("console.choose_file"), 303)


def file_page() -> str:
    """Return where a file is chosen: one that was sent with a stale proof has to be chosen again."""
    return url_for("console.choose_file")


def import_page() -> str:
    """Return the page of this import."""
    return url_for("console.show_import", **request.view_args or {})


def _to_decide(login: Login, import_id: uuid.UUID) -> PeopleImport:
    found = _mine(login, import_id)
    authority.act(login)
    return found


def _mine(login: Login, import_id: uuid.UUID) -> PeopleImport:
    found = newcomers.of(login.tenant.id, import_id)
    if found is None:
        raise NotFound("no such import in this tenant")
    return found


def _show_file(login: Login, faults: Sequence[LineFault]) -> str:
    page = FilePage(faults[:FAULTS_SHOWN], max(0, len(faults) - FAULTS_SHOWN), newcomers.latest(login.tenant.id))
    return render("console/import_file.html", login, page=page)
