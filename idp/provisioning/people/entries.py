"""One table of the import file alone: its keys, their types, the values that can be used. Pure.

A key that the file does not name is None here. Credentials are of a type that no message and no log shows.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from idp.accounts.models import UserType
from idp.accounts.users import usernames
from idp.crypto import passwords, totp
from idp.provisioning.people.faults import Faults, Path
from idp.tenancy import zones
from idp.tenancy.policy import SESSION_LIMITS

SHORTEST_PASSWORD = 8
LONGEST_SLUG, LONGEST_NAME, LONGEST_EMAIL = 64, 200, 320
LONGEST_ADDRESS = 500
_PHONE = re.compile(r"(?=.{7,40}\Z)\+[1-9](?:[ ()-]*[0-9]){5,14}(?:;ext=[0-9]{1,6})?")
_SLUG = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_SECURITY_CODE = re.compile(r"[0-9]{4,12}")
_BASE64 = r"[A-Za-z0-9+/]"
_COST = r"[mtp]=[0-9]+"
_ARGON2ID = re.compile(rf"\$argon2id\$v=[0-9]+\${_COST},{_COST},{_COST}\${_BASE64}{{11,88}}\${_BASE64}{{22,88}}")
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


def text(longest: int) -> Any:
    """A line of text: not blank, no control characters, at most so many characters."""

    def check(value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
            raise ValueError("must not contain control characters")
        if len(value) > longest:
            raise ValueError(f"must have at most {longest} characters")
        return value

    return AfterValidator(check)


def _slug(value: str) -> str:
    if len(value) > LONGEST_SLUG or not _SLUG.fullmatch(value):
        raise ValueError(f"must have 1 to {LONGEST_SLUG} characters of a-z, 0-9 and -, and no - at either end")
    return value


def _username(value: str) -> str:
    if problem := usernames.problem(value):
        raise ValueError(problem)
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("is not a mail address")
    return value


def _zone(value: str) -> str:
    if not zones.is_zone(value):
        raise ValueError("must be a time zone of the IANA database, such as Europe/Amsterdam")
    return value


def _phone(value: str) -> str:
    """A number by ITU-T E.164, as OpenID Connect Core section 5.1 recommends; blanks, - and () may divide it."""
    if not _PHONE.fullmatch(value):
        raise ValueError("must be an international phone number, such as +31 20 123 4567")
    return value


def _user_type(value: object) -> UserType:
    try:
        return UserType(str(value))
    except ValueError:
        raise ValueError(f"must be {', '.join(UserType)}") from None


def secret(check: Callable[[str], str]) -> Any:
    """A text that is kept out of every message. `check` says what is wrong with it, and gives the form to keep."""

    def read(value: object) -> SecretStr:
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")  # noqa: TRY004 - pydantic collects ValueError only
        return SecretStr(check(value))

    return BeforeValidator(read)


def _security_code(value: str) -> str:
    if not _SECURITY_CODE.fullmatch(value):
        raise ValueError("must have 4 to 12 digits")
    return value


def _password(value: str) -> str:
    if not SHORTEST_PASSWORD <= len(value) <= passwords.MAX_CHARACTERS:
        raise ValueError(f"must have {SHORTEST_PASSWORD} to {passwords.MAX_CHARACTERS} characters")
    if "\0" in value:
        raise ValueError("must not contain NUL, which no page can send")
    return value


def _password_hash(value: str) -> str:
    if not _ARGON2ID.fullmatch(value) or not passwords.is_password_hash(value):
        raise ValueError("must be a whole $argon2id$ hash of a reasonable cost")
    return value


def _totp_secret(value: str) -> str:
    secret = totp.read_secret(value)
    if secret is None:
        raise ValueError("must be base32 (A-Z and 2-7)")
    return secret


def limit(name: str) -> Any:
    """A whole number within the bounds of this limit of a policy."""
    bounds = SESSION_LIMITS[name]

    def check(value: int) -> int:
        if value not in bounds:
            raise ValueError(f"must be {bounds.start} to {bounds.stop - 1}")
        return value

    return AfterValidator(check)


class Entry(BaseModel):
    """A table with these keys and no others; types are not converted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def _address_lines(value: str) -> str:
    """Text on several lines (OpenID Connect Core section 5.1.1)."""
    lines = value.split("\n")
    if not value.strip() or len(value) > LONGEST_ADDRESS or not all(line.isprintable() for line in lines):
        raise ValueError(f"must be text of at most {LONGEST_ADDRESS} characters")
    return value


