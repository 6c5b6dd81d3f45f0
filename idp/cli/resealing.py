"""Sealing again what is at rest under an old secret key, while everything serves.

    IDP_SECRET_KEYS = new,old  ─▶ restart ─▶ idp keys reseal ─▶ IDP_SECRET_KEYS = new

Batch by batch, each a transaction of its own; a row that somebody else changes at the same moment is theirs, and under
the newest key already. What a key of the ring does not open stays as it is and is counted. Handles that live minutes are
left to end by themselves.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from idp.accounts import factors, newcomers
from idp.accounts.models import TotpDevice
from idp.accounts.newcomers.models import PeopleImport
from idp.crypto.sealed import SealBroken
from idp.extensions import Base, changed, db
from idp.oidc import keys
from idp.oidc.models import SigningKey
from idp.outbox import models as outbox
from idp.outbox.models import Queued
from idp.tenancy import queries as tenancy
from idp.tenancy.models import Tenant
from idp.vault import sealer

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed texts, and whom the text of a row is sealed for."""

    table: type[Base]
    column: str
    owner: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many texts of a place are under the newest key now, and how many no key opens."""

    number: int
    broken: int


PLACES: Final = (
    Place(SigningKey, "private_sealed", lambda row: keys.seal_owner(row.kid)),
    Place(Tenant, "security_code_sealed", lambda row: tenancy.seal_owner(row.id)),
    Place(TotpDevice, "secret_sealed", lambda row: factors.seal_owner(row.user_id)),
    Place(Queued, "payload_sealed", lambda row: outbox.seal_owner(row.id)),
    Place(PeopleImport, "people_sealed", lambda row: newcomers.seal_owner(row.id)),
)
"""Every sealed text that outlives an hour."""


def reseal(place: Place) -> Resealed:
    """Seal what is under an old key again. Commits."""
    number = broken = 0
    rows = _under_an_old_key(place, None)
    while rows:
        for row in rows:
            try:
                number += _again(place, row)
            except SealBroken:
                broken += 1
        last: uuid.UUID = rows[-1].id
        db.session.commit()
        db.session.expunge_all()
        rows = _under_an_old_key(place, last)
    return Resealed(number, broken)


def _under_an_old_key(place: Place, after: uuid.UUID | None) -> list[Any]:
    row, column = _columns(place)
    mark = sealer().mark
    old = sa.and_(column.is_not(None), sa.func.substr(column, 1, len(mark)) != mark)
    later = sa.true() if after is None else row > after
    return list(db.session.scalars(sa.select(place.table).where(old, later).order_by(row).limit(BATCH)))


def _again(place: Place, row: Any) -> bool:
    was, owner = getattr(row, place.column), place.owner(row)
    key, column = _columns(place)
    unchanged = sa.update(place.table).where(key == row.id, column == was)
    return changed(unchanged.values({place.column: sealer().seal(sealer().open(was, owner), owner)}))


def _columns(place: Place) -> tuple[sa.ColumnElement[uuid.UUID], sa.ColumnElement[str]]:
    columns = place.table.__table__.c
    return columns["id"], columns[place.column]
