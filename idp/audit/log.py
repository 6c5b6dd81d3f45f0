"""Reading the audit log of a tenant: the newest events first, page by page, by the index of (tenant, moment, event).

subject, network, kinds, since, until ─▶ Question ─▶ page_of: fifty events, and the one to go on before
                                                └──▶ everything: all of them, heap by heap, for a file
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from idp.audit.models import AuditEvent
from idp.extensions import db

PAGE = 50
_HEAP = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What the log is asked. None: whatever it is.

    `subject`: whom an event happened to, or who did it. `kinds`: how a kind begins, any of them. `since` counts,
    `until` does not. `before`: the event that the page before ended with.
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
    found = list(db.session.scalars(select(tenant_id, asked).limit(size + 1)))
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


def select(tenant_id: uuid.UUID, asked: Question) -> sa.Select[AuditEvent]:
    """The statement that `page_of` asks."""
    of_tenant = sa.select(AuditEvent).where(AuditEvent.tenant_id == tenant_id, *_conditions(asked))
    if asked.before is not None:
        at = _moment_of(tenant_id, asked.before)
        older = sa.false() if at is None else sa.tuple_(AuditEvent.at, AuditEvent.id) < sa.tuple_(at, asked.before)
        of_tenant = of_tenant.where(older)
    return of_tenant.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())


def _moment_of(tenant_id: uuid.UUID, event_id: int) -> datetime | None:
    """When that event of the tenant was; what is another tenant's, or gone, is nowhere in the log."""
    return db.session.scalar(
        sa.select(AuditEvent.at).where(AuditEvent.id == event_id, AuditEvent.tenant_id == tenant_id)
    )


def _conditions(asked: Question) -> Iterator[sa.ColumnElement[bool]]:
    if asked.subject is not None:
        yield sa.or_(AuditEvent.user_id == asked.subject, AuditEvent.actor_id == asked.subject)
    if asked.kinds is not None:
        yield sa.or_(*(AuditEvent.kind.startswith(beginning, autoescape=True) for beginning in asked.kinds))
    if asked.network is not None:
        yield AuditEvent.network == asked.network
    if asked.since is not None:
        yield AuditEvent.at >= asked.since
    if asked.until is not None:
        yield AuditEvent.at < asked.until
