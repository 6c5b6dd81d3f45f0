"""What is left until everybody of a company is safe, in the order in which a new administrator does it.

yourself ─▶ your people ─▶ mandatory, now or from a day on ─▶ everybody has set it up ─▶ nothing is left: no card
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import format_date, format_number
from flask_babel import gettext as _

from idp.accounts.factors.passkeys import has_second_factor
from idp.login.flow.entry import Login


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One of them: whether it is done, what it is, and where it is done."""

    done: bool
    words: str
    action: str
    href: str


def first_steps(login: Login, people: int, unsafe: int) -> Sequence[FirstStep]:
    """The steps of a company with so many people, so many of them without a second factor; none when all are done."""
    steps = (
        FirstStep(
            has_second_factor(login.user, login.tenant.policy),
            _("Set up two-factor authentication for yourself."),
            _("Set up"),
            url_for("account.two_factor"),
        ),
        FirstStep(people > 1, _people(people), _("Invite"), url_for("console.invite")),
        _mandatory(login),
        FirstStep(
            unsafe == 0,
            _(
                "Everybody sets it up: %(safe)s of %(all)s people have.",
                safe=format_number(people - unsafe),
                all=format_number(people),
            ),
            _("See who"),
            url_for("console.security_center", show="unsafe", _anchor="people"),
        ),
    )
    return () if all(step.done for step in steps) else steps


def _people(number: int) -> str:
    alone = _("Invite the people of your company, one by one or from a file. So far you are the only one.")
    return (
        str(alone)
        if number <= 1
        else str(_("Your company has %(number)s people, invited ones included.", number=format_number(number)))
    )


def _mandatory(login: Login) -> FirstStep:
    soon = login.tenant.mandatory_soon
    words = (
        _("Two-factor authentication becomes mandatory on %(day)s.", day=format_date(soon))
        if soon
        else _("Make two-factor authentication mandatory, at once or from a day on.")
    )
    done = soon is not None or login.tenant.policy.two_factor_mandatory
    return FirstStep(done, words, _("Choose"), url_for("console.settings", _anchor="two_factor_mandatory"))
