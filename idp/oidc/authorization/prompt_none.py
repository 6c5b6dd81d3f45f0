"""`prompt=none` (OpenID Connect Core sections 3.1.2.1 and 3.1.2.6): which error says what is missing.

    judge without any demand but who and where ─┬─ nobody is logged in ─────────▶ login_required
                                                ├─ a second factor to set up ───▶ interaction_required
    … and with "not before"  ───────────────────┼─ the proof is too old ────────▶ login_required
    … and with an essential level ──────────────┼─ it is not reached ───────────▶ unmet_authentication_requirements
                                                ├─ a tenant to choose ──────────▶ account_selection_required
                                                └─ another step of the policy ──▶ interaction_required

Before the person has allowed what a third party asks, none of it depends on whom or which tenant the request names:
whoever could compare two answers would learn who is logged in here, or for whom they work.

A level that is only preferred never makes an error: the answer says what the login is worth (section 5.5.1.1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.login.core.types import Challenge, Complete, Demand, Level, StepName
from idp.login.flow.entry import Standing, judge
from idp.oidc.authorization.checks import Rejected

_NOBODY: Final = Rejected("login_required", "Nobody who would do is logged in")


def demand_without_pages(demand: Demand) -> Demand:
    """What must be met when nothing can be asked."""
    return demand if demand.essential else replace(demand, level=Level.NOTHING)


def of_whoever_is_here(demand: Demand) -> Demand:
    """The same demand of whoever is logged in, for whichever tenant."""
    return replace(demand, subject=None, tenant=None)


def before_consent(demand: Demand, standing: Standing) -> Rejected:
    """The error where the person has not allowed what is asked. `standing`: towards `of_whoever_is_here`."""
    if demand.subject is not None:
        return _NOBODY
    match standing.decision:
        case Complete() | Challenge(step=StepName.CHOOSE_TENANT):
            return Rejected("consent_required", "The user has not allowed this application its scopes")
        case _:
            return missing(of_whoever_is_here(demand), standing)


def missing(demand: Demand, standing: Standing) -> Rejected:
    """The error for a challenge that cannot be shown."""
    if standing.login is None:
        return _NOBODY
    bare = replace(demand, level=Level.NOTHING, essential=False, not_before=None)
    owed = judge(bare).decision
    if isinstance(owed, Challenge) and owed.step is StepName.SET_UP_TOTP:
        return Rejected("interaction_required", "The user must set up two-factor authentication")
    if not _complete(replace(bare, not_before=demand.not_before)) and _complete(bare):
        return Rejected("login_required", "The login is older than max_age")
    if demand.essential and not _complete(replace(bare, level=demand.level, essential=True)):
        return Rejected("unmet_authentication_requirements", "The login does not reach an essential acr value")
    if isinstance(owed, Challenge) and owed.step is StepName.CHOOSE_TENANT:
        return Rejected("account_selection_required", "The user must choose a tenant")
    return Rejected("interaction_required", "The user must answer another login step")


def _complete(demand: Demand) -> bool:
    return isinstance(judge(demand).decision, Complete)
