"""The login history of a person: their logins and the tries that were refused, as the audit log has them.

    LoginCompleted · LoginRefused · StepFailed · TriesDelayed ─▶ audit_events ─▶ page() ─▶ Entry, with its reasons

There is no table beside the audit log: an event is written in the unit of work of what it describes, with the reasons of
the decision, and `reasons.py` says them here as it says them in `idp explain`. A page goes on after the last event of the
page before, by the index of (user, moment, event).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from idp.audit.events import LoginCompleted, LoginRefused, StepFailed, TriesDelayed
from idp.audit.models import AuditEvent
from idp.login.core import reasons
from idp.login.core.types import Reason, StepName
from idp.platform import clock
from idp.platform.extensions import db

PAGE = 20
SHOWN_FOR = timedelta(days=183)
_KINDS = tuple(event.kind for event in (LoginCompleted, LoginRefused, StepFailed, TriesDelayed))


@dataclass(frozen=True, slots=True)
class Entry:
    """A login or a refused try. `step`: the one that was answered wrongly. `seconds`: how long none was admitted then.

    `tenant_id`: whom the login was for. `application`, `browser`: None where there was none, or it was not kept.
    """

    kind: str
    at: datetime
    network: str | None
    tenant_id: uuid.UUID | None = None
    application: str | None = None
    browser: str | None = None
    step: StepName | None = None
    seconds: int = 0
    reasons: tuple[Reason, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether somebody was logged in."""
        return self.kind == LoginCompleted.kind


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the entries, the newest first, and the event to go on before; None: these are the last."""

    entries: Sequence[Entry]
    before: int | None


def page(user_id: uuid.UUID, before: int | None = None) -> Page:
    """The entries of the last months, or those of them that are older than the event `before`."""
    found = list(db.session.scalars(select(user_id, before).limit(PAGE + 1)))
    return Page([entry(event) for event in found[:PAGE]], found[PAGE - 1].id if len(found) > PAGE else None)


def select(user_id: uuid.UUID, before: int | None) -> sa.Select[AuditEvent]:
    """The question that `page` asks."""
    recent = AuditEvent.at > clock.now() - SHOWN_FOR
    mine = sa.select(AuditEvent).where(AuditEvent.user_id == user_id, recent, AuditEvent.kind.in_(_KINDS))
    if before is not None:
        its_moment = sa.select(AuditEvent.at).where(AuditEvent.id == before, AuditEvent.user_id == user_id)
        mine = mine.where(
            sa.tuple_(AuditEvent.at, AuditEvent.id) < sa.tuple_(its_moment.scalar_subquery(), sa.literal(before))
        )
    return mine.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())


def entry(event: AuditEvent) -> Entry:
    """What an event says; what an older or a newer version wrote otherwise is left out."""
    said = event.detail
    return Entry(
        kind=event.kind,
        at=event.at,
        network=event.network,
        tenant_id=event.tenant_id,
        application=said.get("application"),
        browser=said.get("browser"),
        step=_step(said.get("step")),
        seconds=said.get("seconds", 0),
        reasons=tuple(reason for record in said.get("reasons", ()) for reason in _reason(record)),
    )


def _step(name: str | None) -> StepName | None:
    return StepName(name) if name in set(StepName) else None


def _reason(record: Mapping[str, Any]) -> tuple[Reason, ...]:
    try:
        return (reasons.from_machine(record),)
    except ValueError:
        return ()
