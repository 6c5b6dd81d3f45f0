"""Many people at once: a CSV file is looked at first, and workers invite them, some hundreds at a time.

upload ─▶ more names than a company may ask after in a day: wait
  │   ├─▶ faults, each with its line, all together; nothing is kept
  │   └─▶ none: the people wait, and are shown
  ▼
confirm ─▶ workers invite them; the page of the import says how far it is, also to whoever comes back later
  │          ├─ stop ───▶ no more of them, until go_on
  │          └─ the end ▶ whose username was taken in between is told by line, and is there to take away: not_invited
discard ─▶ they are forgotten
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response as Download
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts import bulk_invite, names_asked
from idp.accounts.bulk_invite import PeopleImport, Stop, csv_file
from idp.accounts.bulk_invite.csv_file import MOST_PEOPLE, LineFault, Newcomer
from idp.accounts.users import profile
from idp.console import permissions
from idp.console.people.bulk_invite_words import Stage, Told, tell
from idp.console.tables import row
from idp.login.flow import page_guard
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform.errors import Conflict, NotFound
from idp.platform.extensions import db

MOST_BYTES = 1024 * 1024
SHOWN = 20
FAULTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class FilePage:
    """What the page of the file shows: what was wrong with the last one, and the imports of before."""

    faults: Sequence[LineFault]
    more_faults: int
    latest: Sequence[Told]
    most_people: int = MOST_PEOPLE


@dataclass(frozen=True, slots=True)
class ImportPage:
    """What the page of an import shows: how far it is, the first of those who wait in it, and of those left out.

    `looks_again`: it moves, and the page is to move with it.
    """

    told: Told
    some: Sequence[Newcomer]
    more: int
    left_out: Sequence[LineFault]
    more_left_out: int
    looks_again: bool


def choose_file(login: Login) -> str:
    """Ask for a file."""
    return _show_file(login, ())


def upload(login: Login) -> ResponseReturnValue:
    """Read the file, keep its people if nothing is wrong with any of them, and show them."""
    files = request.files.getlist("file")
    if len(files) != 1 or not files[0].filename:
        return _show_file(login, [LineFault(0, _("Choose a file."))])
    roll = csv_file.read(files[0].read())
    if too_many := names_asked.ask(login.tenant.id, len(roll.newcomers)):
        return _show_file(login, [LineFault(0, fault.sentence) for fault in too_many])
    if faults := [*roll.faults, *bulk_invite.taken(roll.newcomers)]:
        return _show_file(login, faults)
    kept = bulk_invite.keep(login.tenant, roll.newcomers, login.user)
    db.session.commit()
    return redirect(url_for("console.show_import", import_id=kept.id), 303)


def show_import(login: Login, import_id: uuid.UUID) -> str:
    """Show how far an import is."""
    found = _mine(login, import_id)
    [told] = tell(login, [found])
    people = bulk_invite.people_of(found) if told.stage is Stage.PREVIEWED else []
    left_out = [] if told.stage in {Stage.RUNNING, Stage.STILL} else bulk_invite.left_out_of(found)
    page = ImportPage(
        told=told,
        some=people[:SHOWN],
        more=max(0, len(people) - SHOWN),
        left_out=[_left_out(newcomer) for newcomer in left_out[:FAULTS_SHOWN]],
        more_left_out=max(0, len(left_out) - FAULTS_SHOWN),
        looks_again=told.stage is Stage.RUNNING and not page_guard.helps(login),
    )
    return render("console/import.html", login, page=page)


def confirm(login: Login, import_id: uuid.UUID) -> Response:
    """Let workers invite them; whoever confirms twice sees what the first time did."""
    bulk_invite.confirm(_to_decide(login, import_id), login.user)
    db.session.commit()
    return redirect(url_for("console.show_import", import_id=import_id), 303)


def stop_import(login: Login, import_id: uuid.UUID) -> Response:
    """Begin no other batch; one that is over by now stays as it is."""
    bulk_invite.stop(_to_decide(login, import_id), Stop.ASKED, login.user)
    db.session.commit()
    return redirect(url_for("console.show_import", import_id=import_id), 303)


def go_on(login: Login, import_id: uuid.UUID) -> Response:
    """Let workers invite the others after all."""
    bulk_invite.go_on(_to_decide(login, import_id), login.user)
    db.session.commit()
    return redirect(url_for("console.show_import", import_id=import_id), 303)


def discard(login: Login, import_id: uuid.UUID) -> Response:
    """Forget them."""
    if not bulk_invite.discard(_to_decide(login, import_id)):
        raise Conflict("confirmed in the meantime", person=_("Somebody confirmed this import in the meantime."))
    db.session.commit()
    return redirect(url_for("console.choose_file"), 303)


def not_invited(login: Login, import_id: uuid.UUID) -> Download:
    """Send those who are not invited as a file that can be chosen again."""
    content = "".join(_lines(bulk_invite.not_invited(_mine(login, import_id))))
    answer = Download(content.encode("utf-8-sig"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="not-invited-{login.tenant.slug}.csv"'
    return answer


def file_page() -> str:
    """Return where a file is chosen: one that was sent with a stale proof has to be chosen again."""
    return url_for("console.choose_file")


def import_page() -> str:
    """Return the page of this import."""
    return url_for("console.show_import", **request.view_args or {})


def _left_out(newcomer: Newcomer) -> LineFault:
    return LineFault(newcomer.line, profile.taken(newcomer.new.username).sentence)


def _lines(people: Sequence[Newcomer]) -> Iterator[str]:
    yield row(*profile.FIELDS, separator=";")
    for new in (newcomer.new for newcomer in people):
        yield row(new.name, new.email, new.username, new.type.value, new.locale or "", separator=";")


def _to_decide(login: Login, import_id: uuid.UUID) -> PeopleImport:
    found = _mine(login, import_id)
    permissions.act(login)
    return found


def _mine(login: Login, import_id: uuid.UUID) -> PeopleImport:
    found = bulk_invite.of(login.tenant.id, import_id)
    if found is None:
        raise NotFound("no such import in this tenant")
    return found


def _show_file(login: Login, faults: Sequence[LineFault]) -> str:
    latest = tell(login, bulk_invite.latest(login.tenant.id))
    page = FilePage(faults[:FAULTS_SHOWN], max(0, len(faults) - FAULTS_SHOWN), latest)
    return render("console/import_file.html", login, page=page)
