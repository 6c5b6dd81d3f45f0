"""The settings of a tenant: a switch for each rule of its policy, how long people stay logged in, and one Save.

GET  ─▶ the policy as it is, from which day two-factor is mandatory, and what the switches would do to whom
POST ─▶ proof fresh? ──yes──▶ saved, back to the page
             │ no
             └─▶ the input waits under a handle ─▶ password, second factor ─▶ the form filled in again, to be saved
remind ─▶ whoever has no second factor is asked by mail, once a day at most (`accounts/factors/reminders.py`)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts import connect_codes
from idp.accounts.factors import reminders
from idp.console import form_draft, permissions
from idp.console.security.first_steps import FirstStep, first_steps
from idp.console.settings import effects, roll_out
from idp.console.settings.effects import Company, Effect
from idp.console.settings.session_limits import Number, numbers, typed_numbers, with_numbers, wrong_numbers
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.session import active
from idp.login.trust.network import current_address
from idp.platform import clock
from idp.platform.extensions import db
from idp.reporting.policy_impact import crowd_of
from idp.tenancy.changes import change_policy
from idp.tenancy.policy import Plan, Policy, reminders_left
from idp.web.fields import typed

SWITCHES = (
    "two_factor_mandatory",
    "limit_two_factor_validity",
    "security_code",
    "block_new_ip",
    "known_ip_same_browser",
    "passkeys",
)
DONE: Mapping[str, Any] = {
    "saved": _l("The settings are saved."),
    "mailed": _l(
        "A mail is on its way to everybody who logs in without two-factor authentication and got none today. "
        "The invited have their invitation."
    ),
}
UNUSED_FOR = (timedelta(minutes=10), timedelta(hours=1))
_FORM = "settings"


@dataclass(frozen=True, slots=True)
class Switch:
    """One checkbox: its field, its label, what it does and to whom.

    `was_on`: how it is kept; `effect`: what follows when that is turned.
    """

    field: str
    label: str
    sentence: str
    on: bool
    was_on: bool
    effect: Effect


@dataclass(frozen=True, slots=True)
class Input:
    """What a form says: the switches that are on, the numbers and the day as typed, whether people are told at once."""

    on: frozenset[str]
    typed: Mapping[str, str]
    day: str = ""
    announced: bool = False

    @property
    def mandatory(self) -> bool:
        """Whether two-factor is to be mandatory, at once or from a day on."""
        return "two_factor_mandatory" in self.on


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """What the settings page shows. `problem`: what is wrong with it. `unsaved`: its input waited for a proof.

    `day`: from when two-factor is mandatory, as typed; `soon`: the same as it is decided and still to come;
    `mailed_on`: the days on which people are reminded of it.

    `without`: who is led to setting up a second factor; `at_work`: how many browsers are logged in, and for how many of
    them a shorter time would count.
    `to_remind`: whether there is somebody without a second factor who was not asked by mail within a day.
    """

    switches: Sequence[Switch]
    numbers: Sequence[Number]
    day: str
    day_problem: str | None
    announced: bool
    soon: date | None
    mailed_on: Sequence[date]
    problem: str | None
    first_steps: Sequence[FirstStep]
    people: int
    without_two_factor: int
    without: Effect
    at_work: Sequence[int]
    to_remind: bool
    seen_as: str | None
    unsaved: bool
    done: str | None


def lead_there(login: Login) -> Response:
    """Go to the settings, the first page that the console has."""
    return redirect(url_for("console.settings"), 303)


def settings(login: Login) -> str:
    """Show the policy, or the input that waited for a proof."""
    kept = _kept()
    return _show(login, kept or _of_plan(login.tenant.plan), unsaved=kept is not None)


def save(login: Login) -> ResponseReturnValue:
    """Put the tenant under the policy that the form says: a checkbox that was not sent is off."""
    given = _sent()
    if wrong_numbers(given.typed) or _wrong_day(login, given):
        return _show(login, given, unsaved=False)
    permissions.act(login)
    change_policy(login.tenant, _plan(login.tenant.plan, given), login.user.id)
    if given.announced:
        reminders.announce(login.tenant, login.user)
    db.session.commit()
    return redirect(url_for("console.settings", done="saved"), 303)


def remind(login: Login) -> Response:
    """Mail whoever has no second factor."""
    permissions.act(login)
    reminders.remind(login.tenant, login.user)
    db.session.commit()
    where = "console.security_center" if typed("from") == "security-center" else "console.settings"
    return redirect(url_for(where, done="mailed"), 303)


def settings_page() -> str:
    """Return where the forms stand."""
    return url_for("console.settings")


def keep_input() -> str:
    """Keep what was sent until the proof is there, and return the page that will show it."""
    given = _sent()
    return url_for(
        "console.settings",
        kept=form_draft.keep(
            _FORM, {"on": sorted(given.on), "typed": dict(given.typed), "day": given.day, "announced": given.announced}
        ),
    )


def with_switches(policy: Policy, on: frozenset[str]) -> Policy:
    """The policy with the page's switches set as said, and nothing else changed."""
    return replace(policy, **{field: field in on for field in SWITCHES})


