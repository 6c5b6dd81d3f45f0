"""The day on the settings page from which two-factor is mandatory: what is typed, what is wrong with it, what it decides.

    switch off ─▶ not mandatory             switch on, no day ─▶ at once
                                            switch on, a day  ─▶ from 00:00 of that day, in the Netherlands

Pure but for its words.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from idp.tenancy.policy import Plan, Policy, decided, today

FIELD = "two_factor_mandatory_from"
ANNOUNCE = "mail_at_once"
FARTHEST = timedelta(days=366)
_LONGEST = 40


def typed_day(form: MultiDict[str, str]) -> str:
    """The day as it was typed; one that was sent twice is none."""
    return " ".join(form.getlist(FIELD)).strip()[:_LONGEST]


def shown_day(plan: Plan, now: datetime) -> str:
    """What the field holds before anything is typed: a day that is still to come."""
    coming = plan.coming(now)
    return coming.isoformat() if coming else ""


def wrong_day(typed: str, plan: Plan, now: datetime, *, on: bool) -> str | None:
    """What is wrong with it, for the person; None where nothing is."""
    if not typed or (not on and typed == shown_day(plan, now)):
        return None
    day = _read(typed)
    if day is None:
        return str(_("%(text)s is not a date like 2026-11-24.", text=typed))
    if not on:
        return str(_("Tick the box as well: without it the day does nothing."))
    if day < today(now):
        return str(_("That day is over. Leave the day empty to begin as soon as you save."))
    return str(_("Choose a day within a year from now.")) if day > today(now) + FARTHEST else None


def with_day(plan: Plan, wanted: Policy, typed: str, now: datetime) -> Plan:
    """The plan with the wanted switches and the typed day, where nothing is wrong with it.

    What is mandatory already by a day that came stays as it was decided.
    """
    day = _read(typed)
    if wanted.two_factor_mandatory and plan.at(now).two_factor_mandatory and day is None:
        kept = replace(wanted, two_factor_mandatory=plan.policy.two_factor_mandatory)
        return replace(plan, policy=kept)
    later = day if day is not None and day > today(now) else None
    return decided(wanted, mandatory=wanted.two_factor_mandatory, since=later)


def _read(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
