"""Users, invitations and memberships."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events.base import Event


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
class UserDisabled(Event):
    """A user may no longer log in."""

    kind: ClassVar[str] = "user.disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEnabled(Event):
    """A disabled user may log in again."""

    kind: ClassVar[str] = "user.enabled"
