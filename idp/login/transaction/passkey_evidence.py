"""What a passkey proves, wherever it was made or used."""

from idp.accounts.models import User
from idp.login.core.types import Evidence, Factor, StepName
from idp.login.trust.network import current_network
from idp.platform import clock


def by_passkey(step: StepName, user: User, covers: frozenset[StepName], *, synced: bool) -> Evidence:
    """A ceremony of this user with their person verified: possession and more, and bound to our origin.

    RFC 8176 section 2: a key that may be copied to other devices is not of one piece of hardware. Making a passkey is
    worth as much as using it: whoever could make one could use it the next moment.
    """
    return Evidence(
        step=step,
        at=clock.now(),
        factors=frozenset({Factor.PASSKEY}),
        amr=frozenset({"swk" if synced else "hwk", "user"}),
        covers=covers,
        phishing_resistant=True,
        epoch=user.epoch,
        network=current_network(),
    )
