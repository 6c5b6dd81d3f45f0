"""What it costs to refuse a password for a name that nobody has: what it costs for the names that somebody has.

    people's hashes ── the first by id, every ten minutes in each process ──▶ Mix: the costs that are in use, each with its share
    a name ── HMAC ──▶ a place between 0 and 1 ─────────────────────────────▶ the cost whose share that place is in

Hashes that were imported cost more or less than ours, until their people log in. Were nobody's always to cost what ours
cost, then another time would tell that a name exists. So of all unknown names as large a part has each cost as of all
people, and a name has the same one each time. Costs lie in order, the least work first: when people of one cost log in
and move to ours, only the names at the border move, and each as a person does, once.

Ids are random, so the first `SAMPLE` of them are a fair sample, the same in each process, and an index finds them.

What it hides: from the time of one refusal, or of many, nobody tells a name that exists from one that does not.
What it does not: a cost that fewer than one in `SAMPLE` people have may be missing in the sample, and so tells that the
name exists. Unknown names change their costs when the newest of the secret keys changes, people do not; and where shares
move, one process may move a name some minutes before another. Who logs in has their hash renewed, which they notice.
"""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

import sqlalchemy as sa
from flask import current_app

from idp.accounts.models import User
from idp.accounts.users import usernames
from idp.crypto.passwords import Parameters, cost_of
from idp.platform import clock
from idp.platform.extensions import db
from idp.platform.secrets import hasher, sealer

SAMPLE: Final = 2000
READ_EVERY: Final = timedelta(minutes=10)
_PURPOSE: Final = "password cost of nobody"
_KNOWN: Final = "idp.accounts.passwords.password_costs"


@dataclass(frozen=True, slots=True)
class Mix:
    """The costs in use, the least work first, and how many of a sample have each."""

    counts: tuple[tuple[Parameters, int], ...]

    @classmethod
    def of(cls, costs: Iterable[Parameters]) -> Mix:
        """The mix of these."""
        return cls(tuple(sorted(Counter(costs).items(), key=lambda counted: _work(counted[0]))))

    def at(self, place: float) -> Parameters | None:
        """The cost whose share this place from 0 up to 1 is in; None where nothing is in use."""
        left = place * sum(count for _, count in self.counts)
        for cost, count in self.counts:
            if left < count:
                return cost
            left -= count
        return self.counts[-1][0] if self.counts else None


def of_nobody(username: str) -> Parameters:
    """What a refusal costs where nobody has this name, or whoever has it has no password.

    Asked for every name that is typed, before it is looked up: so that whoever waits for the sample may be anybody.
    """
    return _in_use().mix().at(_place(username)) or hasher().parameters


def _place(username: str) -> float:
    """Where between 0 and 1 this name is, however it is spelled; nobody without our key knows it."""
    name = usernames.key(username[: usernames.LONGEST + 1]).encode("utf-8", "surrogatepass")
    return int.from_bytes(hmac.digest(sealer().keyed(_PURPOSE), name, "sha256")[:6]) / 2**48


def _work(cost: Parameters) -> tuple[int, int, int]:
    return cost.memory_kib * cost.passes, cost.memory_kib, cost.lanes


class InUse:
    """The mix as this process read it last."""

    def __init__(self) -> None:
        self._mix: Mix | None = None
        self._read_at: datetime | None = None
        self._reading = threading.Lock()

    def mix(self) -> Mix:
        """The mix, at most `READ_EVERY` old; an older one while somebody else reads it. Nobody waits for anybody."""
        known = self._mix
        if known is None:
            return self._read()
        if self._fresh() or not self._reading.acquire(blocking=False):
            return known
        try:
            return self._read()
        finally:
            self._reading.release()

    def _fresh(self) -> bool:
        return self._read_at is not None and abs(clock.now() - self._read_at) < READ_EVERY

    def _read(self) -> Mix:
        hashes = db.session.scalars(sa.select(User.password_hash).order_by(User.id).limit(SAMPLE))
        mix = Mix.of(cost for text in hashes if (cost := cost_of(text or "")))
        self._mix, self._read_at = mix, clock.now()
        return mix


def _in_use() -> InUse:
    return cast("InUse", current_app.extensions.setdefault(_KNOWN, InUse()))
