"""Judging the answer to a step: the throttle counts the try before the step looks at it.

admit ── Wait ─▶ refused unseen, right or wrong, in words that do not tell which
│
└─ Try ─▶ step.verify ── Rejected ─▶ everything the try did is undone; its count and an audit event stay
└─ Proved ───▶ its count is taken back
"""

from collections.abc import Mapping

from flask_babel import gettext as _

from idp.accounts import usernames
from idp.audit.events import StepFailed, TriesDelayed
from idp.audit.record import record
from idp.extensions import db
from idp.login import throttle
from idp.login.network import current_network
from idp.login.steps.base import Context, Proved, Rejected, Step
from idp.login.throttle import Asked, Try, Wait

_A_MINUTE = 60


def judge(step: Step, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
    """Admit, count and judge the fields of a posted form."""
    if step.asked is None:
        return _verified(step, ctx, answer, None)
    tried = throttle.admit(_who(step, ctx, answer), step.asked, current_network())
    if isinstance(tried, Wait):
        return Rejected(wait_words(tried), shows=_typed(answer))
    return _verified(step, ctx, answer, tried)


def _verified(step: Step, ctx: Context, answer: Mapping[str, str], tried: Try | None) -> Proved | Rejected:
    outcome = step.verify(ctx, answer)
    if isinstance(outcome, Rejected):
        _failed(step, outcome, tried)
    elif tried is not None:
        throttle.settle(tried)
    return outcome


def _failed(step: Step, outcome: Rejected, tried: Try | None) -> None:
    """Undo what the try did, but keep that it was made. Commits."""
    db.session.rollback()
    user = outcome.user
    whose = {"tenant_id": user.tenant_id, "user_id": user.id} if user else {}
    record(StepFailed(step=step.name.value, **whose))
    if outcome.event is not None:
        record(outcome.event)
    if tried is not None and tried.delays:
        seconds = int(throttle.delay(tried.failures).total_seconds())
        record(TriesDelayed(step=step.name.value, failures=tried.failures, seconds=seconds, **whose))
    db.session.commit()


def _who(step: Step, ctx: Context, answer: Mapping[str, str]) -> str:
    """The canonical username that the try is against: the one typed, or whoever is known by now."""
    if step.asked is Asked.PASSWORD:
        return usernames.key(answer.get("username", "")[: usernames.LONGEST])
    return ctx.user.username_key


def _typed(answer: Mapping[str, str]) -> dict[str, str]:
    return {"username": answer["username"][: usernames.LONGEST]} if "username" in answer else {}


def wait_words(wait: Wait) -> str:
    """How long to wait, in the same words for a name that does not exist."""
    minutes = -(-wait.seconds // _A_MINUTE)
    if wait.seconds > _A_MINUTE:
        return str(_("Too many tries. Wait %(minutes)s minutes, then try again.", minutes=minutes))
    return str(_("Too many tries. Wait %(seconds)s seconds, then try again.", seconds=wait.seconds))
