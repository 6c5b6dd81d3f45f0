"""The numbers on the settings page: how long people stay logged in. Pure but for its words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from idp.tenancy.policy import SESSION_LIMITS, Policy

_LONGEST = 9


@dataclass(frozen=True, slots=True)
class Number:
    """One field: its label, its unit, what is typed in it, and the least and the most that it takes."""

    field: str
    label: str
    sentence: str
    value: str
    least: int
    most: int
    wrong: bool


def typed_numbers(form: MultiDict[str, str]) -> dict[str, str]:
    """The numbers as they were typed; a field that was not sent stays as it is, one that was sent twice is no number."""
    sent = {field: form.getlist(field) for field in SESSION_LIMITS if field in form}
    return {field: values[0].strip()[:_LONGEST] if len(values) == 1 else "" for field, values in sent.items()}


def wrong_numbers(typed: Mapping[str, str]) -> frozenset[str]:
    """The fields that hold no number, or one out of bounds."""
    return frozenset(field for field, value in typed.items() if _number(value) not in SESSION_LIMITS[field])


def with_numbers(policy: Policy, typed: Mapping[str, str]) -> Policy:
    """The policy with what was typed, where nothing is wrong with it."""
    return replace(
        policy,
        session_idle_minutes=int(typed.get("session_idle_minutes", policy.session_idle_minutes)),
        session_hours=int(typed.get("session_hours", policy.session_hours)),
    )


def numbers(policy: Policy, typed: Mapping[str, str]) -> tuple[Number, ...]:
    """The fields of the page: what was typed, else what the policy says."""
    words = {
        "session_idle_minutes": (_("Log out after so many minutes without use"), _("%(least)s to %(most)s minutes.")),
        "session_hours": (
            _("Log out so many hours after logging in, whatever is done"),
            _("%(least)s to %(most)s hours."),
        ),
    }
    wrong = wrong_numbers(typed)
    return tuple(
        Number(
            field=field,
            label=words[field][0],
            sentence=words[field][1] % {"least": limits.start, "most": limits.stop - 1},
            value=typed.get(field, str(getattr(policy, field))),
            least=limits.start,
            most=limits.stop - 1,
            wrong=field in wrong,
        )
        for field, limits in SESSION_LIMITS.items()
    )


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None
