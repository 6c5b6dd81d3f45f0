"""`file:///directory`: each letter becomes one .eml file there, whole or not at all, readable by its owner only."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from idp.outbox.mail.failures import Refused, Unreachable
from idp.outbox.mail.render import Letter


@dataclass(frozen=True, slots=True)
class DirectorySink:
    """A directory; it is made when the first letter comes."""

    directory: Path

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read the setting."""
        return cls(Path(unquote(urlsplit(url).path)))

    def send(self, letter: Letter) -> None:
        """Write it. The name begins with the time and ends with the row's id, so writing again replaces it."""
        try:
            content = letter.as_bytes(eight_bit=True)
        except ValueError as error:
            raise Refused(str(error)) from None
        try:
            self._write(f"{letter.at:%Y%m%dT%H%M%S}-{letter.id}.eml", content)
        except OSError as error:
            raise Unreachable(f"{self.directory} cannot be written to: {error.strerror}") from None

    def probe(self) -> str:
        """Look at the nearest directory that exists."""
        nearest = next(place for place in (self.directory, *self.directory.parents) if place.exists())
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            return f"is written to {self.directory}"
        raise Unreachable(f"{self.directory} is not a directory that can be written to")

    def _write(self, name: str, content: bytes) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.directory / f".{name}.draft"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
        draft.replace(self.directory / name)
