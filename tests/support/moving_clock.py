"""The product's clock, moved by hand: `clock.advance(days=29)`.

It stands still until a test moves it, so a test on a fixed clock gives the same answer every time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 3, 9, 0, 0, tzinfo=UTC)


class MovingClock:
    """What `idp.platform.clock.now()` answers during a test."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The present moment of the test."""
        return self.moment

    def advance(self, **units: float) -> datetime:
        """Move on (or back) by that much time, in the words of `timedelta`, and say what time it is."""
        self.moment += timedelta(**units)
        return self.moment

    def at(self, moment: datetime) -> datetime:
        """Move to that moment."""
        self.moment = moment
        return self.moment
