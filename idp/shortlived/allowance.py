"""What requests of nobody whom we know may leave behind: so many bytes a day for a network, and in all.

    `leave`: a login that begins, a kept request ─┐
    a device that begins to wait                  ├─▶ spend ─▶ room in all? ─▶ room for the network? ─▶ counted, kept
    a forgotten password, a proof of a key        ┘                 │ no              │ no
                                                                    └─────────────────┴──▶ TooMuchLeftBehind: 429
    a wrong answer of a login: `require` before anything is compared, `count` with what it leaves

Bytes are counted, not requests: hundreds of people behind one address leave little each, whoever fills our disk leaves
much. What a day has room for may be used at once, and grows again evenly. The last half of the whole is for networks that
have left next to nothing: a few that fill the first half keep nobody else out.

One pace of `sql_home.py` for each network, one for all. The one for all is a row that everybody would wait for, so it is
written by a sample: one request in so many counts for that many.
"""

from datetime import timedelta
from math import ceil
from secrets import randbelow
from typing import ClassVar, Final

from flask import g

from idp.platform.errors import TooMany
from idp.shortlived.sql_home import ahead, pace

A_DAY: Final = timedelta(days=1)
OF_A_NETWORK: Final = 128 * 1024 * 1024
"""Some forty thousand logins that begin."""
IN_ALL: Final = 4 * 1024 * 1024 * 1024
NEXT_TO_NOTHING: Final = A_DAY / 128
"""The part of a network's day that a mebibyte is: some three hundred logins."""
_ROW: Final = 256
"""Bytes of a row or a key beside what stands in it."""
_SAMPLE: Final = 64 * 1024
_KIND: Final = "left_behind"
_EVERYBODY: Final = "everybody"


class TooMuchLeftBehind(TooMany):
    """Nothing was kept; what needs nothing kept, such as an answer to whoever is logged in, goes on."""

    default_person: ClassVar[str] = (
        "More logins are being begun than we can keep at the moment. Wait a minute, then try again. "
        "If this goes on, tell whoever looks after the network that you are on."
    )


def spend(size: int) -> None:
    """Count so many bytes that this request leaves behind. Raises `TooMuchLeftBehind`. The caller commits."""
    network = _network()
    if wait := _wait_for_all(network) or count(size):
        raise TooMuchLeftBehind(f"the allowance of {network} is used up, or everybody's is", after=wait)


def require() -> None:
    """Raise `TooMuchLeftBehind` where there is room for nothing more. Counts nothing."""
    network = _network()
    if wait := _wait_for_all(network) or _beyond(ahead(_KIND, network, A_DAY)):
        raise TooMuchLeftBehind(f"the allowance of {network} is used up, or everybody's is", after=wait)


def count(size: int) -> timedelta | None:
    """Count so many bytes, if the network has room for them; else how long to wait. The caller commits."""
    cost = size + _ROW
    wait = pace(_KIND, _network(), OF_A_NETWORK, A_DAY, cost)
    if wait is None and randbelow(_SAMPLE) < cost:
        pace(_KIND, _EVERYBODY, IN_ALL, A_DAY, max(cost, _SAMPLE))
    return wait


def sealed(length: int) -> int:
    """How many bytes so many are once they are sealed and written in base64."""
    return ceil(length * 4 / 3)


def _network() -> str:
    network: str = g.get("neighbourhood", "unknown")
    return network


def _wait_for_all(network: str) -> timedelta | None:
    used = ahead(_KIND, _EVERYBODY, A_DAY)
    half_is_full = used >= A_DAY / 2 and ahead(_KIND, network, A_DAY) > NEXT_TO_NOTHING
    return _beyond(used, A_DAY / 2 if half_is_full else A_DAY)


def _beyond(used: timedelta, room: timedelta = A_DAY) -> timedelta | None:
    """How long until there is room for one more row; None where there is."""
    over = used + A_DAY * _ROW / OF_A_NETWORK - room
    return over if over > timedelta(0) else None
