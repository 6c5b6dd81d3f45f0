"""Reading the audit log of a tenant: the newest events first, page by page, by indexes that end in (moment, event).

subject, network, kinds, since, until ─▶ Question ─▶ page_of: fifty events, and the one to go on before
                                                └──▶ everything: all of them, heap by heap, for a file
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.platform.extensions import db

PAGE = 50
_HEAP = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What the log is asked. None: whatever it is.

    `subject`: whom an event happened to, or who did it. `kinds`: any of them. `since` counts, `until` does not.
    `before`: the event that the page before ended with.
    """

    subject: uuid.UUID | None = None
    kinds: tuple[str, ...] | None = None
    network: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the events, and the one to go on before; None: these are the last."""

    events: Sequence[AuditEvent]
    before: int | None


def page_of(tenant_id: uuid.UUID, asked: Question, size: int = PAGE) -> Page:
    """The events that the question is about."""
    found = list(db.session.scalars(select(tenant_id, asked, size + 1)))
    return Page(found[:size], found[size - 1].id if len(found) > size else None)


def everything(tenant_id: uuid.UUID, asked: Question) -> Iterator[Sequence[AuditEvent]]:
    """All of them; no transaction is open between two heaps."""
    page = page_of(tenant_id, asked, _HEAP)
    while page.events:
        yield page.events
        db.session.rollback()
        if page.before is None:
            return
        page = page_of(tenant_id, replace(asked, before=page.before), _HEAP)


def select(tenant_id: uuid.UUID, asked: Question, most: int) -> sa.Select[AuditEvent]:
    """The statement that `page_of` asks: the newest of each way that an index leads, and of those the newest."""
    conditions, ways = (AuditEvent.tenant_id == tenant_id, *_conditions(tenant_id, asked)), list(_ways(asked))
    if len(ways) == 1:
        return _newest(sa.select(AuditEvent).where(*conditions, *ways), most)
    newest = [_newest(sa.select(AuditEvent.id).where(*conditions, way), most).subquery() for way in ways]
    found = sa.union_all(*(sa.select(some.c.id) for some in newest))
    return _newest(sa.select(AuditEvent).where(AuditEvent.id.in_(found)), most)


def _newest(which: sa.Select[Any], most: int) -> sa.Select[Any]:
    return which.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(most)


def _ways(asked: Question) -> Iterator[sa.ColumnElement[bool]]:
    """Yield conditions of which any may be true: no index serves two of them in the order of moments."""
    if asked.subject is not None:
        of_kind = sa.true() if asked.kinds is None else AuditEvent.kind.in_(asked.kinds)
        yield sa.and_(AuditEvent.user_id == asked.subject, of_kind)
        yield sa.and_(AuditEvent.actor_id == asked.subject, of_kind)
    elif asked.kinds is not None:
        yield from (AuditEvent.kind == kind for kind in asked.kinds)
    else:
        yield sa.true()


def _moment_of(tenant_id: uuid.UUID, event_id: int) -> datetime | None:
    """When that event of the tenant was; what is another tenant's, or gone, is nowhere in the log."""
    return db.session.scalar(
        sa.select(AuditEvent.at).where(AuditEvent.id == event_id, AuditEvent.tenant_id == tenant_id)
    )


def _conditions(tenant_id: uuid.UUID, asked: Question) -> Iterator[sa.ColumnElement[bool]]:
    if asked.network is not None:
        yield AuditEvent.network == asked.network
    if asked.since is not None:
        yield AuditEvent.at >= asked.since
    if asked.until is not None:
        yield AuditEvent.at < asked.until
    if asked.before is not None:
        at = _moment_of(tenant_id, asked.before)
        yield sa.false() if at is None else sa.tuple_(AuditEvent.at, AuditEvent.id) < sa.tuple_(at, asked.before)
