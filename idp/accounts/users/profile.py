"""What is said of somebody who is to become a user: username, name, e-mail address, type, language. All faults at once.

A form of the console and a line of a CSV file say the same things; both are text, and come through here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from idp.accounts.models import OF_A_COMPANY, UserType
from idp.accounts.users import usernames
from idp.accounts.users.lifecycle import NewUser

LONGEST_NAME, LONGEST_EMAIL = 200, 320
LANGUAGES = ("nl", "en")
FIELDS = ("name", "email", "username", "type", "locale")
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field, in a sentence."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Particulars:
    """What of a user an administrator may correct. `locale`: None: the company's language."""

    name: str
    email: str
    locale: str | None


CORRECTED = ("name", "email", "locale")


def read_corrected(said: Mapping[str, str]) -> Particulars | list[Fault]:
    """What these fields say of somebody who is a user already, or everything that is wrong with them."""
    values = {field: said.get(field, "").strip() for field in CORRECTED}
    if wrong := _wrong(values):
        return [Fault(field, _words()[field]) for field in wrong]
    return Particulars(values["name"], values["email"], values["locale"] or None)


def read(said: Mapping[str, str]) -> NewUser | list[Fault]:
    """The new user that these fields say, or everything that is wrong with them. No username: the e-mail address."""
    values = {field: said.get(field, "").strip() for field in FIELDS}
    values["username"] = values["username"] or values["email"]
    values["type"] = values["type"] or UserType.EMPLOYEE.value
    if wrong := _wrong(values):
        return [Fault(field, _words()[field]) for field in wrong if not _follows(field, wrong, said)]
    return NewUser(
        username=values["username"],
        name=values["name"],
        email=values["email"],
        type=UserType(values["type"]),
        locale=values["locale"] or None,
    )


def taken(username: str) -> Fault:
    """Say that the name is somebody's already: usernames are unique over all companies."""
    return Fault("username", _("The username %(username)s is taken. Choose another one.", username=username))


def _wrong(values: Mapping[str, str]) -> list[str]:
    return [field for field, value in values.items() if not CHECKS[field](value)]


def _follows(field: str, wrong: Sequence[str], said: Mapping[str, str]) -> bool:
    """Whether the fault is only that of the address, which stands for a username that was not given."""
    return field == "username" and "email" in wrong and not said.get("username", "").strip()


def _words() -> Mapping[str, str]:
    return {
        "name": _("Give the name, in at most 200 characters."),
        "email": _("Give one e-mail address, such as anna@company.example."),
        "username": _("Give a username of at most 150 letters, digits or signs."),
        "type": _("The type is employee, administrator or accountant."),
        "locale": _("The language is nl or en."),
    }


def _is_name(text: str) -> bool:
    return is_line(text, LONGEST_NAME)


def is_line(text: str, longest: int) -> bool:
    """Whether it is a text on one line, of at most so many characters."""
    odd = {"Cc", "Cs", "Zl", "Zp"}
    return 0 < len(text) <= longest and not any(unicodedata.category(sign) in odd for sign in text)


def _is_email(text: str) -> bool:
    return is_line(text, LONGEST_EMAIL) and _EMAIL.fullmatch(text) is not None


def _is_username(text: str) -> bool:
    """Whether it may be a username; where none is given the address counts, which has a sentence of its own."""
    return usernames.problem(text) is None


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "name": _is_name,
    "email": _is_email,
    "username": _is_username,
    "type": OF_A_COMPANY.__contains__,
    "locale": frozenset({"", *LANGUAGES}).__contains__,
}