def _plan(plan: Plan, given: Input) -> Plan:
    """What the form decides, where nothing is wrong with it."""
    wanted = with_numbers(with_switches(plan.policy, given.on), given.typed)
    return roll_out.with_day(plan, wanted, given.day, clock.now())


def _wrong_day(login: Login, given: Input) -> str | None:
    return roll_out.wrong_day(given.day, login.tenant.plan, clock.now(), on=given.mandatory)


def _show(login: Login, given: Input, *, unsaved: bool) -> str:
    policy = with_switches(login.tenant.policy, given.on)
    company = Company(crowd_of(login.tenant), login.tenant.policy, connect_codes.number_of(login.tenant.id))
    without = effects.without_two_factor(company)
    count = company.crowd.people(without)
    wrong_day, soon = _wrong_day(login, given), login.tenant.mandatory_soon
    page = SettingsPage(
        switches=_switches(given, company, was_on=_of_plan(login.tenant.plan).on),
        numbers=numbers(policy, given.typed),
        day=given.day,
        day_problem=wrong_day,
        announced=given.announced,
        soon=soon,
        mailed_on=reminders_left(soon, login.tenant.two_factor_reminded) if soon else (),
        problem=_problem(given, wrong_day),
        first_steps=first_steps(login, company.all, count),
        people=company.all,
        without_two_factor=count,
        without=effects.named(company, without, _("See who")),
        at_work=active.numbers(login.tenant, UNUSED_FOR),
        to_remind=reminders.anybody_to_remind(login.tenant),
        seen_as=current_address(),
        unsaved=unsaved,
        done=DONE.get(request.args.get("done", "")),
    )
    return render("console/settings.html", login, page=page)


def _problem(given: Input, wrong_day: str | None) -> str | None:
    if wrong_numbers(given.typed):
        return str(_("A number is not right, and nothing is saved."))
    return str(_("Nothing is saved yet: look at the day below.")) if wrong_day else None


def _of_plan(plan: Plan) -> Input:
    """What the form says before anything is changed: a day that is still to come stands with its switch."""
    day = roll_out.shown_day(plan, clock.now())
    policy = plan.at(clock.now())
    shown = replace(policy, two_factor_mandatory=policy.two_factor_mandatory or bool(day))
    return Input(frozenset(field for field in SWITCHES if getattr(shown, field)), {}, day)


def _sent() -> Input:
    on = frozenset(field for field in SWITCHES if request.form.get(field))
    return Input(on, typed_numbers(request.form), roll_out.typed_day(request.form), roll_out.ANNOUNCE in request.form)


def _kept() -> Input | None:
    """The input that waits under the handle in the address, if it is this browser's."""
    kept = form_draft.kept(_FORM)
    if kept is None:
        return None
    return Input(frozenset(kept["on"]), kept.get("typed", {}), kept.get("day", ""), kept.get("announced", False))


def _switches(given: Input, company: Company, was_on: frozenset[str]) -> list[Switch]:
    return [
        Switch(field, label, sentence, field in given.on, field in was_on, effects.effect(field, company))
        for field, (label, sentence) in _words().items()
    ]


def _words() -> Mapping[str, tuple[str, str]]:
    return {
        "two_factor_mandatory": (
            _("Two-factor authentication is mandatory"),
            _("From now on, every user must set up 2FA for their user account."),
        ),
        "limit_two_factor_validity": (
            _("Limit validity of two-factor authentication"),
            _(
                "Users will always need to use 2FA during the login process, "
                "regardless of the IP address or login history."
            ),
        ),
        "security_code": (
            _("Ask for the security code"),
            _("After the password, every user types your company's security code, the same for all of them."),
        ),
        "block_new_ip": (
            _("Validate new IP addresses by mail"),
            _("Who logs in from an IP address for the first time opens a link or types a code that we mail to them."),
        ),
        "known_ip_same_browser": (
            _("A known IP address also needs the same browser"),
            _("Who chose 2FA once every 30 days is asked again in every other browser, also at the same IP address."),
        ),
        "passkeys": (
            _("Allow passkeys"),
            _(
                "A passkey stands for the password, the security code and 2FA at once. Without them, who has no other 2FA "
                "logs in by the password, or has to set up 2FA where it is mandatory."
            ),
        ),
    }
