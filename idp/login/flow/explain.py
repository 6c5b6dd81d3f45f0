"""What a user would be asked, and why: the same facts, the same rules, no evidence."""

from idp.accounts.models import User
from idp.login.core.decide import explain
from idp.login.core.types import Demand, Reason
from idp.login.steps import STEPS
from idp.login.transaction.facts import gather
from idp.login.trust.network import network_of


def explain_login(user: User, *, address: str, demand: Demand) -> tuple[Reason, ...]:
    """A reason for every step of a login from this address, in a browser that is not known, in order."""
    facts = gather(user, (), demand, network_of(address), None)
    return explain(facts.situation, STEPS)
