"""The settings: read once, checked whole, frozen. Nobody else reads the environment.

    environment IDP_* ──▶┐
                         ├─▶ Settings.load() ──▶ Settings (frozen)   every fault found is one line that names its setting
    TOML at IDP_CONFIG ─▶┘   (the environment wins)

In the TOML file a setting has its name in lower case without the prefix (`issuer = "https://…"`), lists are lists. An
unknown key in the file is a fault; an unknown variable of the environment is somebody else's.
"""

import ipaddress
import os
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import SplitResult, urlsplit

from flask import Flask, current_app
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from idp.platform.errors import Misconfigured

PREFIX = "IDP_"
CONFIG_VARIABLE = "IDP_CONFIG"
_KEY = "idp.platform.settings"
KEY_DIGITS = 64
FEWEST_DIFFERENT_BYTES = 8

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ForwardedHeader(StrEnum):
    """The one header that a trusted proxy is believed in."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"


def is_loopback(host: str | None) -> bool:
    """Tell whether `host` is this machine itself: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(value: str) -> SplitResult:
    """Split a URL; a port that is no port is a fault here and not later."""
    parts = urlsplit(value)
    _ = parts.port
    return parts


def split_hosts(url: str) -> SplitResult:
    """Split a URL that may name several hosts: newer Pythons take such a list with an IPv6 address for a broken host."""
    scheme, _, rest = url.partition("://")
    netloc = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return urlsplit(f"{scheme}://{rest[len(netloc) :]}")._replace(netloc=netloc)


