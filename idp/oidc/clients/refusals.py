"""Why an application was refused as itself: for the log and for its owner, never for whoever asked (RFC 6749 section 5.2).

    client_auth ─▶ the log, each time
               └─▶ an application of a company's own? ─▶ remember ─▶ one row: the newest reason, how many, when
    the page of the application ─▶ latest ─▶ what went wrong in the last thirty days

Anybody can cause a refusal, so that a row is written once a minute at most, whoever asks how often: what comes between is
counted in the process and written with the next one. A process that ends forgets what it had not written. Of the
applications that everybody has nothing is kept: the log is their operator's.
"""

from __future__ import annotations

import enum
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from idp.oidc.models import Client, ClientRefusal
from idp.platform import clock
from idp.platform.extensions import db, upsert
from idp.web.logs import log

PACE: Final = timedelta(minutes=1)
SHOWN: Final = timedelta(days=30)
MOST_COUNTED: Final = 1000
"""Of so many applications a process counts what it has not written; beyond that it forgets the oldest."""


class Reason(enum.StrEnum):
    """Why a client was refused."""

    UNKNOWN = "unknown_client"
    UNREADABLE = "unreadable"
    PUBLIC = "public_client"
    METHOD = "other_method"
    SECRET = "wrong_secret"  # noqa: S105 - not a secret
    CERTIFICATE = "wrong_certificate"
    SIGNATURE = "assertion_signature"
    NAMES = "assertion_names"
    AUDIENCE = "assertion_audience"
    TIME = "assertion_time"
    REUSED = "assertion_reused"


@dataclass(slots=True)
class _Unwritten:
    """Refusals of one client that are in no row yet, and when they may be written."""

    refusals: int
    not_before: datetime


_unwritten: Final[dict[uuid.UUID, _Unwritten]] = {}
_lock: Final = threading.Lock()


def remember(client: Client, because: Reason, method: str) -> None:
    """Note for the client's owner that it was refused. Commits; where that is not possible the refusal stands all the same."""
    if client.tenant_id is None:
        return
    client_id, now = client.id, clock.now()
    refusals = _to_write(client_id, now)
    if not refusals:
        return
    try:
        written = _write(client_id, because, method, refusals, now)
    except DBAPIError:
        db.session.rollback()
        log.warning("client refusal not kept", because=because)
        return
    if written:
        _forget(client_id, refusals)


def latest(client: Client) -> ClientRefusal | None:
    """The newest refusal, where it is of the last thirty days."""
    lately = ClientRefusal.client_id == client.id, ClientRefusal.refused_at > clock.now() - SHOWN
    return db.session.scalar(sa.select(ClientRefusal).where(*lately))


def _to_write(client_id: uuid.UUID, now: datetime) -> int:
    """Count one more; how many are to be written now, none while the last try is less than a minute ago."""
    with _lock:
        mine = _unwritten.setdefault(client_id, _Unwritten(0, now))
        mine.refusals += 1
        if len(_unwritten) > MOST_COUNTED:
            del _unwritten[next(iter(_unwritten))]
        if now < mine.not_before:
            return 0
        mine.not_before = now + PACE
        return mine.refusals


def _forget(client_id: uuid.UUID, refusals: int) -> None:
    with _lock:
        if mine := _unwritten.get(client_id):
            mine.refusals -= refusals


def _write(client_id: uuid.UUID, because: Reason, method: str, refusals: int, now: datetime) -> bool:
    """Write the row, unless another process did within the minute; whether it was."""
    said = {"reason": str(because), "method": method, "refused_at": now}
    row = upsert(ClientRefusal).values(client_id=client_id, refusals=refusals, **said)
    more = {**said, "refusals": ClientRefusal.refusals + refusals}
    again = row.on_conflict_do_update(
        index_elements=["client_id"], set_=more, where=ClientRefusal.refused_at <= now - PACE
    )
    done = db.session.scalar(again.returning(ClientRefusal.refusals), execution_options={"synchronize_session": False})
    db.session.commit()
    return done is not None
