"""Which authentication context a request wants, and which name an answer gives it. Pure.

OpenID Connect Core section 5.5.1.1: an essential `acr` claim is met or the login has failed; `acr_values`, and the
claim when it is voluntary, are preferences in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idp.login.core.types import LEVEL_OF_ACR, Level


@dataclass(frozen=True, slots=True)
class WantedAcr:
    """The values asked for. When essential, any of them will do, so the weakest is what the login must reach."""

    values: tuple[str, ...] = ()
    essential: bool = False

    @property
    def known(self) -> tuple[Level, ...]:
        """The levels that the values name, in their order."""
        return tuple(LEVEL_OF_ACR[value] for value in self.values if value in LEVEL_OF_ACR)

    @property
    def unreachable(self) -> bool:
        """Whether an essential demand names nothing that we know."""
        return self.essential and not self.known

    @property
    def level(self) -> Level:
        """What the login should be worth: the first known preference, or the weakest essential value."""
        known: Sequence[Level] = self.known or (Level.NOTHING,)
        return min(known) if self.essential else known[0]

    def told(self, reached: Level) -> str:
        """The `acr` of a login that reached this level: of essential values the strongest that it is worth."""
        worth = [level for level in self.known if level <= reached]
        if self.essential and worth and reached not in worth:
            return max(worth).acr
        return reached.acr
