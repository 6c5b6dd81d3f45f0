"""Sealing again what is at rest under an old secret key, while everything serves.

    IDP_SECRET_KEYS = new,old  ─▶ restart ─▶ idp keys reseal ─▶ IDP_SECRET_KEYS = new

In short transactions, before which the texts were sealed; a row that somebody else changes at the same moment is theirs,
and under the newest key already. What a key of the ring does not open stays as it is and is counted. Handles that live
minutes are left to end by themselves.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from idp.accounts import bulk_invite
from idp.accounts.bulk_invite.models import PeopleImport
from idp.accounts.factors import second_factors
from idp.accounts.models import TotpDevice
from idp.crypto.sealed import SealBroken
from idp.oidc.models import SigningKey
from idp.oidc.signing_keys import keyring
from idp.outbox import models as outbox
from idp.outbox.models import Queued
from idp.platform import batches
from idp.platform.extensions import Base, changed, db
from idp.platform.secrets import sealer
from idp.tenancy import queries as tenancy
from idp.tenancy.models import Tenant

AT_ONCE: Final = 50
"""So many texts are in memory at once: one may be the five thousand people of an import."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed texts, and whom the text of a row is sealed for."""

    table: type[Base]
    column: str
    owner: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Text:
    """What a row says, and the same under the newest key."""

    row_id: uuid.UUID
    was: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many texts of a place are under the newest key now, and how many no key opens."""

    number: int
    broken: int


PLACES: Final = (
    Place(SigningKey, "private_sealed", lambda row: keyring.seal_owner(row.kid)),
    Place(Tenant, "security_code_sealed", lambda row: tenancy.seal_owner(row.id)),
    Place(TotpDevice, "secret_sealed", lambda row: second_factors.seal_owner(row.user_id)),
    Place(Queued, "payload_sealed", lambda row: outbox.seal_owner(row.id)),
    Place(PeopleImport, "people_sealed", lambda row: bulk_invite.seal_owner(row.id)),
)
"""Every sealed text that outlives an hour."""


@dataclass(slots=True)
class Walk:
    """A place, row by row by the key. `last`: the row that was looked at last; `broken`: how many no key opens."""

    place: Place
    last: uuid.UUID | None = None
    broken: int = 0

    def some(self, most: int) -> list[Text]:
        """The next texts under an old key, sealed again before the first write; none: that was all."""
        while rows := _under_an_old_key(self.place, self.last, min(most, AT_ONCE)):
            self.last = rows[-1].id
            if texts := [text for row in rows if (text := self._again(row))]:
                return texts
        return []

    def _again(self, row: Any) -> Text | None:
        was, owner = getattr(row, self.place.column), self.place.owner(row)
        try:
            return Text(row.id, was, sealer().seal(sealer().open(was, owner), owner))
        except SealBroken:
            self.broken += 1
            return None

    def put(self, text: Text) -> int:
        """Put it in the other's place, unless somebody else changed it: then it is under the newest key already."""
        key, column = _columns(self.place)
        unchanged = sa.update(self.place.table).where(key == text.row_id, column == text.was)
        changed(unchanged.values({self.place.column: text.sealed}))
        return 1


def reseal(place: Place) -> Resealed:
    """Seal what is under an old key again. Commits, again and again."""
    walk = Walk(place)
    number = batches.work_off(walk.some, walk.put)
    return Resealed(number, walk.broken)


def _under_an_old_key(place: Place, after: uuid.UUID | None, most: int) -> Sequence[Any]:
    row, column = _columns(place)
    mark = sealer().mark
    old = sa.and_(column.is_not(None), sa.func.substr(column, 1, len(mark)) != mark)
    later = sa.true() if after is None else row > after
    return db.session.scalars(sa.select(place.table).where(old, later).order_by(row).limit(most)).all()


def _columns(place: Place) -> tuple[sa.ColumnElement[uuid.UUID], sa.ColumnElement[str]]:
    columns = place.table.__table__.c
    return columns["id"], columns[place.column]
