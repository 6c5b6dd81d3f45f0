"""For people who work for several tenants: which one is it this time."""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext as _

from idp.login.core.decide import chosen
from idp.login.core.types import Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.platform import clock
from idp.tenancy.membership import LONGEST_SEARCH, others_of, page_of

FEW = 8
"""So many are seen at a glance; more are searched."""


class ChooseTenant(ByForm):
    """Asks after the chain of the home tenant; what the chosen tenant owes on top is asked next."""

    name = StepName.CHOOSE_TENANT
    instead_of = frozenset[StepName]()
    asked = None

    def required(self, s: Situation) -> Requirement:
        """Only where there is a choice that neither the request nor the session has made."""
        if s.demand.tenant is not None:
            return Requirement(Need.NOT_OWED, ReasonCode.TENANT_NAMED)
        if s.session_tenant in s.tenants and len(s.tenants) > 1:
            return Requirement(Need.NOT_OWED, ReasonCode.SESSION_TENANT)
        if len(s.tenants) > 1:
            return Requirement(Need.OWED, ReasonCode.SEVERAL_TENANTS)
        return Requirement(Need.NOT_OWED, ReasonCode.ONE_TENANT)

    def answerable(self, s: Situation) -> bool:
        """There is always the home tenant."""
        return True

    def render(self, ctx: Context) -> Page:
        """Some of the tenants that the person may work for, the home tenant first; many are searched and paged."""
        search = request.args.get("search", "")[:LONGEST_SEARCH].strip()
        after = request.args.get("after", "")
        found = page_of(others_of(ctx.user.id), ctx.user.tenant, after=after, search=search)
        shows = {
            "tenants": [(tenant.slug, tenant.name) for tenant in found.tenants],
            "after": found.after,
            "search": search,
            "narrowed": bool(search or after),
            "many": len(ctx.facts.situation.tenants) > FEW,
        }
        return Page("login/choose_tenant.html", shows)

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """A tenant that the person does not work for looks like one that does not exist."""
        slug = answer.get("tenant", "")
        if slug not in ctx.facts.situation.tenants:
            return Rejected(_("Choose one of the companies in the list."), ctx.user)
        return Proved(ctx.user, chosen(slug, clock.now(), ctx.user.epoch))
