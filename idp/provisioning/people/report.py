"""What an import did, as values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One tenant, user or client that was created, or changed in these fields.

    `note` is something that the operator is told once: the security code that was made up.
    """

    kind: str
    name: str
    created: bool
    fields: Sequence[str] = ()
    note: str = ""

    def __str__(self) -> str:
        """One line for the operator."""
        done = "created" if self.created else f"changed: {', '.join(self.fields)}"
        return f"{self.kind} {self.name}: {done}{f' ({self.note})' if self.note else ''}"