AddressLines = Annotated[str, AfterValidator(_address_lines)]
Name = Annotated[str, text(LONGEST_NAME)]
Locale = Literal["nl", "en"]
Zone = Annotated[str, AfterValidator(_zone)]
Slug = Annotated[str, AfterValidator(_slug)]


class PolicyEntry(Entry):
    """`[tenants.policy]`."""

    security_code: bool | None = None
    two_factor_mandatory: bool | None = None
    two_factor_mandatory_from: date | None = None
    limit_two_factor_validity: bool | None = None
    block_new_ip: bool | None = None
    known_ip_same_browser: bool | None = None
    passkeys: bool | None = None
    session_idle_minutes: Annotated[int, limit("session_idle_minutes")] | None = None
    session_hours: Annotated[int, limit("session_hours")] | None = None


class TenantEntry(Entry):
    """`[[tenants]]`, without its users."""

    slug: Slug
    name: Name | None = None
    locale: Locale | None = None
    timezone: Zone | None = None
    security_code: Annotated[SecretStr, secret(_security_code)] | None = None
    policy: PolicyEntry = PolicyEntry()


class MembershipEntry(Entry):
    """`[[tenants.users.memberships]]`."""

    tenant: Slug


class AddressEntry(Entry):
    """`[tenants.users.address]`, by the members of OpenID Connect Core section 5.1.1."""

    formatted: AddressLines | None = None
    street_address: AddressLines | None = None
    locality: Name | None = None
    region: Name | None = None
    postal_code: Name | None = None
    country: Name | None = None


class UserEntry(Entry):
    """`[[tenants.users]]`."""

    username: Annotated[str, AfterValidator(_username)]
    name: Name | None = None
    email: Annotated[str, text(LONGEST_EMAIL), AfterValidator(_email)] | None = None
    type: Annotated[UserType, BeforeValidator(_user_type)] | None = None
    password: Annotated[SecretStr, secret(_password)] | None = None
    password_hash: Annotated[SecretStr, secret(_password_hash)] | None = None
    totp_secret: Annotated[SecretStr, secret(_totp_secret)] | None = None
    two_factor_every_30_days: bool | None = None
    locale: Locale | None = None
    phone: Annotated[str, AfterValidator(_phone)] | None = None
    address: AddressEntry | None = None
    memberships: list[MembershipEntry] = []


E = TypeVar("E", bound=Entry)


def read_entry(kind: type[E], table: Mapping[str, Any], path: Path, faults: Faults) -> E | None:
    """The table as an entry of this kind, with a fault for everything that is wrong in it.

    What is wrong is left out of the entry, so that the rest can be compared with the rest of the file. None: not even
    its name can be read.
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    for detail in details:
        faults.add(path + detail["loc"], _problem(detail, kind))
    wrong = {detail["loc"][0] for detail in details}
    rest = {key: value for key, value in table.items() if key not in wrong}
    return read_entry(kind, rest, path, faults) if len(rest) < len(table) else None


def _problem(detail: ErrorDetails, kind: type[Entry]) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(str(detail["loc"][-1]), kind)
        case "literal_error":
            return f"must be {detail['ctx']['expected'].replace(chr(39), '')}"
        case other:
            return _WORDS.get(other) or detail["msg"].removeprefix("Value error, ")


_WORDS = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "date_type": "must be a date, without quotes, such as 2026-03-01",
    "list_type": "must be an array of tables",
    "model_type": "must be a table",
}


def _unknown(key: str, kind: type[Entry]) -> str:
    close = get_close_matches(key, list(_keys(kind)), n=1)
    return f"unknown key; did you mean {close[0]}?" if close else "unknown key"


def _keys(kind: type[Entry]) -> Iterator[str]:
    for key, field in kind.model_fields.items():
        yield key
        if isinstance(field.annotation, type) and issubclass(field.annotation, Entry):
            yield from field.annotation.model_fields
