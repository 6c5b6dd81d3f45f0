"""The import file as TOML, with the place of everything in it."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from idp.provisioning.people.faults import Fault, Faults, Path, Refused, spelled
from idp.provisioning.people.positions import lines_of

TABLES = ("tenants", "clients")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is TOML. `name` is the file as the operator called it."""

    name: str
    text: str
    content: Mapping[str, Any]

    def tables(self, *path: str | int) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """Every table of the array at this path, with its own path; whatever else stands there is nobody's."""
        value: Any = self.content
        for part in path:
            value = value.get(part, []) if isinstance(part, str) else value[part]
        if isinstance(value, list):
            yield from (((*path, place), table) for place, table in enumerate(value) if isinstance(table, dict))

    def refuse(self, faults: Faults) -> None:
        """Raise `Refused` when there is any fault, with a line for each, in the file's order."""
        if faults.found:
            lines = lines_of(self.text)
            found = {
                Fault(self.name, _line(lines, path), spelled(path), problem) for path, problem in faults.found.items()
            }
            raise Refused(*sorted(found, key=lambda fault: (fault.line, fault.key, fault.problem)))


def read(name: str) -> Document:
    """The document in the file of that name. Raises `Refused` when it cannot be read or is not TOML."""
    try:
        text = FilePath(name).read_bytes().decode("utf-8")
        return Document(name, text, tomllib.loads(text))
    except OSError as error:
        raise Refused(Fault(name, 0, "", f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Refused(Fault(name, line, "", "is not UTF-8, as TOML must be")) from None
    except tomllib.TOMLDecodeError as error:
        raise Refused(Fault(name, *_place_and_problem(str(error), text))) from None
    except (RecursionError, ValueError) as error:
        raise Refused(Fault(name, 0, "", f"is not TOML: {error}")) from None


def check_top(document: Document, faults: Faults) -> None:
    """The file holds arrays of tables of the known names, and nothing else."""
    for key, value in document.content.items():
        if key not in TABLES:
            faults.add((key,), f"unknown table; there are {' and '.join(f'[[{name}]]' for name in TABLES)}")
        elif not isinstance(value, list):
            faults.add((key,), f"must be written [[{key}]], once for each of them")
        else:
            check_tables(value, (key,), faults)


def check_tables(value: object, path: Path, faults: Faults) -> None:
    """What stands at this path is an array of tables."""
    if not isinstance(value, list):
        faults.add(path, "must be an array of tables")
        return
    for place, table in enumerate(value):
        if not isinstance(table, dict):
            faults.add((*path, place), "must be a table")


def _line(lines: Mapping[Path, int], path: Path) -> int:
    """The line of the path: its own, the first of what is in it, or that of the nearest table around it."""
    if path in lines or not path:
        return lines.get(path, 1)
    inside = [line for known, line in lines.items() if known[: len(path)] == path]
    return min(inside) if inside else _line(lines, path[:-1])


def _place_and_problem(error: str, text: str) -> tuple[int, str, str]:
    """`tomllib` says "What (at line 3, column 7)", or "What (at end of document)"."""
    problem, _, place = error.rpartition(" (at ")
    words = place.rstrip(")").replace(",", "").split()
    if words[:1] != ["line"]:
        return text.count("\n") + 1, "", f"is not TOML: {problem or error}"
    return int(words[1]), "", f"is not TOML: {problem} (column {words[3]})"
