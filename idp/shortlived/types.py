"""What a home is: it keeps sealed text at an address and gives it away once."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Address:
    """Where a value lies in its home: its kind and the SHA-256 (hexadecimal) of its handle, never the handle."""

    kind: str
    digest: str

    def __str__(self) -> str:
        """One text for both, also the owner for whom the value is sealed."""
        return f"{self.kind}:{self.digest}"


class Home(Protocol):
    """A store of sealed values. It does not read them, and does not decide whether one is over."""

    mark: ClassVar[str]
    """The first character of the handles that live here."""

    remembers: ClassVar[bool]
    """Whether what was taken stays taken whatever happens to the store."""

    def put(self, address: Address, sealed: str, expires_at: datetime) -> None:
        """Keep a new value, at least until it expires."""

    def get(self, address: Address) -> str | None:
        """Return the value, if it is there."""

    def replace(self, address: Address, sealed: str) -> bool:
        """Put another value in the place of one that is still there; whether it was."""

    def take(self, address: Address) -> str | None:
        """Give the value away and forget it, in one step."""
