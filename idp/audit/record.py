"""Writing the audit log."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from flask import g, has_request_context

from idp.audit.events import Event
from idp.audit.models import AuditEvent
from idp.platform import clock
from idp.platform.extensions import db

_COLUMNS = frozenset({"tenant_id", "user_id", "actor_id"})


def record(event: Event) -> None:
    """Add the event to the running unit of work: it is kept if, and only if, what it describes is kept."""
    db.session.add(AuditEvent(**_columns(event)))


def record_all(events: Iterable[Event]) -> None:
    """As `record` for many, in one statement; none where there are none."""
    if rows := [_columns(event) for event in events]:
        db.session.execute(sa.insert(AuditEvent), rows)


def _columns(event: Event) -> dict[str, Any]:
    names = (field.name for field in fields(event))
    return {
        "at": clock.now(),
        "kind": event.kind,
        "tenant_id": event.tenant_id,
        "user_id": event.user_id,
        "actor_id": event.actor_id,
        "network": _of_request("network"),
        "request_id": _of_request("request_id"),
        "detail": {name: _plain(getattr(event, name)) for name in names if name not in _COLUMNS},
    }


def _of_request(name: str) -> str | None:
    return g.get(name) if has_request_context() else None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value
