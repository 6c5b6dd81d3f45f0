"""Rows of imports of people."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Enum, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from idp import clock
from idp.extensions import Base, Instant


class State(enum.StrEnum):
    """How far an import is."""

    PREVIEWED = "previewed"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class PeopleImport(Base):
    """The people of a CSV file, until they are invited. ``people``: how many; who they are is sealed, and goes at the end."""

    __tablename__ = "people_imports"
    __table_args__ = (Index("ix_people_imports_tenant_id_created_at", "tenant_id", "created_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    actor_id: Mapped[uuid.UUID]
    state: Mapped[State] = mapped_column(
        Enum(State, native_enum=False, length=16, values_callable=lambda e: [m.value for m in e]),
        default=State.PREVIEWED,
    )
    people: Mapped[int]
    people_sealed: Mapped[str | None] = mapped_column(Text)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
