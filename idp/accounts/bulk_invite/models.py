"""Rows of imports of people."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Enum, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.platform import clock
from idp.platform.extensions import Base, Instant


class State(enum.StrEnum):
    """How far an import is. FAILED: it came to its end, and nobody was invited."""

    PREVIEWED = "previewed"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Stop(enum.StrEnum):
    """Why an import that waits does not go on."""

    ASKED = "asked"
    COMPANY_DISABLED = "company_disabled"
    NO_ADMINISTRATOR = "no_administrator"


class PeopleImport(Base):
    """The people of a CSV file, until they are invited. ``people``: how many; who they are is sealed.

    Of the first ``handled`` of them each is a user, or stands on a line in ``left_out``: the username was somebody's.
    ``moved_at``: when that was last so. At the end only those left out are kept, until the import is forgotten.
    """

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
    """What the version before wrote here: it invited all or nobody."""
    handled: Mapped[int] = mapped_column(default=0, server_default="0")
    left_out: Mapped[list[int]] = mapped_column(JSON, default=list, server_default="[]")
    stopped: Mapped[Stop | None] = mapped_column(
        Enum(Stop, native_enum=False, length=16, values_callable=lambda e: [m.value for m in e])
    )
    moved_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def invited(self) -> int:
        """How many were made users. The version before did not count, and made all or none."""
        return (self.people if self.state is State.DONE else self.handled) - len(self.left_out)
