"""The tenant's security code: an obstacle that colleagues share, never a factor."""

from collections.abc import Mapping

from flask_babel import gettext as _

from idp.crypto import opaque
from idp.login.core.decide import counting, floor, proved
from idp.login.core.types import Evidence, Factor, Level, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.trust.network import current_network
from idp.login.trust.throttle import Asked
from idp.platform import clock
from idp.tenancy.queries import security_code_of, which_security_code
from idp.web.fields import bare_code


class SecurityCode(ByForm):
    """Asks the code of the tenant that this login works for."""

    name = StepName.SECURITY_CODE
    instead_of = frozenset[StepName]()
    asked = Asked.SECURITY_CODE

    def required(self, s: Situation) -> Requirement:
        """Owed by policy; by a demand only where nothing stronger is asked that reaches its level."""
        if s.policy.security_code:
            return Requirement(Need.OWED, ReasonCode.POLICY)
        if floor(s) is Level.SECURITY_CODE and not _second_factor_comes(s):
            return Requirement(Need.OWED, ReasonCode.DEMAND)
        return Requirement(Need.NOT_OWED, ReasonCode.POLICY_OFF)

    def answerable(self, s: Situation) -> bool:
        """Every tenant has a security code."""
        return True

    def render(self, ctx: Context) -> Page:
        """One field."""
        return Page("login/security_code.html")

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """Compare in constant time; spaces and hyphens between the digits do not matter. Proves no factor and gives no method."""
        tenant = ctx.facts.workplace
        given = bare_code(answer.get("security_code", ""))
        if not opaque.same(given, security_code_of(tenant)):
            return Rejected(_("The security code is not right. Please try again."), ctx.user)
        evidence = Evidence(
            step=self.name,
            at=clock.now(),
            covers=frozenset({self.name}),
            tenant=tenant.slug,
            epoch=ctx.user.epoch,
            network=current_network(),
            code_made=which_security_code(tenant),
        )
        return Proved(ctx.user, evidence)


def _second_factor_comes(s: Situation) -> bool:
    """Whether a second factor was proved, or will be in any case: that is worth more than the code."""
    if proved(StepName.TOTP, counting(s)):
        return True
    if Factor.TOTP not in s.enrolled and Factor.PASSKEY in s.enrolled:
        return True
    if Factor.TOTP in s.enrolled:
        return s.policy.limit_two_factor_validity or s.network.known is None
    return s.policy.two_factor_mandatory
