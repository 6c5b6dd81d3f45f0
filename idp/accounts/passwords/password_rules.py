"""What is wrong with a password, in sentences for the person who chose it."""

from dataclasses import dataclass

from flask_babel import gettext as _

from idp.accounts.factors import passkeys
from idp.accounts.models import User
from idp.accounts.passwords import breaches
from idp.accounts.passwords.strength import LONGEST, Problem, problems, shortest


@dataclass(frozen=True, slots=True)
class Verdict:
    """A sentence for each reason why it is not taken. `checked`: the service of breached passwords says that it knows it not."""

    faults: list[str]
    checked: bool


def judge(user: User, password: str) -> Verdict:
    """Whether this user can have this password."""
    found = problems(
        password,
        has_second_factor=has_second_factor(user),
        username=user.username,
        name=user.name,
        tenant_name=user.tenant.name,
    )
    known = None if found else breaches.is_known(password)
    if known:
        found = [Problem.COMMON]
    words = {
        Problem.TOO_SHORT: _("Choose a longer one: at least %(count)s characters.", count=shortest_of(user)),
        Problem.TOO_LONG: _("Choose a shorter one: at most %(count)s characters.", count=LONGEST),
        Problem.COMMON: _("This password is common or was leaked somewhere, so it is among the first to be guessed."),
        Problem.LIKE_YOU: _("This password is too much like your name, your username or your company."),
        Problem.TOO_SIMPLE: _("This password is little more than a sequence, or the same again and again."),
    }
    return Verdict([words[problem] for problem in found], checked=known is False)


def shortest_of(user: User) -> int:
    """How many characters the user's password must have at least."""
    return shortest(has_second_factor=has_second_factor(user))


def has_second_factor(user: User) -> bool:
    """Whether something besides the password is asked of the user at a login for their own company."""
    return passkeys.has_second_factor(user, user.tenant.policy)
