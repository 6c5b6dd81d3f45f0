"""For a lost phone: one of the ten recovery codes stands for one TOTP."""

from collections.abc import Mapping

from flask_babel import gettext as _

from idp.accounts.factors.second_factors import spend_recovery_code
from idp.accounts.users import notices
from idp.accounts.users.queries import recovery_codes_left
from idp.audit.events import RecoveryCodeUsed
from idp.audit.record import record
from idp.login.core.types import Evidence, Factor, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.trust.network import current_network
from idp.login.trust.throttle import Asked
from idp.platform import clock


class RecoveryCode(ByForm):
    """Never asked of its own accord: the person chooses it on the TOTP page. It makes no known-IP grant."""

    name = StepName.RECOVERY_CODE
    instead_of = frozenset({StepName.TOTP})
    asked = Asked.SECOND_FACTOR

    def required(self, s: Situation) -> Requirement:
        """Only ever an alternative."""
        return Requirement(Need.NOT_OWED, ReasonCode.ALTERNATIVE)

    def answerable(self, s: Situation) -> bool:
        """While there are unused codes."""
        return Factor.RECOVERY_CODE in s.enrolled

    def render(self, ctx: Context) -> Page:
        """One field."""
        return Page("login/recovery_code.html")

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """A code that was used gets the words of a wrong one."""
        if not spend_recovery_code(ctx.user, answer.get("recovery_code"), clock.now()):
            return Rejected(_("The recovery code is not right. Please try again, or use another one."), ctx.user)
        left = recovery_codes_left(ctx.user.id)
        record(RecoveryCodeUsed(tenant_id=ctx.user.tenant_id, user_id=ctx.user.id, left=left))
        notices.recovery_code_used(ctx.user, left)
        evidence = Evidence(
            step=self.name,
            at=clock.now(),
            factors=frozenset({Factor.RECOVERY_CODE}),
            covers=frozenset({StepName.TOTP}),
            epoch=ctx.user.epoch,
            network=current_network(),
        )
        return Proved(ctx.user, evidence)
