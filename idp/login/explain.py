"""What a user would be asked, and why: the same facts, the same rules, no evidence."""

from idp.accounts.models import User
from idp.login.network import network_of
from idp.login.policy import explain
from idp.login.situation import gather
from idp.login.steps import STEPS
from idp.login.types import Demand, Reason


def explain_login(user: User, *, address: str, demand: Demand) -> tuple[Reason, ...]:
    """A reason for every step of a login from this address, in a browser that is not known, in order."""
    facts = gather(user, (), demand, network_of(address), None)
    return explain(facts.situation, STEPS)
