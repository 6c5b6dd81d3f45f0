"""On which line each key of a TOML document stands. Pure.

`tomllib` keeps no positions. A document that it has accepted is valid, and a valid document can be walked with a few
patterns, because nothing has to be checked again:

    document:  table header | key = value | comment, line by line
    value:     "string" | [ value, … ] | { key = value, … } | anything up to the next , ] } # or end of line

It is walked only when there is a fault to report.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

from idp.provisioning.people.faults import Path

_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_STRING = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'''',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def lines_of(text: str) -> Mapping[Path, int]:
    """The line, from 1, of every key, table and array element of a valid document."""
    return dict(_Walk(text.replace("\r\n", "\n")).document())


class _Walk:
    """One pass over a document. `self._at` is where it has come to."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = 1
        self._lengths: dict[Path, int] = {}

    def document(self) -> Iterator[tuple[Path, int]]:
        table: Path = ()
        while self._next():
            if self._next() == "[":
                line = self._here()
                table = self._header()
                yield table, line
            else:
                yield from self._pair(table)

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the table it opens; on the way, the newest element of an array of tables is meant."""
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        *parents, last = self._keys()
        self._at += 2 if is_array else 1
        path: Path = ()
        for key in parents:
            path = (*path, key)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        path = (*path, last)
        if not is_array:
            return path
        self._lengths[path] = self._lengths.get(path, 0) + 1
        return (*path, self._lengths[path] - 1)

    def _pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        line = self._here()
        path = table + self._keys()
        yield path, line
        self._at += 1  # the equals sign
        self._take(_BLANK)
        yield from self._value(path)

    def _keys(self) -> tuple[str, ...]:
        keys: list[str] = []
        while True:
            self._take(_BLANK)
            keys.append(_plain(self._take(_KEY)))
            self._take(_BLANK)
            if not self._text.startswith(".", self._at):
                return tuple(keys)
            self._at += 1

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        match self._text[self._at]:
            case "[":
                yield from self._array(path)
            case "{":
                yield from self._inline_table(path)
            case '"' | "'":
                self._take(_STRING)
            case _:
                self._take(_SCALAR)

    def _array(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._at += 1
        index = 0
        while self._next() != "]":
            yield (*path, index), self._here()
            yield from self._value((*path, index))
            self._comma()
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._at += 1
        while self._next() != "}":
            yield from self._pair(path)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        if self._next() == ",":
            self._at += 1

    def _next(self) -> str:
        """The next character that means something; empty at the end."""
        self._take(_GAP)
        return self._text[self._at : self._at + 1]

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"no valid TOML at character {self._at}")
        self._at = found.end()
        return found.group()


def _plain(key: str) -> str:
    return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key
