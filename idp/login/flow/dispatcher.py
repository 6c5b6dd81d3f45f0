"""Where a login stands and what comes next. The one place that routes; steps only prove or reject.

handle ─▶ find ── unknown, another browser's ─▶ a page that says so
└──── expired ─▶ a page that offers to begin again
facts  ─▶ decide ── Challenge ─▶ the step's own address
├─ Complete ──▶ completion.finish
└─ Deny ──────▶ back to whoever asked, or a page
"""

from dataclasses import replace
from typing import assert_never
from urllib.parse import urlencode

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.audit.record import record
from idp.login.core.decide import decide
from idp.login.core.types import Challenge, Complete, Decision, Demand, Deny, StepName
from idp.login.flow import pages
from idp.login.flow.completion import finish
from idp.login.flow.refusals import refused
from idp.login.steps import STEPS
from idp.login.steps.base import Context, Proved
from idp.login.transaction import transaction
from idp.login.transaction.facts import Facts, here, session_for
from idp.login.transaction.transaction import Transaction
from idp.login.trust import known_ip
from idp.platform.extensions import db
from idp.tenancy.branding import looks
from idp.tenancy.queries import by_slug
from idp.web.languages import prefer


def find(handle: str) -> Transaction | Response:
    """The live transaction of that handle, or the page that tells why there is none."""
    found = transaction.find(handle)
    if found is None:
        return pages.unknown()
    prefer(ui_locales=found.ui_locales)
    return pages.expired(found) if found.expired else found


def stand(t: Transaction) -> tuple[Facts, Decision]:
    """The facts of the moment and the decision they lead to.

    The evidence is that of the transaction, and that of this browser's session where it is of the same person.
    """
    live = None if t.without_session else session_for(t.demand)
    facts = here(t.demand, live, t.user_id, t.evidence)
    _wear(facts, t.demand)
    return facts, decide(facts.situation, STEPS)


def _wear(facts: Facts, demand: Demand) -> None:
    """Show whose login it is: the company of whoever has been named, else the one that the application names.

    Nobody is named by what was only typed, so that a page looks the same whether there is such a user or not.
    """
    named = by_slug(demand.tenant) if demand.tenant and not facts.tenant else facts.tenant
    if named:
        looks.wear(named)
    if facts.user:
        prefer(user=facts.user.locale, tenant=facts.user.tenant.locale)


def advance(t: Transaction) -> Response:
    """Send the browser to where this login stands."""
    facts, decision = stand(t)
    match decision:
        case Challenge(step=step):
            return redirect(address(step, t.handle), 303)
        case Complete():
            return finish(t, facts, decision)
        case Deny():
            return _refuse(t, facts, decision)
        case _:
            assert_never(decision)


def turn(name: StepName, t: Transaction) -> Context | None:
    """What the step needs when it is its turn, as the step that is asked or as an alternative to it; else None."""
    facts, decision = stand(t)
    if isinstance(decision, Challenge) and name in (decision.step, *decision.or_else):
        return Context(t, facts, decision.or_else if name is decision.step else (decision.step,))
    return None


def accept(t: Transaction, proved: Proved) -> Transaction:
    """Add what was proved to what the same person proved before in this login.

    Where the password is asked again another person may answer it: then nothing of before counts, because proofs of
    two people never add up to one login. What the step spent is committed first: a proof is never kept whose cost
    was not paid.
    """
    person = str(proved.user.id)
    before = t.evidence if t.user_id == person else ()
    grown = replace(t, user_id=person, evidence=(*before, proved.evidence), pending=None)
    known_ip.forget_ended(proved.user)
    db.session.commit()
    transaction.keep(grown)
    return grown


def address(step: StepName, handle: str) -> str:
    """The address of a step; setting up two-factor is a page of the user's own."""
    if step is StepName.SET_UP_TOTP:
        return f"/account/security/two-factor?{urlencode({'login': handle})}"
    return url_for("login.step", handle=handle, name=step.value)


def _refuse(t: Transaction, facts: Facts, decision: Deny) -> Response:
    transaction.take(t)
    record(refused(facts.person, decision, t.application))
    db.session.commit()
    if t.cancel_to:
        return redirect(f"{t.cancel_to}?{urlencode({'because': decision.refusal.value})}", 303)
    return pages.refused(decision.refusal, t.return_to)
