"""Who uses an application of a company's own: for each person the last time that they logged in to it.

    a code is made, a device is allowed ─▶ remember ─▶ one row for each person and application
    the page of the application ─▶ of ─▶ how many in thirty days, and who the latest were
    worker ─▶ what nobody came back to for half a year is forgotten

Authorizations do not say it: they go as soon as their last token is over, most of them after a day. Of the applications
that everybody has nothing is kept: no company asks who else uses them.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from idp.oidc.models import Client, ClientUse
from idp.platform import clock
from idp.platform.extensions import db, upsert

LATELY: Final = timedelta(days=30)
KEPT: Final = timedelta(days=183)
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Uses:
    """How many people used an application in the last thirty days, and who did so last: (user, when), the latest first."""

    people: int
    latest: Sequence[tuple[uuid.UUID, datetime]]


def remember(client: Client, user_id: uuid.UUID) -> None:
    """Note that the person logs in to the application just now. The caller commits."""
    if client.tenant_id is None:
        return
    row = upsert(ClientUse).values(client_id=client.id, user_id=user_id, used_at=clock.now())
    again = row.on_conflict_do_update(index_elements=["client_id", "user_id"], set_={"used_at": clock.now()})
    db.session.execute(again, execution_options={"synchronize_session": False})


def of(client: Client) -> Uses:
    """Who uses it."""
    people = db.session.scalar(count(client.id)) or 0
    return Uses(people, [(row.user_id, row.used_at) for row in db.session.scalars(latest(client.id))])


def count(client_id: uuid.UUID) -> sa.Select[int]:
    """The question how many there are."""
    lately = ClientUse.client_id == client_id, ClientUse.used_at > clock.now() - LATELY
    return sa.select(sa.func.count()).select_from(ClientUse).where(*lately)


def latest(client_id: uuid.UUID) -> sa.Select[ClientUse]:
    """The question who was there last."""
    return sa.select(ClientUse).where(ClientUse.client_id == client_id).order_by(ClientUse.used_at.desc()).limit(SHOWN)
