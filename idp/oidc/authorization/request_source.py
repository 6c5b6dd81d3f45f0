"""What counts of an authorization request, and how it came: by the browser, handed in, signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.oidc.authorization.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Named:
    """A request object that has a `jti`, and until when (in seconds) it could be brought again."""

    name: str
    until: int


@dataclass(frozen=True, slots=True)
class Brought:
    """The parameters that count. `pushed`: handed in by the client itself (RFC 9126); `signed` by it (RFC 9101)."""

    parameters: Parameters
    pushed: bool = False
    signed: bool = False
    named: Named | None = None

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "parameters": dict(self.parameters.values),
            "resources": list(self.parameters.resources),
            "pushed": self.pushed,
            "signed": self.signed,
            "named": [self.named.name, self.named.until] if self.named else None,
        }


def kept(record: Mapping[str, Any]) -> Brought:
    """As it was kept."""
    resources = tuple(record.get("resources", ()))
    parameters = Parameters(record["parameters"], resources=resources)
    named = Named(*record["named"]) if record.get("named") else None
    return Brought(parameters, bool(record.get("pushed")), record.get("signed", False), named)
