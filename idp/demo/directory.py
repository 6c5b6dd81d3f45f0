"""The demo's data directory, for its owner's eyes only.

lock            held while the demo runs: two demos never share a directory
secrets.json    made at the first start, kept: without them the database cannot be read
settings.toml   what every other command needs to work on this demo (IDP_CONFIG), anew at every start
idp.sqlite      the database          mail/   what would have been mailed
logs/           the output of each process, anew at every start
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL

from idp.platform.errors import Misconfigured, Unavailable
from idp.platform.settings import KEY_DIGITS, PREFIX

PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Secrets:
    """What nobody chose: the provider's secret key, and the secrets of the applications."""

    secret_key: str
    sample_app: str
    partner_app: str
    night_export: str


class Directory:
    """The directory and the places in it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.database = self.path / "idp.sqlite"
        self.logs = self.path / "logs"
        self.valkey = self.path / "valkey"
        self.mail = self.path / "mail"
        self.settings = self.path / "settings.toml"
        self._secrets = self.path / "secrets.json"

    @property
    def database_url(self) -> str:
        """The database as a setting names it."""
        return URL.create("sqlite", database=str(self.database)).render_as_string()

    @property
    def mail_url(self) -> str:
        """The directory for mails as a setting names it."""
        return f"file://{quote(str(self.mail))}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the directory if need be, and hold it; raises `Unavailable` when that cannot be."""
        try:
            for place in (self.path, self.logs, self.valkey):
                place.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise Unavailable(
                f"The directory {self.path} cannot be used ({error.strerror}); see IDP_DATA_DIR."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Unavailable(f"Another demo is running in {self.path}; see IDP_DATA_DIR.") from None
        finally:
            os.close(lock)

    def secrets(self) -> Secrets:
        """The secrets of this demo, made if there are none yet."""
        if not self._secrets.exists():
            if self.database.exists():
                raise Misconfigured(
                    f"{self._secrets} is gone, and {self.database} cannot be read without: remove both."
                )
            _write_whole(self._secrets, json.dumps(asdict(_made_up()), indent=2))
        return self.kept_secrets()

    def kept_secrets(self) -> Secrets:
        """The secrets of this demo; raises `Misconfigured` when it never ran here."""
        try:
            return Secrets(**json.loads(self._secrets.read_bytes()))
        except FileNotFoundError:
            raise Misconfigured(f"There is no demo in {self.path}; start one: make demo") from None
        except (OSError, ValueError, TypeError) as error:
            raise Misconfigured(f"{self._secrets} cannot be read: {error}") from None

    def keep_settings(self, environment: Mapping[str, str]) -> None:
        """Write our variables of this environment as a file for IDP_CONFIG; a JSON string is a TOML string."""
        ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
        lines = (f"{name.removeprefix(PREFIX).lower()} = {json.dumps(value)}\n" for name, value in ours.items())
        _write_whole(self.settings, "".join(lines))


def _write_whole(path: Path, text: str) -> None:
    """Write a file for its owner's eyes, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _made_up() -> Secrets:
    return Secrets(secrets.token_hex(KEY_DIGITS // 2), *(secrets.token_urlsafe(32) for _ in range(3)))
