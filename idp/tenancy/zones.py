"""Time zones by their names in the IANA database, as far as they are places: "Europe/Amsterdam"."""

from functools import cache
from zoneinfo import available_timezones

_NO_PLACES = ("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/", "posix/", "right/")
LONGEST = 64


@cache
def names() -> tuple[str, ...]:
    """The zones that a person can choose from, by the alphabet."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith(_NO_PLACES))
    return tuple(sorted(name for name in places if len(name) <= LONGEST))


def is_zone(name: str) -> bool:
    """Whether it is one of them."""
    return name in names()
