"""Where the marks of a figure stand. Pure: numbers in, places out; the words are the template's.

Places from left to right are percent of the width, so that a figure is as wide as its page and its words stay as large as
they are; places from top to bottom are pixels of a drawing of a known height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

STRIP: Final = 48
LINE: Final = 160
_ROOM: Final = 8
"""Pixels that a line keeps from the edges above and below, so that its dots are whole."""
_SMALLEST: Final = 3
"""What happened once is to be seen beside what happened a thousand times."""
_GAP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """A number of one day. `number`: None where it is not counted yet."""

    day: date
    number: int | None
    x: str
    width: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A share of one day, in percent of the people."""

    day: date
    part: int
    whole: int
    percent: int
    x: str
    y: float


def bars(days: Sequence[date], numbers: Sequence[int | None], most: int) -> tuple[Bar, ...]:
    """A bar for each day; the highest is `most`."""
    step = 100 / len(days)
    return tuple(
        _bar(day, number, most, place * step, step)
        for place, (day, number) in enumerate(zip(days, numbers, strict=True))
    )


def dots(shares: Sequence[tuple[date, int, int]]) -> tuple[Dot, ...]:
    """A dot for each day that has people, from left to right as time goes. Of one day alone it stands at the right."""
    some = [(day, part, whole) for day, part, whole in shares if whole]
    if not some:
        return ()
    begins, span = some[0][0], some[-1][0] - some[0][0]
    return tuple(_dot(day, part, whole, (day - begins) / span if span else 1.0) for day, part, whole in some)


def thinned(shares: Sequence[tuple[date, int, int]], most: int) -> tuple[tuple[date, int, int], ...]:
    """The same, counted back from the newest: one a week where every day would be more than `most`."""
    if len(shares) <= most:
        return tuple(shares)
    newest, week = shares[-1][0], timedelta(days=7)
    return tuple(share for share in shares if not (newest - share[0]) % week)


def height_of(percent: float) -> float:
    """How far from the top of the line's drawing that share is."""
    return round(_ROOM + (LINE - 2 * _ROOM) * (1 - percent / 100), 1)


def _bar(day: date, number: int | None, most: int, begins: float, step: float) -> Bar:
    height = max(_SMALLEST, round(STRIP * number / most)) if number else 0
    x, width = begins + step * _GAP / 2, step * (1 - _GAP)
    return Bar(day, number, f"{x:.2f}%", f"{width:.2f}%", STRIP - height, height)


def _dot(day: date, part: int, whole: int, along: float) -> Dot:
    return Dot(day, part, whole, 100 * part // whole, f"{100 * along:.2f}%", height_of(100 * part / whole))
