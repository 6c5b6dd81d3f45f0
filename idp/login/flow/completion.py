"""The end of a login that owes nothing any more: session, known IP, audit, and back to where it came from."""

from collections.abc import Iterable

from flask import redirect, request
from werkzeug.wrappers import Response

from idp.accounts.models import User
from idp.accounts.users import browsers, notices
from idp.audit.events import LoginCompleted
from idp.audit.record import record
from idp.login.core import reasons
from idp.login.core.decide import newest_of_each
from idp.login.core.types import Complete, Evidence, Factor, Reason, ReasonCode, StepName
from idp.login.flow.way_back import way_on
from idp.login.models import BrowserSession
from idp.login.session import sessions
from idp.login.transaction import transaction
from idp.login.transaction.facts import Facts
from idp.login.transaction.transaction import Transaction
from idp.login.trust import known_ip, known_places, throttle
from idp.login.trust.network import current_address, current_network
from idp.platform import clock
from idp.platform.extensions import db
from idp.web.browser import browser_hash


def finish(t: Transaction, facts: Facts, decision: Complete) -> Response:
    """Spend the transaction, open the session, and send the browser on.

    A transaction that another request has spent in the meantime opens nothing; the place it leads to judges anew.
    """
    if not transaction.take(t):
        return redirect(t.return_to, 303)
    opened = sessions.open_for(facts.person, facts.workplace, _kept(t, facts, decision))
    throttle.forgive(facts.person.username_key, current_network())
    _place(t, facts.person)
    _known_ip(t, facts, decision.reasons)
    _record(t, facts, decision, opened)
    on = way_on(t, facts)
    db.session.commit()
    response = redirect(on, 303)
    sessions.send_cookie(response)
    return response


def _kept(t: Transaction, facts: Facts, decision: Complete) -> tuple[Evidence, ...]:
    """What the session remembers: after a fresh login only that, after a step-up also what was proved before.

    So what a session is worth never reaches further back than its `auth_time` says.
    """
    evidence = facts.situation.evidence if t.demand.not_before is None else decision.evidence
    return newest_of_each(evidence)


def _place(t: Transaction, user: User) -> None:
    """Remember where the person logs in, and tell them by mail of a new network or browser; the first login is no news."""
    first = user.last_login_at is None
    by_mail = any(e.step is StepName.NEW_IP for e in t.evidence)
    new_network = known_places.remember(user.id, current_network(), validated_by_mail=by_mail)
    new_browser = known_places.remember_browser(user.id, browser_hash())
    user.last_login_at = clock.now()
    if (new_network or new_browser) and not first:
        notices.new_place(user, current_address() or "?", request.user_agent.string)


def _known_ip(t: Transaction, facts: Facts, why: Iterable[Reason]) -> None:
    """A TOTP of this login earns a grant; a grant that stood in for it was used."""
    user, policy = facts.person, facts.situation.policy
    waived = [r for r in why if r.code is ReasonCode.KNOWN_IP]
    for _ in waived:
        known_ip.used(user, str(facts.situation.network.address))
    for proof in newest_totp(t.evidence) if not policy.limit_two_factor_validity else ():
        known_ip.earn(user, proof, browser_hash())


def newest_totp(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The newest TOTP proof among the evidence, if there is one."""
    proofs = sorted((e for e in evidence if Factor.TOTP in e.factors), key=lambda e: e.at)
    return tuple(proofs[-1:])


def _record(t: Transaction, facts: Facts, decision: Complete, opened: BrowserSession) -> None:
    record(
        LoginCompleted(
            tenant_id=facts.workplace.id,
            user_id=facts.person.id,
            session_id=str(opened.id),
            application=t.application.name if t.application else None,
            browser=browsers.in_words(request.user_agent.string),
            acr=decision.assurance.level.acr,
            amr=decision.assurance.amr,
            reasons=[reasons.machine(reason) for reason in decision.reasons],
        )
    )