def _an_issuer(value: str) -> str:
    """OpenID Connect Core 2 (`iss`): https, no query, no fragment. Ours is a bare origin: cookies hold for all of it."""
    parts = _split(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("must be a URL such as https://login.example.com")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https (http is for loopback addresses only)")
    if parts.path or parts.query or parts.fragment or parts.username or "@" in parts.netloc:
        raise ValueError("must be scheme and host only: no path, not even a slash at the end, no query, no user")
    if value != f"{parts.scheme}://{parts.netloc}".lower():
        raise ValueError("must be written in lower case, without blanks")
    return value


def _a_database(value: str) -> str:
    """Accept PostgreSQL and SQLite; a plain postgresql:// means psycopg 3, a relative SQLite path is made absolute."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("must be a URL such as postgresql://user:password@host/name or sqlite:////path") from None
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return _with_psycopg(url)
        case "sqlite":
            return _with_absolute_path(url)
        case other:
            raise ValueError(f"must be PostgreSQL or SQLite, not {other}")


def _with_psycopg(url: URL) -> str:
    if "+" in url.drivername and url.drivername != "postgresql+psycopg":
        raise ValueError("must name psycopg, the one driver that is installed: postgresql://…")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _with_absolute_path(url: URL) -> str:
    if url.database in {None, "", ":memory:"}:
        return "sqlite://"
    return url.set(drivername="sqlite", database=str(Path(url.database or "").absolute())).render_as_string()


def _a_redis(value: str) -> str:
    """Accept the schemes of `idp.platform.cache`; sentinels and clusters name several hosts, each with a port of its own."""
    parts = split_hosts(value)
    for host in parts.netloc.rpartition("@")[2].split(","):
        _split(f"//{host}")
    if parts.scheme not in {"redis", "rediss", "redis+sentinel", "redis+cluster"} or not parts.netloc:
        raise ValueError("must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://")
    return value


def _a_mail_sink(value: str) -> str:
    parts = _split(value)
    match parts.scheme:
        case "smtp" | "smtps" if parts.hostname:
            return value
        case "file" if parts.path.startswith("/") and not parts.netloc:
            return value
        case _:
            raise ValueError("must be smtp://host:port, smtps://host:port or file:///directory")


def _a_service(value: str) -> str:
    """Accept https, and http on this machine; what is asked there goes to nobody else."""
    parts = _split(value)
    if not parts.hostname or parts.scheme not in {"https", "http"}:
        raise ValueError("must be a URL such as https://api.pwnedpasswords.com/range")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https (http is for loopback addresses only)")
    if parts.query or parts.fragment:
        raise ValueError("must have no query and no fragment")
    return value


def _listed(value: object) -> object:
    """Take a comma-separated text for the list that it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _keys(value: object) -> object:
    return tuple(_a_key(part) for part in _listed(value)) if isinstance(value, str | list | tuple) else value  # type: ignore[attr-defined]


def _a_key(value: object) -> str:
    """Read one key; what is wrong is said without repeating the key."""
    if not isinstance(value, str) or len(value) != KEY_DIGITS:
        raise ValueError(f"each key must have {KEY_DIGITS} hexadecimal digits (make one: idp keys new-secret)")
    if not set(value) <= set(string.hexdigits):
        raise ValueError("each key must be hexadecimal (make one: idp keys new-secret)")
    return value.lower()


def _some_different(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("needs at least one key (make one: idp keys new-secret)")
    if len(set(value)) != len(value):
        raise ValueError("names the same key twice")
    return value


def _networks(value: object) -> object:
    return tuple(_a_network(part) for part in _listed(value)) if isinstance(value, str | list | tuple) else value  # type: ignore[attr-defined]


def _a_network(value: object) -> object:
    try:
        return ipaddress.ip_network(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is not a network such as 10.0.0.0/8 or 2001:db8::/32") from None


def _a_header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("must be the name of a header, such as Client-Cert")
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Everything that an operator may set. Each is also the environment variable `IDP_` + its name."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    issuer: Annotated[str, AfterValidator(_an_issuer)]
    """The address that applications and browsers know us by; every link is built from it."""

    database_url: Annotated[str, AfterValidator(_a_database)] = Field(repr=False)
    """PostgreSQL or SQLite, as SQLAlchemy writes it."""

    secret_keys: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_keys), AfterValidator(_some_different)] = Field(
        repr=False
    )
    """64 hexadecimal digits each, newest first: the first one seals and signs, all of them open and verify."""

    redis_url: Annotated[str, AfterValidator(_a_redis)] | None = Field(default=None, repr=False)
    """Speed only: everything works without it."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    """Whose forwarded header is believed. Empty: nobody's."""

    forwarded_header: Annotated[ForwardedHeader, BeforeValidator(_lower)] = ForwardedHeader.X_FORWARDED_FOR
    """Which header that is; the other one is never read."""

    client_certificate_header: Annotated[str, AfterValidator(_a_header)] | None = None
    """The header in which a trusted proxy hands on the certificate of a client's TLS connection (RFC 9440, or PEM that is
    URL-encoded): Client-Cert. Absent: no client is known by a certificate, and no token is bound to one."""

    client_certificates_verified: bool = False
    """Whether the proxy hands on only certificates whose chain it has verified. False: a name in one proves nothing."""

    mail_url: Annotated[str, AfterValidator(_a_mail_sink)] | None = Field(default=None, repr=False)
    """Where mails go. Absent: they wait in the outbox."""

    mail_from: str = ""
    """The sender. Absent: no-reply at the issuer's host."""

    key_rotation_days: int = Field(default=90, ge=1, le=3650)
    """For how many days a key signs tokens before a worker lets the next one take over."""

    metrics_token: SecretStr | None = None
    """The bearer token that opens /metrics. Absent: /metrics does not exist."""

    breached_passwords_url: Annotated[str, AfterValidator(_a_service)] | None = None
    """Have I Been Pwned's range API, https://api.pwnedpasswords.com/range. Absent: only our own list is asked."""

    argon2_memory_kib: int = Field(default=19 * 1024, ge=19 * 1024, le=1024 * 1024)
    """The memory of one password hash. A hash made with less is renewed when its owner logs in."""

    argon2_passes: int = Field(default=2, ge=2, le=16)
    """How many times it goes through that memory."""

    argon2_at_once: int | None = Field(default=None, ge=1, le=1024)
    """How many hashes are computed at once in one process; the others wait a little, then get 503. Absent: one a core."""

    audit_years: int = Field(default=1, ge=1, le=7)
    """The fewest years that a company keeps its audit log; it may choose more."""

    data_dir: Path = Path(".idp-demo")
    """Where the embedded stores of the demo live."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: what code says, then the environment, then the file."""
        return init_settings, env_settings, _TomlFile(settings_cls)

    @classmethod
    def load(cls) -> Self:
        """Read and check everything, or raise `Misconfigured` with one line for each fault."""
        try:
            settings = cls()  # type: ignore[call-arg]  # the sources fill it
        except ValidationError as error:
            raise Misconfigured(*(_line(fault) for fault in error.errors())) from None
        if faults := tuple(settings.unsafe()):
            raise Misconfigured(*faults)
        return settings

    def unsafe(self) -> list[str]:
        """Return a line for each value that is well-formed and yet not fit for production."""
        return [*self._of_headers(), *([] if self.development else self._of_keys())]

    def _of_headers(self) -> Iterator[str]:
        """A header that nobody may set, that everybody may set, or that says of another one what is not read."""
        if self.client_certificate_header and not self.trusted_proxies:
            yield f"{PREFIX}CLIENT_CERTIFICATE_HEADER: is believed from {PREFIX}TRUSTED_PROXIES only, and there are none"
        if any(block.prefixlen == 0 for block in self.trusted_proxies):
            yield f"{PREFIX}TRUSTED_PROXIES: names every address there is; name those of the proxies"
        if self.client_certificates_verified and not self.client_certificate_header:
            yield f"{PREFIX}CLIENT_CERTIFICATES_VERIFIED: says so of {PREFIX}CLIENT_CERTIFICATE_HEADER, which is not set"

    def _of_keys(self) -> Iterator[str]:
        if any(len(set(bytes.fromhex(key))) < FEWEST_DIFFERENT_BYTES for key in self.secret_keys):
            yield f"{PREFIX}SECRET_KEYS: holds a key that is not random (make one: idp keys new-secret)"

    def trusts(self, peer: str | None) -> bool:
        """Tell whether this is the address of one of our own proxies, whose headers are believed."""
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in block for block in self.trusted_proxies)

    @property
    def development(self) -> bool:
        """Tell whether this is a loopback http issuer: cookies are then neither Secure nor `__Host-`."""
        return self.issuer.startswith("http:")

    @property
    def issuer_host(self) -> str:
        """The host name of the issuer, without the port."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def sender(self) -> str:
        """The address that mails come from."""
        return self.mail_from or f"no-reply@{self.issuer_host}"

    def cookie_name(self, name: str) -> str:
        """Prefix `name` with `__Host-` where the browser would accept it (RFC 6265bis section 4.1.3.2)."""
        return name if self.development else f"__Host-{name}"


class _TomlFile(PydanticBaseSettingsSource):
    """The file that IDP_CONFIG names, if it names one."""

    def __call__(self) -> dict[str, Any]:
        path = os.environ.get(CONFIG_VARIABLE)
        return {_setting(key): value for key, value in _read(Path(path)).items()} if path else {}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Never asked: `__call__` gives all values at once."""
        raise NotImplementedError


def _setting(key: str) -> str:
    return key.lower().removeprefix(PREFIX.lower())


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{CONFIG_VARIABLE}: {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{CONFIG_VARIABLE}: {path} is not TOML: {error}") from None


def _line(fault: Mapping[str, Any]) -> str:
    """Say one fault of pydantic's in one line that begins with the setting's name."""
    name = PREFIX + str(fault["loc"][0]).upper() if fault["loc"] else CONFIG_VARIABLE
    match fault["type"]:
        case "missing":
            return f"{name}: is not set"
        case "extra_forbidden":
            return f"{name}: is not a setting (see {CONFIG_VARIABLE})"
        case _:
            return f"{name}: {str(fault['msg']).removeprefix('Value error, ')}"


def keep(app: Flask, settings: Settings) -> None:
    """Hang the settings on the application."""
    app.extensions[_KEY] = settings


def of(app: Flask) -> Settings:
    """Return the settings of this application."""
    settings: Settings = app.extensions[_KEY]
    return settings


def current() -> Settings:
    """Return the settings of the application that handles this request."""
    return of(current_app)
