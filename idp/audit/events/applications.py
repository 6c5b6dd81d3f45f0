"""Applications, what they were given, and the keys that sign it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReused(Event):
    """An authorization code came a second time: what the first use gave is revoked."""

    kind: ClassVar[str] = "token.code_reused"
    client_id: str
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReused(Event):
    """A refresh token came again long after its use: its family is revoked."""

    kind: ClassVar[str] = "token.refresh_token_reused"
    client_id: str
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven(Event):
    """A user allowed an application its scopes."""

    kind: ClassVar[str] = "consent.given"
    client_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A user took back what an application was allowed; what it got is revoked."""

    kind: ClassVar[str] = "consent.withdrawn"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAllowed(Event):
    """A user allowed a device that showed a code."""

    kind: ClassVar[str] = "client.device_allowed"
    client_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Event):
    """A signing key was withdrawn: what it signed is worth nothing."""

    kind: ClassVar[str] = "keys.revoked"
    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRotated(Event):
    """The signing keys moved on."""

    kind: ClassVar[str] = "keys.rotated"
    kids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistered(Event):
    """An application was registered. `without`: which of the guards of its codes it does without, by its operator's word."""

    kind: ClassVar[str] = "client.registered"
    client_id: str
    without: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanged(Event):
    """The registration of an application was changed; `fields` names which keys of it, never to what."""

    kind: ClassVar[str] = "client.changed"
    client_id: str
    fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted(Event):
    """An application that had registered itself deleted its registration."""

    kind: ClassVar[str] = "client.deleted"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenMade(Event):
    """The operator, or an administrator for their tenant, made a token with which applications register themselves."""

    kind: ClassVar[str] = "client.registration_allowed"
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenRevoked(Event):
    """A token with which applications registered themselves is worth nothing any more; what registered stays."""

    kind: ClassVar[str] = "client.registration_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretRenewed(Event):
    """An application got another secret; the one of before works for a day."""

    kind: ClassVar[str] = "client.secret_renewed"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutsRetried(Event):
    """An application is told once more which logins are over; telling it had been given up."""

    kind: ClassVar[str] = "client.logouts_retried"
    client_id: str
    logouts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDisabled(Event):
    """An application is refused everything."""

    kind: ClassVar[str] = "client.disabled"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEnabled(Event):
    """A disabled application is served again."""

    kind: ClassVar[str] = "client.enabled"
    client_id: str
