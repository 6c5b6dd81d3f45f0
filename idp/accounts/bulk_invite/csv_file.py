"""A CSV file of people (RFC 4180): UTF-8, a line of headers, one person a line. Everything that is wrong, all at once.

    bytes ─▶ UTF-8? ─▶ headers known, each once, name and email among them? ─▶ lines ─▶ the people, or the faults

Columns are separated by what separates the headers: comma, semicolon (as spreadsheets here write it) or tab. A fault
in the bytes or the headers is the only one that is told, as nothing behind it can be read.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from idp.accounts.users import profile, usernames
from idp.accounts.users.lifecycle import NewUser
from idp.web.cells import SEPARATORS, meant

MOST_PEOPLE = 5_000
HEADERS: Mapping[str, str] = {
    "name": "name",
    "naam": "name",
    "email": "email",
    "e-mail": "email",
    "e-mailadres": "email",
    "username": "username",
    "gebruikersnaam": "username",
    "type": "type",
    "locale": "locale",
    "taal": "locale",
}
"""What may stand in the first line, in English or in Dutch, and which field it is."""
_NEEDED = ("name", "email")


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong on a line, in a sentence. Line 1 has the headers; 0: the whole file."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody of the file, and the line on which they stand."""

    line: int
    new: NewUser


@dataclass(frozen=True, slots=True)
class Roll:
    """The people of a file, in its order, or everything that is wrong with it; one of the two is empty."""

    newcomers: Sequence[Newcomer]
    faults: Sequence[LineFault]


def read(content: bytes) -> Roll:
    """Read the file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unread(_("The file is not UTF-8. In your spreadsheet, save it as “CSV UTF-8”."))
    rows, broken = _rows(text)
    if not rows:
        return Roll((), broken) if broken else _unread(_("The file is empty."))
    (line, headers), *people = rows
    if faults := [LineFault(line, sentence) for sentence in _wrong_headers(_columns(headers), headers)]:
        return Roll((), faults)
    if len(people) > MOST_PEOPLE:
        return _unread(_("The file has more than %(count)s people. Make several files of it.", count=MOST_PEOPLE))
    if not people and not broken:
        return _unread(_("There is nobody in the file below the headers."))
    newcomers, faults = _read_people(_columns(headers), people)
    faults = sorted([*faults, *_twice(newcomers), *broken], key=lambda fault: fault.line)
    return Roll((), faults) if faults else Roll(newcomers, ())


def _unread(sentence: str) -> Roll:
    return Roll((), [LineFault(0, sentence)])


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], list[LineFault]]:
    """The lines that have something in them, with their numbers, until one cannot be read."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append((lines.line_num, cells))  # noqa: PERF401 - what came before a fault stays
    except csv.Error:
        return rows, [
            LineFault(lines.line_num, _("This line cannot be read: a quotation mark is missing, or too many."))
        ]
    return rows, []


def _columns(headers: Sequence[str]) -> list[str | None]:
    """The field that each column is; None for a header that we do not know."""
    return [HEADERS.get(header.strip().casefold()) for header in headers]


def _wrong_headers(columns: Sequence[str | None], headers: Sequence[str]) -> Iterator[str]:
    known = ", ".join(profile.FIELDS)
    for column, header in zip(columns, headers, strict=True):
        if column is None:
            yield _("We do not know the header “%(header)s”. There may be: %(known)s.", header=header[:50], known=known)
    for field in profile.FIELDS:
        if columns.count(field) > 1:
            yield _("The header %(field)s is there twice.", field=field)
        elif field in _NEEDED and field not in columns:
            yield _("The header %(field)s is missing.", field=field)


def _read_people(
    columns: Sequence[str | None], rows: Sequence[tuple[int, list[str]]]
) -> tuple[list[Newcomer], list[LineFault]]:
    newcomers: list[Newcomer] = []
    faults: list[LineFault] = []
    for line, cells in rows:
        if len(cells) > len(columns):
            faults.append(LineFault(line, _("There are more columns than headers.")))
            continue
        new = profile.read({str(column): meant(cell) for column, cell in zip(columns, cells, strict=False)})
        if isinstance(new, NewUser):
            newcomers.append(Newcomer(line, new))
        else:
            faults += [LineFault(line, fault.sentence) for fault in new]
    return newcomers, faults


def _twice(newcomers: Sequence[Newcomer]) -> Iterator[LineFault]:
    """Whoever has the username of somebody further up."""
    first: dict[str, int] = {}
    for newcomer in newcomers:
        above = first.setdefault(usernames.key(newcomer.new.username), newcomer.line)
        if above != newcomer.line:
            yield LineFault(newcomer.line, _("This username stands on line %(line)s already.", line=above))
