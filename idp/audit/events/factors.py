"""Passwords, second factors, and the addresses that may spare one."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorSetUp(Event):
    """A second factor was set up and confirmed."""

    kind: ClassVar[str] = "two_factor.set_up"
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorRemoved(Event):
    """A second factor was switched off."""

    kind: ClassVar[str] = "two_factor.removed"
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorAdded(Event):
    """One more authenticator, beside those of before."""

    kind: ClassVar[str] = "two_factor.authenticator_added"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorRemoved(Event):
    """One authenticator less. `last`: there is none any more."""

    kind: ClassVar[str] = "two_factor.authenticator_removed"
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorRenamed(Event):
    """An authenticator got another name."""

    kind: ClassVar[str] = "two_factor.authenticator_renamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRenamed(Event):
    """A passkey got another name."""

    kind: ClassVar[str] = "passkey.renamed"
    passkey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorReset(Event):
    """An administrator took a user's second factors away."""

    kind: ClassVar[str] = "two_factor.reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorReminded(Event):
    """An administrator asked a user by mail to set up a second factor."""

    kind: ClassVar[str] = "two_factor.reminded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesRenewed(Event):
    """Ten new recovery codes took the place of the old ones."""

    kind: ClassVar[str] = "recovery_codes.renewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """A recovery code stood in for a TOTP code."""

    kind: ClassVar[str] = "recovery_codes.used"
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyCopied(Event):
    """A passkey's count of signatures did not grow, so that there may be two of it: the answer was refused."""

    kind: ClassVar[str] = "passkey.copied"
    passkey: str
    sign_count: int
    last_sign_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIpChosen(Event):
    """The user switched "once every 30 days from a known IP address" on or off."""

    kind: ClassVar[str] = "known_ip.chosen"
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIpGranted(Event):
    """A correct TOTP made or renewed a known-IP grant."""

    kind: ClassVar[str] = "known_ip.granted"
    known_network: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIpUsed(Event):
    """A known-IP grant took the place of the TOTP step."""

    kind: ClassVar[str] = "known_ip.used"
    known_network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIpRevoked(Event):
    """Known-IP grants ended before their time; `known_network` is null where all of them did."""

    kind: ClassVar[str] = "known_ip.revoked"
    known_network: str | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIpValidated(Event):
    """The mailbox vouched for an address that was new for the user, for this login."""

    kind: ClassVar[str] = "familiar_network.validated"
    validated_network: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamiliarNetworkForgotten(Event):
    """The user made an address strange again that they had logged in from."""

    kind: ClassVar[str] = "familiar_network.forgotten"
    forgotten_network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A user's password changed."""

    kind: ClassVar[str] = "user.password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetMailed(Event):
    """A one-time link for a forgotten password went out to the user."""

    kind: ClassVar[str] = "user.password_reset_mailed"
