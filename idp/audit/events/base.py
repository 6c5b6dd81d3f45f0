"""What every event has."""

import uuid
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has; a subclass names its `kind`."""

    kind: ClassVar[str]
    tenant_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    actor_id: uuid.UUID | None = None
