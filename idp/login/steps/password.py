"""The first step: who are you, and do you know your password."""

from collections.abc import Mapping

from flask_babel import gettext as _

from idp.accounts.factors import webauthn_ceremonies
from idp.accounts.models import User
from idp.accounts.passwords import password_costs
from idp.accounts.users.queries import by_username, may_log_in
from idp.accounts.users.usernames import LONGEST
from idp.login.core.types import Evidence, Factor, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.trust.network import current_network
from idp.login.trust.throttle import Asked
from idp.platform import clock
from idp.platform.secrets import hasher


class Password(ByForm):
    """Asks username and password. An unknown name, a disabled user and a wrong password are one and the same."""

    name = StepName.PASSWORD
    instead_of = frozenset[StepName]()
    asked = Asked.PASSWORD

    def required(self, s: Situation) -> Requirement:
        """Every login begins with it."""
        return Requirement(Need.OWED, ReasonCode.ALWAYS)

    def answerable(self, s: Situation) -> bool:
        """Always: whoever has no password cannot know that from the page."""
        return True

    def render(self, ctx: Context) -> Page:
        """The username is filled in where this browser's session says it, or somebody sent it; a passkey needs none.

        Whom the application means by an id is looked up nowhere: before that person is logged in here, their name would
        tell a stranger who they are, or that they exist.
        """
        logged_in = ctx.facts.user if ctx.transaction.demand.subject else None
        passkey = webauthn_ceremonies.request(ctx.bound) if StepName.PASSKEY in ctx.or_else else None
        username = logged_in.username if logged_in else ctx.transaction.hint
        return Page("login/password.html", {"username": username, "passkey": passkey})

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """Does the work of somebody's for a name that does not exist (no difference in text, status or time: ASVS 6.3.8)."""
        username, password = answer.get("username", ""), answer.get("password", "")
        nobodys = password_costs.of_nobody(username)
        user = by_username(username)
        right = hasher().verify(user.password_hash if user else None, password, nobodys)
        if user is None or not right or not may_log_in(user):
            typed = {"username": username[:LONGEST]}
            return Rejected(_("The username or the password is not right. Please try again."), user, typed)
        _renew_hash(user, password)
        evidence = Evidence(
            step=self.name,
            at=clock.now(),
            factors=frozenset({Factor.PASSWORD}),
            amr=frozenset({"pwd"}),
            covers=frozenset({self.name}),
            epoch=user.epoch,
            network=current_network(),
        )
        return Proved(user, evidence)


def _renew_hash(user: User, password: str) -> None:
    """Hash again where the stored hash was made with other parameters than today's."""
    if user.password_hash and hasher().needs_rehash(user.password_hash):
        user.password_hash = hasher().hash(password)
