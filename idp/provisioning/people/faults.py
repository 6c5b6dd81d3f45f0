"""What is wrong with an import file, collected so that one run names all of it. Pure."""

from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""The way to a value from the top of the document: names of keys, and places in arrays from 0."""


def spelled(path: Path) -> str:
    """The path as a person reads it: `tenants[0].users[2].email`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where. `line` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        """`FILE:LINE: key.path: what is wrong`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.problem}" if self.key else f"{where}: {self.problem}"


class Refused(Exception):
    """The file is refused whole; nothing was written. `faults` has everything that was found, in the file's order."""

    def __init__(self, *faults: Fault) -> None:
        """Keep the faults."""
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


@dataclass(slots=True)
class Faults:
    """The faults found so far, each with the path of what it is about."""

    found: dict[Path, str] = field(default_factory=dict)

    def add(self, path: Path, problem: str) -> None:
        """Remember one more; of one place the first fault says enough."""
        self.found.setdefault(path, problem)
