"""A passkey (WebAuthn), its person verified: first of all, in place of TOTP, or because nothing less will do.

render ── a challenge, bound to this login and browser ─▶ the page's script asks the device
verify ── used first: it names its user, and stands for password, security code and TOTP as well
└─ used after the password: it must be a passkey of that user, and stands for TOTP
"""

from collections.abc import Mapping
from http import HTTPStatus

from flask_babel import gettext as _

from idp.accounts.factors import passkeys, webauthn_ceremonies
from idp.accounts.factors.webauthn_ceremonies import Fault, Used
from idp.accounts.models import User
from idp.accounts.users.queries import may_log_in
from idp.audit.events import PasskeyCopied
from idp.login.core.decide import counting, floor, proved
from idp.login.core.types import Factor, Level, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.transaction.facts import gather
from idp.login.transaction.passkey_evidence import by_passkey
from idp.login.trust.network import current_network
from idp.login.trust.throttle import Asked
from idp.platform import clock
from idp.web.browser import browser_hash

_SECOND = frozenset({StepName.TOTP, StepName.PASSKEY})
_FIRST = _SECOND | {StepName.PASSWORD, StepName.SECURITY_CODE}


class Passkey(ByForm):
    """There is nothing to guess at; tries are counted all the same. It makes no known-IP grant, and none stands in for it."""

    name = StepName.PASSKEY
    instead_of = frozenset({StepName.PASSWORD, StepName.TOTP})
    asked = Asked.PASSKEY

    def required(self, s: Situation) -> Requirement:
        """Owed of its own accord where a demand takes nothing less, and by whoever has no other second factor."""
        if Factor.PASSKEY not in s.enrolled:
            return Requirement(Need.NOT_OWED, ReasonCode.NOT_ENROLLED)
        if floor(s) is Level.PHISHING_RESISTANT:
            return Requirement(Need.OWED, ReasonCode.DEMAND)
        if Factor.TOTP not in s.enrolled:
            return Requirement(Need.OWED, ReasonCode.ENROLLED)
        return Requirement(Need.NOT_OWED, ReasonCode.ALTERNATIVE)

    def answerable(self, s: Situation) -> bool:
        """Whoever has one; before somebody is named, whoever comes may have one."""
        return Factor.PASSKEY in s.enrolled

    def render(self, ctx: Context) -> Page:
        """Used first, whichever the person has for us; else one of those that they have."""
        known = () if _first(ctx) else passkeys.usable(ctx.user, ctx.facts.situation.policy)
        return Page("login/passkey.html", {"passkey": webauthn_ceremonies.request(ctx.bound, known)})

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """Whoever it names must be allowed to log in, and by a passkey."""
        first, owner = _first(ctx), ctx.facts.user
        used = webauthn_ceremonies.used(
            ctx.bound, answer.get("challenge", ""), answer.get("passkey", ""), None if first else owner
        )
        if isinstance(used, Fault):
            return _refused(webauthn_ceremonies.sentence(used), None if first else owner)
        if not may_log_in(used.user):
            return _refused(webauthn_ceremonies.sentence(Fault.UNKNOWN), used.user)
        if not _taken(ctx, used.user):
            return _refused(_("Your company does not allow passkeys. Log in with your password."), used.user)
        if not passkeys.spend(used, clock.now()):
            return _copied(used)
        covers = _FIRST if first else _SECOND
        return Proved(used.user, by_passkey(self.name, used.user, covers, synced=used.passkey.synced))


def _first(ctx: Context) -> bool:
    return not proved(StepName.PASSWORD, counting(ctx.facts.situation))


def _taken(ctx: Context, user: User) -> bool:
    """Whether the tenant that this person works for by now takes passkeys; of somebody new, the one that they would."""
    known = ctx.facts.user is not None and ctx.facts.user.id == user.id
    demand = ctx.transaction.demand
    facts = ctx.facts if known else gather(user, (), demand, current_network(), browser_hash())
    return facts.situation.policy.passkeys


def _refused(sentence: str, user: User | None) -> Rejected:
    return Rejected(sentence, user, status=HTTPStatus.BAD_REQUEST)


def _copied(used: Used) -> Rejected:
    user, passkey = used.user, used.passkey
    event = PasskeyCopied(
        tenant_id=user.tenant_id,
        user_id=user.id,
        passkey=str(passkey.id),
        sign_count=used.sign_count,
        last_sign_count=passkey.sign_count,
    )
    return Rejected(webauthn_ceremonies.sentence(Fault.COPIED), user, status=HTTPStatus.BAD_REQUEST, event=event)
