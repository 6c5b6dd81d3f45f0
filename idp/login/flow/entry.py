"""The door for everybody who needs a login: `judge` where this browser stands, `begin` what it still owes.

standing = judge(demand)                      reads only, makes nothing
match standing.decision:
case Complete(): standing.login           who it is, for which tenant, with what proof
case Challenge(): begin(demand, …)        a redirect to the first step that is owed
case Deny(): …                            nothing the person does would help
"""

from dataclasses import dataclass

from flask import redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts.models import User
from idp.audit.record import record
from idp.login.core.decide import decide
from idp.login.core.types import Challenge, Decision, Demand, Deny, Need, Refusal, Situation, StepName
from idp.login.flow.refusals import refused
from idp.login.models import BrowserSession
from idp.login.steps import STEPS
from idp.login.transaction import transaction
from idp.login.transaction.facts import enrolled, here, policy_for, session_for
from idp.login.transaction.transaction import Application, Transaction
from idp.platform import clock
from idp.shortlived import allowance
from idp.tenancy.branding import looks
from idp.tenancy.models import Tenant
from idp.web.browser import browser_hash
from idp.web.languages import prefer

_LEFT_BY_A_REFUSAL = 256
__all__ = ["Application", "Login", "Standing", "begin", "judge", "owes_second_factor", "refuse"]


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in here, and the tenant that they work for under the demand at hand."""

    user: User
    tenant: Tenant
    session: BrowserSession


@dataclass(frozen=True, slots=True)
class Standing:
    """Where this browser stands towards a demand. `login` is None where nobody fitting is logged in."""

    decision: Decision
    login: Login | None


def judge(demand: Demand) -> Standing:
    """Decide over this browser's session by the policy of this moment. A session of somebody else does not count."""
    live = session_for(demand)
    facts = here(demand, live)
    login = Login(facts.person, facts.workplace, live) if live else None
    if login:
        _greet(login)
    return Standing(decide(facts.situation, STEPS), login)


def _greet(login: Login) -> None:
    """Let the page that is being made speak this person's language and show the company that they work for."""
    looks.wear(login.tenant)
    prefer(user=login.user.locale, tenant=login.user.tenant.locale)


def owes_second_factor(user: User, tenant: Tenant) -> bool:
    """Whether the user must set up a second factor before anything else, by the tenant's policy of this moment."""
    policy = policy_for(user, tenant)
    situation = Situation(policy=policy, enrolled=enrolled(user, policy), user=str(user.id))
    return STEPS[StepName.SET_UP_TOTP].required(situation).need is Need.OWED


def begin(
    demand: Demand,
    *,
    return_to: str,
    cancel_to: str | None = None,
    application: Application | None = None,
    hint: str = "",
    ui_locales: str = "",
    notice: str = "",
) -> Response:
    """Begin a login and send the browser to the first step that is owed.

    `return_to`, `cancel_to`: addresses of our own. The person is fixed from the start where the session
    proves one; where the password is asked again, another person may come. The session of somebody who does not work
    for the tenant that is asked for counts for nothing: the first page says so, and asks who else it is.
    """
    standing = judge(demand)
    stranger = _stranger(standing)
    login = None if stranger else standing.login
    begun = transaction.begin(
        Transaction(
            browser=browser_hash(),
            demand=demand,
            return_to=return_to,
            begun_at=clock.now(),
            cancel_to=cancel_to,
            application=application,
            hint=hint or (login.user.username if login else ""),
            ui_locales=ui_locales,
            notice=_not_at_work(stranger) if stranger else notice,
            without_session=stranger is not None,
            user_id=str(login.user.id) if login and not _asks_password(standing.decision) else None,
        )
    )
    return redirect(url_for("login.resume", handle=begun.handle), 303)


def refuse(login: Login, denied: Deny, application: Application) -> None:
    """Record that an application is refused whoever is logged in, where no login comes in between. The caller commits.

    It may be asked again and again: what it leaves is counted.
    """
    allowance.spend(_LEFT_BY_A_REFUSAL)
    record(refused(login.user, denied, application))


def _stranger(standing: Standing) -> User | None:
    """The person of this browser's session, where they do not work for the tenant that is asked for."""
    match standing:
        case Standing(decision=Deny(refusal=Refusal.NOT_A_MEMBER), login=Login(user=user)):
            return user
        case _:
            return None


def _not_at_work(stranger: User) -> str:
    name = stranger.username
    return str(
        _("You are logged in as %(name)s, who does not work for this company. Log in as somebody else.", name=name)
    )


def _asks_password(decision: Decision) -> bool:
    return isinstance(decision, Challenge) and decision.step is StepName.PASSWORD
