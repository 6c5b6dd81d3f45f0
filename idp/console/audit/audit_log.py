"""`/console/audit`: what happened in the company, with the reasons in words; filtered, and as a file to keep.

    who=username · what=group of kinds · network=… · since=, until= days (UTC) ─▶ log.Question ─▶ a page of fifty
                                                                                        └──▶ .csv · .jsonl

A filter that cannot be read finds nothing and says so: a log that quietly shows something else misleads.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, request, stream_with_context
from flask_babel import gettext as _

from idp.accounts.users import directory, queries
from idp.audit import log
from idp.audit.log import Question
from idp.audit.models import AuditEvent
from idp.console.audit.audit_facts import in_words
from idp.console.audit.audit_words import GROUPS, kinds_of, title_of
from idp.console.tables import row
from idp.login.core import reasons
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.tenancy.audit_retention import CHOICES, years_of

FIELDS = ("who", "what", "network", "since", "until")
_LONGEST_NUMBER = 18


class _Unreadable(ValueError):
    """A filter that cannot be read; its text is for the person."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event in words. `facts`: what else is kept of it."""

    event: AuditEvent
    title: str
    who: str | None
    by: str | None
    why: tuple[str, ...]
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What the page shows. `asked`: the filters as they were typed."""

    lines: Sequence[Line]
    asked: Mapping[str, str]
    groups: Mapping[str, Any]
    problem: str | None
    begun: bool
    before: int | None
    kept: Any


def audit(login: Login) -> str:
    """Show some of the events."""
    typed = _typed()
    try:
        asked, problem = _asked(login, typed), None
    except _Unreadable as error:
        asked, problem = None, str(error)
    found = log.page_of(login.tenant.id, asked) if asked else log.Page([], None)
    page = AuditPage(
        lines=_lines(login, found.events),
        asked={field: value for field, value in typed.items() if value},
        groups={name: words for name, (words, _beginnings) in GROUPS.items()},
        problem=problem,
        begun="before" in request.args,
        before=found.before,
        kept=CHOICES[years_of(login.tenant)],
    )
    return render("console/audit.html", login, page=page)


def audit_as_csv(login: Login) -> Response:
    """Send the events as a table; cells that a spreadsheet would calculate begin with an apostrophe."""
    return _file(login, "text/csv", "csv", _csv)


def audit_as_jsonl(login: Login) -> Response:
    """Send the events as one JSON object a line."""
    return _file(login, "application/jsonl", "jsonl", _jsonl)


def _typed() -> dict[str, str]:
    """The filters as they were typed."""
    return {field: request.args.get(field, "").strip() for field in FIELDS}


def _asked(login: Login, typed: Mapping[str, str]) -> Question:
    return Question(
        subject=_person(login, typed["who"]) if typed["who"] else None,
        kinds=kinds_of(typed["what"]),
        network=typed["network"] or None,
        since=_day(typed["since"]) if typed["since"] else None,
        until=_day(typed["until"]) + timedelta(days=1) if typed["until"] else None,
        before=_event(request.args.get("before", "")),
    )


def _person(login: Login, username: str) -> uuid.UUID:
    """Whoever has that username, of the company or not: only events of the company are looked for."""
    user = queries.by_username(username)
    if user is None or not (user.tenant_id == login.tenant.id or directory.works_for(user.id, login.tenant.id)):
        raise _Unreadable(_("Nobody here has the username %(username)s.", username=username[:100]))
    return user.id


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise _Unreadable(_("%(text)s is not a date like 2026-11-24.", text=text[:100])) from None


def _event(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise _Unreadable(_("There is no such page of the log."))
    return int(text)


def _lines(login: Login, events: Sequence[AuditEvent]) -> list[Line]:
    ids = {person for event in events for person in (event.user_id, event.actor_id) if person}
    names = directory.names_in(login.tenant.id, ids)
    return [_line(event, names) for event in events]


def _line(event: AuditEvent, names: Mapping[uuid.UUID, str]) -> Line:
    said = event.detail
    return Line(
        event=event,
        title=title_of(event.kind),
        who=_named(event.user_id, names),
        by=None if event.actor_id == event.user_id else _named(event.actor_id, names),
        why=tuple(_sentences(said.get("reasons", ()))),
        facts=in_words(said),
    )


def _named(person: uuid.UUID | None, names: Mapping[uuid.UUID, str]) -> str | None:
    return None if person is None else names.get(person) or str(_("somebody of another company"))


def _sentences(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for record in records:
        try:
            yield reasons.sentence(reasons.from_machine(record))
        except ValueError:  # another version's word
            continue


def _file(login: Login, mimetype: str, ending: str, rows: Any) -> Response:
    typed = _typed()
    try:
        asked = _asked(login, typed)
    except _Unreadable as error:
        return Response(f"{error}\n", 400, mimetype="text/plain")
    answer = Response(stream_with_context(rows(login, asked)), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="audit-{login.tenant.slug}.{ending}"'
    return answer


def _csv(login: Login, asked: Question) -> Iterator[str]:
    yield row("at", "kind", "title", "user", "actor", "network", "request_id", "detail")
    for events in log.everything(login.tenant.id, asked):
        for line in _lines(login, events):
            event = line.event
            detail = json.dumps(event.detail, ensure_ascii=False)
            known = (line.who or "", line.by or "", event.network or "", event.request_id or "")
            yield row(event.at.isoformat(), event.kind, line.title, *known, detail)


def _jsonl(login: Login, asked: Question) -> Iterator[str]:
    for events in log.everything(login.tenant.id, asked):
        for line in _lines(login, events):
            event = line.event
            said = {
                "at": event.at.isoformat(),
                "kind": event.kind,
                "user": line.who,
                "actor": line.by,
                "network": event.network,
                "request_id": event.request_id,
                "detail": event.detail,
            }
            yield json.dumps(said, ensure_ascii=False) + "\n"
