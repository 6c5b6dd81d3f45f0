"""What a row of the outbox holds, as values and as JSON. Pure."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What every item has; a subclass names its `kind`, and after how long it is of no use to anybody.

    `lease`: how long a worker has for it before another one takes it for dead. Shorter only for what is harmless twice.
    """

    kind: ClassVar[str]
    useful_for: ClassVar[timedelta] = timedelta(days=3)
    lease: ClassVar[timedelta] = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who gets a mail, in which language. The ids say whose matter it is, for whoever looks at the outbox.

    `face`: how the company looks whose user it is: a name, a logo by its address, a colour; of each what it has chosen.
    """

    name: str
    email: str
    language: str
    user_id: uuid.UUID | None = None
    tenant_id: uuid.UUID | None = None
    face: Mapping[str, Any] = field(default_factory=dict)


def write(item: Item) -> dict[str, Any]:
    """An item as JSON."""
    return {name: _written(value) for name, value in asdict(item).items()}


def read_recipient(record: Mapping[str, Any]) -> Recipient:
    """The recipient that `write` wrote."""
    ids = {name: uuid.UUID(record[name]) if record[name] else None for name in ("user_id", "tenant_id")}
    told = {name: record[name] for name in ("name", "email", "language")}
    return Recipient(**told, user_id=ids["user_id"], tenant_id=ids["tenant_id"], face=record.get("face", {}))


def _written(value: Any) -> Any:
    match value:
        case dict():
            return {name: _written(inner) for name, inner in value.items()}
        case datetime():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case _:
            return value
