"""Parameters as OAuth wants them. Pure.

RFC 6749 sections 3.1 and 3.2: each at most once, an empty one counts as left out, an unknown one is ignored. A single
one may come more than once: `resource` (RFC 8707 section 2).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, Protocol

LONGEST: Final = 4096
LONGEST_OF: Final[Mapping[str, int]] = {
    "claims": 8192,
    "client_assertion": 8192,
    "id_token_hint": 8192,
    "request": 8192,
}
MANY: Final = frozenset({"resource"})
MOST_RESOURCES: Final = 20
LONGEST_TOGETHER: Final = 24 * 1024
"""Bytes of everything, written as JSON: as much as is ever kept of a request."""


class Pairs(Protocol):
    """What a query or a form is: names, each with the values that were sent for it."""

    def lists(self) -> Iterable[tuple[str, list[str]]]:
        """Every name with all of its values."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request that were sent once and not empty, and the names of the others."""

    values: Mapping[str, str]
    repeated: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """The value, or None where it was left out, empty or repeated."""
        return self.values.get(name)

    @property
    def too_long(self) -> tuple[str, ...]:
        """The names of values longer than anything here needs."""
        long = [name for name, value in self.values.items() if len(value) > LONGEST_OF.get(name, LONGEST)]
        many = len(self.resources) > MOST_RESOURCES or any(len(value) > LONGEST for value in self.resources)
        return (*long, *(MANY if many else ()))

    @property
    def too_much(self) -> bool:
        """Whether all of them together are more than anything here needs."""
        return len(json.dumps([dict(self.values), self.resources])) > LONGEST_TOGETHER

    def fault(self) -> str | None:
        """What is wrong with the request as a whole, as an `error_description`; None when nothing is."""
        if self.repeated:
            return "A parameter was sent more than once"
        if self.too_long:
            return "A parameter is too long"
        return "The parameters together are too long" if self.too_much else None

    def only(self, names: AbstractSet[str]) -> Parameters:
        """Those of these names, and `repeated` as it was: what nobody reads is not kept, and need not be right."""
        known = {name: value for name, value in self.values.items() if name in names}
        return replace(self, values=known, resources=self.resources if names >= MANY else ())


def read(*sources: Pairs) -> Parameters:
    """The parameters of a request; one that is in two sources is repeated."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for name, values in source.lists():
            found.setdefault(name, []).extend(values)
    many = tuple(dict.fromkeys(value for name in MANY for value in found.pop(name, []) if value))
    once = {name: values[0] for name, values in found.items() if len(values) == 1 and values[0]}
    return Parameters(once, frozenset(name for name, values in found.items() if len(values) > 1), many)
