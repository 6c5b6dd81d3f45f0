"""The kinds of audit event.

The fields that every row has a column for (`tenant_id`, `user_id`, `actor_id`) are declared by the event that has
them; all other fields become the row's `detail`. `user_id` is whom it happened to, `actor_id` who did it when that is
somebody else.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has; a subclass names its `kind`."""

    kind: ClassVar[str]
    tenant_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    actor_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCompleted(Event):
    """A login came to its end. `reasons` says of every step whether it was asked, and why; `browser` is in words."""

    kind: ClassVar[str] = "login.completed"
    session_id: str
    application: str | None
    browser: str
    acr: str
    amr: Sequence[str]
    reasons: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(Event):
    """A login ended without success: nothing the person could do would have helped."""

    kind: ClassVar[str] = "login.refused"
    refusal: str
    application: str | None
    reasons: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSwitched(Event):
    """A person who is logged in went on to work for another company, which asked no more than was proved already."""

    kind: ClassVar[str] = "session.tenant_switched"
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """A wrong answer at a step. For the password of a name that does not exist there is no `user_id`."""

    kind: ClassVar[str] = "login.step_failed"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriesDelayed(Event):
    """So many wrong answers that further ones are refused for a while."""

    kind: ClassVar[str] = "login.tries_delayed"
    step: str
    failures: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A browser session ended."""

    kind: ClassVar[str] = "session.ended"
    session_id: str
    because: str


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
class TenantCreated(Event):
    """A tenant came to be."""

    kind: ClassVar[str] = "tenant.created"
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChanged(Event):
    """What a tenant is called, or its language, changed; `fields` names which."""

    kind: ClassVar[str] = "tenant.changed"
    fields: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged(Event):
    """A tenant's policy changed; `changed` has the new value of every switch and limit that moved."""

    kind: ClassVar[str] = "tenant.policy_changed"
    changed: Mapping[str, bool | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityCodeRotated(Event):
    """A tenant got another security code."""

    kind: ClassVar[str] = "tenant.security_code_rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityCodeShown(Event):
    """An administrator looked at the tenant's security code."""

    kind: ClassVar[str] = "tenant.security_code_shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """A user came to be."""

    kind: ClassVar[str] = "user.created"
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """A user's particulars changed; `fields` names which, never to what."""

    kind: ClassVar[str] = "user.changed"
    fields: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInvited(Event):
    """An administrator invited somebody, for the first time or again."""

    kind: ClassVar[str] = "user.invited"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationMailed(Event):
    """The one-time link of an invitation went out."""

    kind: ClassVar[str] = "user.invitation_mailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationAccepted(Event):
    """An invited person chose a first password."""

    kind: ClassVar[str] = "user.invitation_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationWithdrawn(Event):
    """An invitation that nobody had accepted was taken back; the user is gone."""

    kind: ClassVar[str] = "user.invitation_withdrawn"
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleImportConfirmed(Event):
    """An administrator confirmed that so many people of a file are to be invited."""

    kind: ClassVar[str] = "tenant.people_import_confirmed"
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTypeChanged(Event):
    """A user became an employee, an administrator or an accountant."""

    kind: ClassVar[str] = "user.type_changed"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockNewIpChosen(Event):
    """An administrator said of one user whether new addresses are validated; null: as the company does."""

    kind: ClassVar[str] = "user.block_new_ip_chosen"
    on: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutEverywhere(Event):
    """Every session, refresh token and known-IP grant of a user ended at once."""

    kind: ClassVar[str] = "user.signed_out_everywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A user's password changed."""

    kind: ClassVar[str] = "user.password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetMailed(Event):
    """A one-time link for a forgotten password went out to the user."""

    kind: ClassVar[str] = "user.password_reset_mailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDisowned(Event):
    """The user said of a login that it was not theirs: everything ended, the password too."""

    kind: ClassVar[str] = "user.login_disowned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectCodeMade(Event):
    """An accountant asked for a code by which a company can connect them."""

    kind: ClassVar[str] = "membership.code_made"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectCodeRefused(Event):
    """An administrator tried a connect code that nobody has."""

    kind: ClassVar[str] = "membership.code_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipBegun(Event):
    """An accountant works for another company from now on; written for both. `other`: the slug of the other one."""

    kind: ClassVar[str] = "membership.begun"
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnded(Event):
    """An accountant works for another company no more; written for both. `other`: the slug of the other one."""

    kind: ClassVar[str] = "membership.ended"
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskAccessGiven(Event):
    """An administrator let the helpdesk look at the company."""

    kind: ClassVar[str] = "helpdesk.access_given"
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskAccessRevoked(Event):
    """An administrator ended the helpdesk's access before its time."""

    kind: ClassVar[str] = "helpdesk.access_revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDisabled(Event):
    """A user may no longer log in."""

    kind: ClassVar[str] = "user.disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEnabled(Event):
    """A disabled user may log in again."""

    kind: ClassVar[str] = "user.enabled"


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
class TenantDisabled(Event):
    """Nobody of the tenant may log in any more."""

    kind: ClassVar[str] = "tenant.disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantEnabled(Event):
    """The people of a disabled tenant may log in again."""

    kind: ClassVar[str] = "tenant.enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistered(Event):
    """An application was registered."""

    kind: ClassVar[str] = "client.registered"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanged(Event):
    """The registration of an application was changed."""

    kind: ClassVar[str] = "client.changed"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted(Event):
    """An application that had registered itself deleted its registration."""

    kind: ClassVar[str] = "client.deleted"
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenMade(Event):
    """The operator made a token with which applications register themselves."""

    kind: ClassVar[str] = "client.registration_allowed"
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretRenewed(Event):
    """An application got another secret; the one of before works for a day."""

    kind: ClassVar[str] = "client.secret_renewed"
    client_id: str


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
