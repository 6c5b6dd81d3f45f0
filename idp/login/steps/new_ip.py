"""An address that is new for the user is validated by mail before the login goes on.

render ── no validation under way ─▶ mail a code and a link: 10 minutes, at most 5 mails an hour
link   ── opened in any browser, confirmed there ─▶ this login goes on in its own tab
verify ── the code, or the link was confirmed ────▶ evidence for this address alone
"""

from collections.abc import Mapping

from flask_babel import gettext as _

from idp.accounts.users import mailbox
from idp.audit.events import NewIpValidated
from idp.audit.record import record
from idp.login.core.types import Evidence, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import Context, Page, Proved, Rejected
from idp.login.transaction import address_validation
from idp.login.transaction.address_validation import Validation
from idp.login.trust.network import current_address, current_network
from idp.login.trust.throttle import Asked
from idp.platform import clock


class NewIp:
    """Asks the mailbox. It proves no factor, gives no method, and makes no known-IP grant."""

    name = StepName.NEW_IP
    instead_of = frozenset[StepName]()
    asked = Asked.NEW_IP

    def required(self, s: Situation) -> Requirement:
        """Only where new addresses are blocked, and only at a new one."""
        if not s.policy.block_new_ip:
            return Requirement(Need.NOT_OWED, ReasonCode.POLICY_OFF)
        if s.network.familiar:
            return Requirement(Need.NOT_OWED, ReasonCode.FAMILIAR_NETWORK)
        return Requirement(Need.OWED, ReasonCode.POLICY)

    def answerable(self, s: Situation) -> bool:
        """Everybody has a mailbox."""
        return True

    def render(self, ctx: Context) -> Page:
        """Send the mail the first time, and again when the last one is over."""
        pending = ctx.transaction.pending
        if pending is None or address_validation.find(pending) is None:
            pending = address_validation.begin(ctx.user, current_address() or "?", current_network())
        shows = {"address": current_address(), "email": _masked(ctx.user.email), "sent": pending is not None}
        return Page("login/new_ip.html", shows, pending)

    def proved_elsewhere(self, ctx: Context) -> Proved | None:
        """The link of the mail was confirmed."""
        found = address_validation.find(ctx.transaction.pending or "")
        return self._proved(ctx, found) if found and found.confirmed and found.network == current_network() else None

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """The code of the mail, spaces and hyphens aside; it is of this login, this user and this address."""
        found = address_validation.find(ctx.transaction.pending or "")
        right = found is not None and found.network == current_network()
        if found is None or not right or not (found.confirmed or found.is_code(answer.get("new_ip_code", ""))):
            sentence = _("The code is not right, or it is too old. Look for the newest mail.")
            return Rejected(sentence, ctx.user, compared=right)
        return self._proved(ctx, found)

    def _proved(self, ctx: Context, found: Validation) -> Proved:
        address_validation.end(ctx.transaction.pending or "")
        mailbox.prove(ctx.user, found.email)
        whose = {"tenant_id": ctx.user.tenant_id, "user_id": ctx.user.id}
        record(NewIpValidated(**whose, validated_network=current_network()))
        evidence = Evidence(
            step=self.name,
            at=clock.now(),
            covers=frozenset({self.name}),
            epoch=ctx.user.epoch,
            network=current_network(),
        )
        return Proved(ctx.user, evidence)


def _masked(email: str) -> str:
    """Enough of the address to know the mailbox by, for whoever owns it."""
    name, _at, host = email.partition("@")
    return f"{name[:1]}…\N{WORD JOINER}@{host}"
