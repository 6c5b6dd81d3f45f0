"""A value with its end, as a home keeps it: JSON, sealed for the one address at which it lies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from idp.crypto.sealed import SealBroken, Sealer
from idp.shortlived.types import Address

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is kept, and the moment (aware) from which it counts no more."""

    expires_at: datetime
    value: Mapping[str, Any]

    def seal(self, sealer: Sealer, address: Address) -> str:
        """Make the text for a home. Raises TypeError for a value that is no JSON."""
        text = json.dumps([self.expires_at.isoformat(), dict(self.value)], separators=(",", ":"))
        return sealer.seal(text.encode("utf-8"), owner=f"shortlived:{address}")

    @classmethod
    def open(cls, sealed: str, sealer: Sealer, address: Address) -> "Envelope | None":
        """Open the text; None for what we did not seal for this address (moved, altered, under a key that is gone)."""
        try:
            text = sealer.open(sealed, owner=f"shortlived:{address}")
        except SealBroken as error:
            log.warning("shortlived_broken", kind=address.kind, why=str(error))
            return None
        expires_at, value = json.loads(text)
        return cls(datetime.fromisoformat(expires_at), value)
