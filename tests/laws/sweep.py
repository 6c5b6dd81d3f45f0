"""One walk past every situation, for all laws that judge a decision.

    @over_every_situation(seen=1000)
    def test_x(s: Situation, decision: Decision) -> object: ...

Deciding half a million situations is what takes the time, so it is done once in a process, for every law at once. A law
asserts; what it returns, where that is not None, is counted: each kind must have been met more than `seen` times, and at
least one kind. The first situation that breaks a law ends the walk for that law, and its test says which one it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pytest

from idp.login.core.decide import decide
from idp.login.core.types import Decision, Situation
from idp.login.steps import STEPS
from tests.laws.every import situations

Law = Callable[[Situation, Decision], object]
PATIENCE = 1200
"""Seconds that the walk may take on a machine with much else to do."""


@dataclass(eq=False, slots=True)
class Judged:
    """A law, and what came of it."""

    law: Law
    met: Counter[object] = field(default_factory=Counter)
    broken: AssertionError | None = None

    def judge(self, s: Situation, decision: Decision) -> None:
        """Hold the law against one situation, unless another has broken it already."""
        if self.broken is None:
            try:
                kind = self.law(s, decision)
            except AssertionError as broken:
                self.broken = broken
            else:
                if kind is not None:
                    self.met[kind] += 1


_ALL: list[Judged] = []


def over_every_situation(seen: int) -> Callable[[Law], Callable[[], None]]:
    """Make the law's test, which has its name and its sentence."""

    def made(law: Law) -> Callable[[], None]:
        judged = Judged(law)
        _ALL.append(judged)

        @pytest.mark.timeout(PATIENCE)
        def test() -> None:
            _walk()
            if judged.broken:
                raise judged.broken
            assert min(judged.met.values(), default=0) > seen, judged.met

        test.__name__, test.__doc__ = law.__name__, law.__doc__
        return test

    return made


@cache
def _walk() -> int:
    walked = 0
    for s in situations():
        decision = decide(s, STEPS)
        for judged in _ALL:
            judged.judge(s, decision)
        walked += 1
    return walked
