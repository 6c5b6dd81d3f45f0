"""The security center: who is safe and who is not yet, on a page and as a file.

figures of this moment ─▶ a bar with words beside it
figures by day ────────▶ a line and strips of bars (console/security/over_time.py)
show=unsafe|absent · order=last_login · search=… ─▶ a table, fifty people at a time, or all of them as CSV
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, request, stream_with_context
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.accounts import connect_codes
from idp.accounts.factors import coverage, passkeys, reminders
from idp.accounts.factors.coverage import Figures, Order, Question, Which
from idp.accounts.models import User, UserType
from idp.accounts.passwords import breaches
from idp.accounts.users import mailbox
from idp.console.security import charts
from idp.console.security.first_steps import FirstStep, first_steps
from idp.console.security.over_time import OverTime, over_time
from idp.console.settings.settings import DONE
from idp.console.tables import row
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.trust import known_ip

SHOWN: Mapping[Which, Any] = {
    Which.EVERYBODY: _l("Everybody"),
    Which.UNSAFE: _l("Not safe yet"),
    Which.ABSENT: _l("Not logged in for 90 days"),
    Which.UNCONFIRMED: _l("E-mail address not confirmed"),
    Which.UNCHECKED: _l("Password not checked for leaks"),
}
TYPES: Mapping[UserType, Any] = {
    UserType.EMPLOYEE: _l("Employee"),
    UserType.ADMINISTRATOR: _l("Administrator"),
    UserType.ACCOUNTANT: _l("Accountant"),
    UserType.SUPPORT: _l("Helpdesk"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A line of the table. `new_ip`: whether new addresses of this user are validated; `known`: live 30-day grants.

    `email_check`: what is known of the mailbox, in words.
    """

    user: User
    safe: bool
    totp: bool
    passkeys: int
    new_ip: bool
    known: int
    email_check: str


@dataclass(frozen=True, slots=True)
class SecurityCenter:
    """What the page shows.

    `others`: accountants of other offices. `width`: how much of the bar is filled, in percent. `to_remind`: somebody
    can be mailed now. `passwords_checked`: whether the operator has new passwords checked for leaks.
    """

    figures: Figures
    others: connect_codes.Figures
    first_steps: Sequence[FirstStep]
    to_remind: bool
    width: int
    over_time: OverTime
    people: Sequence[Person]
    asked: Question
    after: str | None
    shown: Mapping[Which, Any]
    passwords_checked: bool
    done: str | None


def security_center(login: Login) -> str:
    """Show the figures and some of the people."""
    asked = _asked()
    figures = coverage.figures(login.tenant)
    found = coverage.page_of(login.tenant, asked)
    width = 100 * figures.safe // figures.people if figures.people else 0
    people = _lines(login, found.people)
    page = SecurityCenter(
        figures=figures,
        others=connect_codes.figures(login.tenant),
        first_steps=first_steps(login, figures.people, figures.people - figures.safe),
        to_remind=figures.safe < figures.people and reminders.anybody_to_remind(login.tenant),
        width=width,
        over_time=over_time(login.tenant, figures),
        people=people,
        asked=asked,
        after=found.after,
        shown=_shown(),
        passwords_checked=breaches.switched_on(),
        done=DONE.get(request.args.get("done", "")),
    )
    return render("console/security_center.html", login, page=page, height_of=charts.height_of)


def people_as_csv(login: Login) -> Response:
    """Send the whole table, heap by heap."""
    answer = Response(stream_with_context(_file(login, _asked())), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="security-center-{login.tenant.slug}.csv"'
    return answer


def _asked() -> Question:
    """What the address asks; a word that means nothing asks nothing."""
    which, order = request.args.get("show", ""), request.args.get("order", "")
    return Question(
        which=Which(which) if which in set(_shown()) else Which.EVERYBODY,
        order=Order(order) if order in set(Order) else Order.USERNAME,
        search=request.args.get("search", "").strip(),
        after=request.args.get("after", ""),
    )


def _shown() -> Mapping[Which, Any]:
    """What may be asked: of passwords only where they are checked."""
    return {which: words for which, words in SHOWN.items() if which is not Which.UNCHECKED or breaches.switched_on()}


def _lines(login: Login, users: Sequence[User]) -> list[Person]:
    known = known_ip.numbers(users, login.tenant)
    return [_line(login, user, known) for user in users]


def _line(login: Login, user: User, known: Mapping[uuid.UUID, int]) -> Person:
    new_ip = login.tenant.block_new_ip if user.block_new_ip is None else user.block_new_ip
    return Person(
        user=user,
        safe=passkeys.has_second_factor(user, login.tenant.policy),
        totp=bool(user.totp_devices),
        passkeys=len(user.passkeys),
        new_ip=new_ip,
        known=known.get(user.id, 0),
        email_check=mailbox.in_words(user),
    )


def _file(login: Login, asked: Question) -> Iterator[str]:
    yield row(
        _("Name"),
        _("Username"),
        _("Type"),
        _("Last login"),
        _("E-mail address"),
        _("Safe"),
        _("Authenticator app"),
        _("Passkeys"),
        _("New IP addresses are validated"),
        _("Known IP addresses"),
        _("E-mail check"),
        _("E-mail address confirmed at"),
        *([_("Password checked for leaks at")] if breaches.switched_on() else ()),
    )
    for users in coverage.everyone(login.tenant, asked):
        for person in _lines(login, users):
            yield row(*_cells(person))


def _cells(person: Person) -> Iterator[str]:
    user = person.user
    yield from (user.name, user.username, str(TYPES[user.type]))
    yield _moment(user.last_login_at)
    yield user.email
    yield from (_yes(person.safe), _yes(person.totp), str(person.passkeys), _yes(person.new_ip), str(person.known))
    yield from (person.email_check, _moment(user.email_proved_at))
    if breaches.switched_on():
        yield _moment(user.password_checked_at)


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _yes(value: bool) -> str:  # noqa: FBT001 - a value to say
    return str(_("yes") if value else _("no"))
