"""Judging the answer to a step: the step compares, the throttle counts, and both are kept by one commit.

allowance ── the network has left too much behind ─▶ 429: a wrong answer leaves a count and an event
│
must_wait ── Wait ─▶ refused unseen, right or wrong, in words that do not tell which
│
└─ step.verify ── raises (busy, a store gone) ─▶ nothing was compared, nothing is counted
   ├─ Rejected, as there is nothing (any more) to compare with ─▶ told, and not counted
   ├─ Rejected ─▶ everything the try did is undone; its count and an audit event stay
   ├─ Proved ───▶ it takes its turn among the tries, and its count is taken back
   └─ either, and a delay has begun meanwhile ─▶ undone, and refused like a try in the delay

Of whoever is not named yet the throttle counts by the network. What went wrong is an event of the person whom it happened
to; of nobody it is a number (`idp_wrong_answers_of_nobody_total`), and no row that a stranger can write without end.
"""

import uuid
from collections.abc import Mapping

from flask_babel import gettext as _

from idp.accounts.users import usernames
from idp.audit.events import StepFailed, TriesDelayed
from idp.audit.record import record
from idp.login.steps.base import Context, Proved, Rejected, Step
from idp.login.trust import throttle
from idp.login.trust.network import current_neighbourhood, current_network
from idp.login.trust.throttle import Asked, Try, Wait
from idp.platform.extensions import db
from idp.shortlived import allowance
from idp.web.metrics import WRONG_ANSWERS_OF_NOBODY

_A_MINUTE = 60
_LEFT_BY_A_FAILURE = 512
"""Bytes: a count and two events."""


def judge(step: Step, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
    """Judge the fields of a posted form. A wrong answer commits that it was one."""
    allowance.require()
    who = _who(step, ctx, answer)
    if step.asked is None or who is None:
        return _by_network(step, ctx, answer)
    guess = who, step.asked, current_network()
    if wait := throttle.must_wait(*guess):
        return _delayed(wait, answer)
    outcome = _verified(step, ctx, answer)
    if isinstance(outcome, Rejected) and not outcome.compared:
        return outcome
    tried = throttle.admit(*guess)
    return _delayed(tried, answer) if isinstance(tried, Wait) else _counted(step, outcome, tried)


def _by_network(step: Step, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
    """Where there is nobody whom a guess would be against, or nothing to guess."""
    if wait := throttle.network_must_wait(current_neighbourhood()):
        return _delayed(wait, answer)
    outcome = _verified(step, ctx, answer)
    if isinstance(outcome, Rejected):
        throttle.count_for_network(current_neighbourhood())
        _record_failure(step, outcome)
        db.session.commit()
    return outcome


def _verified(step: Step, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
    """What the step says of the answer. A wrong one has done nothing."""
    outcome = step.verify(ctx, answer)
    if isinstance(outcome, Rejected):
        db.session.rollback()
    return outcome


def _counted(step: Step, outcome: Proved | Rejected, tried: Try) -> Proved | Rejected:
    if isinstance(outcome, Proved):
        throttle.settle(tried)
        return outcome
    _record_failure(step, outcome)
    if tried.delays and outcome.user is not None:
        seconds = int(throttle.delay(tried.failures).total_seconds())
        record(TriesDelayed(step=step.name.value, failures=tried.failures, seconds=seconds, **_whose(outcome)))
    db.session.commit()
    return outcome


def _record_failure(step: Step, outcome: Rejected) -> None:
    allowance.count(_LEFT_BY_A_FAILURE)
    if outcome.user is None:
        WRONG_ANSWERS_OF_NOBODY.labels(step.name.value).inc()
        return
    record(StepFailed(step=step.name.value, **_whose(outcome)))
    if outcome.event is not None:
        record(outcome.event)


def _whose(outcome: Rejected) -> dict[str, uuid.UUID]:
    user = outcome.user
    return {"tenant_id": user.tenant_id, "user_id": user.id} if user else {}


def _delayed(wait: Wait, answer: Mapping[str, str]) -> Rejected:
    return Rejected(wait_words(wait), shows=_typed(answer))


def _who(step: Step, ctx: Context, answer: Mapping[str, str]) -> str | None:
    """The canonical username that the try is against: the one typed, or whoever is known by now, if anybody is."""
    if step.asked is Asked.PASSWORD:
        return usernames.key(answer.get("username", "")[: usernames.LONGEST])
    return ctx.facts.user.username_key if ctx.facts.user else None


def _typed(answer: Mapping[str, str]) -> dict[str, str]:
    return {"username": answer["username"][: usernames.LONGEST]} if "username" in answer else {}


def wait_words(wait: Wait) -> str:
    """How long to wait, in the same words for a name that does not exist."""
    minutes = -(-wait.seconds // _A_MINUTE)
    if wait.seconds > _A_MINUTE:
        return str(_("Too many tries. Wait %(minutes)s minutes, then try again.", minutes=minutes))
    return str(_("Too many tries. Wait %(seconds)s seconds, then try again.", seconds=wait.seconds))
