"""The password card: another password, for whoever knows the present one.

    throttle ─▶ present password right? ─▶ new one taken? ─▶ it is the password, and the user is told by mail
                                                              ├─ every other session ends, and every known IP address
                                                              ├─ grants and refresh tokens end: the epoch moved on
                                                              └─ this browser stays: a new secret, the proof just given

The gate has asked for a fresh second factor before.
"""

from dataclasses import replace

from flask import redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts.models import User
from idp.accounts.passwords.password_rules import Verdict, judge
from idp.accounts.users import lifecycle
from idp.audit.events import StepFailed
from idp.audit.record import record
from idp.crypto import opaque
from idp.login.core.types import Evidence, Factor, StepName
from idp.login.flow import verification
from idp.login.flow.entry import Login
from idp.login.session import sessions
from idp.login.trust import known_ip, throttle
from idp.login.trust.network import current_network
from idp.login.trust.throttle import Asked, Wait
from idp.platform import clock
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.selfservice.security import back_with, security_page, show
from idp.web.fields import typed


def card(login: Login) -> Response:
    """Lead to the card."""
    return redirect(f"{security_page()}#password", 303)


def change(login: Login) -> ResponseReturnValue:
    """Judge the form of the card."""
    if problems := _present_password(login.user):
        return show(login, password_problems=problems)
    verdict = _new_password(login.user)
    if verdict.faults:
        return show(login, password_problems=tuple(verdict.faults))
    return _changed(login, verdict)


def _present_password(user: User) -> tuple[str, ...]:
    """Why the present password is not right. Guesses count as they do at a login. Commits."""
    who = user.username_key, Asked.PASSWORD, current_network()
    if wait := throttle.must_wait(*who):
        return (verification.wait_words(wait),)
    right = hasher().verify(user.password_hash, typed("current_password"))
    tried = throttle.admit(*who)
    if isinstance(tried, Wait):
        return (verification.wait_words(tried),)
    if right:
        throttle.settle(tried)
    else:
        record(StepFailed(tenant_id=user.tenant_id, user_id=user.id, step=StepName.PASSWORD.value))
    db.session.commit()
    return () if right else (_("The current password is not right. Please try again."),)


def _new_password(user: User) -> Verdict:
    """Whether the new password is taken."""
    new = typed("new_password")
    if opaque.same(new, typed("current_password")):
        return Verdict([_("This is the password that you have now. Choose another one.")], checked=False)
    return judge(user, new)


def _changed(login: Login, verdict: Verdict) -> Response:
    user, before, password_hash = login.user, login.user.epoch, hasher().hash(typed("new_password"))
    sessions.end_all(user, "password_changed", keep=login.session)
    known_ip.revoke_all(user, "password_changed")
    lifecycle.set_password(user, password_hash, checked=verdict.checked)
    sessions.open_for(user, login.tenant, _still_proved(login, before))
    db.session.commit()
    response = back_with("password-changed")
    sessions.send_cookie(response)
    return response


def _still_proved(login: Login, before: int) -> tuple[Evidence, ...]:
    """What this browser has proved, carried over to the new epoch: the password just now, the rest as it was."""
    user = login.user
    others = (
        replace(proof, epoch=user.epoch)
        for proof in sessions.evidence_of(login.session)
        if proof.epoch == before and proof.step is not StepName.PASSWORD
    )
    password = Evidence(
        step=StepName.PASSWORD,
        at=clock.now(),
        factors=frozenset({Factor.PASSWORD}),
        amr=frozenset({"pwd"}),
        covers=frozenset({StepName.PASSWORD}),
        epoch=user.epoch,
        network=current_network(),
    )
    return (password, *others)
