"""What a login at an application would ask of a user, and why: the login's own reasons, then the application's consent.

    Question ─▶ as a request ─▶ demands.py, as of every request ─▶ login/flow/explain.py ─▶ reasons ─▶ sentences
                                                                   └─▶ consent, where there is an application

`idp explain` and the console's simulator say it from here. Nothing is asked and nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from idp.accounts.models import User
from idp.accounts.users.queries import may_log_in
from idp.login.core.reasons import sentence
from idp.login.core.types import Demand
from idp.login.flow.explain import explain_login
from idp.oidc.authorization import demands
from idp.oidc.authorization.acr import WantedAcr
from idp.oidc.authorization.checks import Asked, Rejected, tenant_is_the_clients
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.request_source import Brought
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.models import Consent
from idp.platform import clock
from idp.platform.extensions import db


@dataclass(frozen=True, slots=True)
class Question:
    """From which address, at which application, for which `acr`, for the tenant of which slug."""

    address: str
    application: RegisteredClient | None = None
    acr: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step in order, whether it would be asked, and the sentence that says why."""

    name: str
    asked: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The steps, and why the login would come to nothing, if it would."""

    steps: Sequence[Step]
    refused: Sequence[str]


def foresee(user: User, question: Question, *, iso: bool = False) -> Foreseen:
    """Foresee a login in a browser that has proved nothing yet. `iso`: dates as ISO 8601."""
    if _names_another_tenant(question):
        return Foreseen([], [_("Refused: the application belongs to another company than the one that is named")])
    reasons = explain_login(user, address=question.address, demand=demand_of(question))
    refused = [sentence(reason, iso=iso) for reason in reasons if reason.step is None]
    if not may_log_in(user):
        refused.append(_("Refused: the user or their company is disabled; whatever is answered counts as wrong"))
    steps = [Step(r.step.value, r.asked, sentence(r, iso=iso)) for r in reasons if r.step is not None]
    if steps and question.application is not None:
        steps.append(_consent(question.application, user))
    return Foreseen(steps, refused)


def demand_of(question: Question) -> Demand:
    """What a request of the application that says this and nothing else would demand; of nobody's, what is said alone."""
    if question.application is None:
        return Demand(level=WantedAcr((question.acr or "",)).level, tenant=question.tenant)
    return demands.of(_request(question, question.application), clock.now())


def _names_another_tenant(question: Question) -> bool:
    """Whether the application is told so, before anybody logs in."""
    if question.application is None:
        return False
    try:
        tenant_is_the_clients(_request(question, question.application))
    except Rejected:
        return True
    return False


def _request(question: Question, application: RegisteredClient) -> Asked:
    said = {"acr_values": question.acr, "tenant": question.tenant}
    return Asked(Brought(Parameters({name: value for name, value in said.items() if value})), application)


def _consent(application: RegisteredClient, user: User) -> Step:
    """Whether the application's consent page would be shown, should it ask for all that it may."""
    if application.row.first_party:
        return _consent_step(_("the application is Informer's own"))
    mine = (Consent.user_id == user.id, Consent.client_id == application.id)
    allowed = set((db.session.scalar(sa.select(Consent.scope).where(*mine)) or "").split())
    missing = " ".join(scope for scope in application.registration.scope if scope not in allowed)
    if missing:
        return _consent_step(_("the user has not allowed the application %(scopes)s", scopes=missing), asked=True)
    return _consent_step(_("the user has allowed the application all that it may ask"))


def _consent_step(why: str, *, asked: bool = False) -> Step:
    said = _("%(step)s asked: %(why)s") if asked else _("%(step)s not asked: %(why)s")
    return Step("consent", asked, said % {"step": _("Consent"), "why": why})
