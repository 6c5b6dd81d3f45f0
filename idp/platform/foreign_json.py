"""JSON that others wrote (RFC 8259): one place reads it, and says by a value what is wrong with it. Pure.

    bytes or text ─▶ too large? ─▶ UTF-8? ─▶ nested too deep? ─▶ JSON? ─▶ an object (a list)? ─▶ the value
                         └───────────┴──────────────┴──────────────┴──────────────┴─▶ Unusable(because)

JWT headers and payloads, registrations, the `claims` parameter, key sets and sector files that are fetched, what a passkey
answers. It is I-JSON (RFC 7493 sections 2.1 to 2.3) that is taken: each member once, no lone surrogate, numbers that a double
holds. NUL is refused as well: no text of PostgreSQL can have it. Depth is counted before anything is parsed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MOST_BYTES: Final = 64 * 1024
MOST_DEPTH: Final = 32
_MOST_DIGITS: Final = 20
_OPENS_OR_CLOSES: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""A text, whatever is in it, also one that does not end; or one bracket."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why something is not taken, in ASCII: "is not JSON"."""

    because: str


def object_in(raw: bytes | str, most_bytes: int = MOST_BYTES) -> dict[str, Any] | Unusable:
    """The JSON object that this is."""
    found = _value(raw, most_bytes)
    return found if isinstance(found, dict | Unusable) else Unusable("is not a JSON object")


def list_in(raw: bytes | str, most_bytes: int = MOST_BYTES) -> list[Any] | Unusable:
    """The JSON array that this is."""
    found = _value(raw, most_bytes)
    return found if isinstance(found, list | Unusable) else Unusable("is not a JSON array")


def is_text(text: str) -> bool:
    """Whether this can be kept and sent as UTF-8: it has no NUL and no lone surrogate."""
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _value(raw: bytes | str, most_bytes: int) -> object:
    if len(raw) > most_bytes:
        return Unusable(f"has more than {most_bytes} bytes")
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        return Unusable("is not UTF-8")
    if _is_deep(text):
        return Unusable(f"is nested deeper than {MOST_DEPTH}")
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_double, parse_int=_short
        )
    except (ValueError, RecursionError):
        return Unusable("is not JSON whose members are there once")
    return value if all(map(is_text, _texts(value))) else Unusable("has a text with a NUL or half a character")


def _is_deep(text: str) -> bool:
    depth = 0
    for found in _OPENS_OR_CLOSES.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MOST_DEPTH:
            return True
    return False


def _texts(value: object) -> Iterator[str]:
    """Every text in it, names of members too."""
    match value:
        case str():
            yield value
        case list():
            for inner in value:
                yield from _texts(inner)
        case dict():
            for inner in (*value, *value.values()):
                yield from _texts(inner)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member twice")
    return found


def _no_number(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _double(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number that no double holds")
    return number


def _short(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number of very many digits")
    return int(digits)
