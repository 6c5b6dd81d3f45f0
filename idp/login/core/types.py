"""The values of the heart. Pure: all frozen, none knows where it came from.

Situation = policy + enrolled factors + evidence + network + demand
decide(Situation, steps) -> Challenge | Complete | Deny        (policy.py)
assure(evidence)         -> Assurance                          (assurance.py)
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from idp.tenancy.policy import Policy


class Factor(enum.StrEnum):
    """What a person can prove. The tenant's security code is none: colleagues share it."""

    PASSWORD = "password"  # noqa: S105 - a name
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"


SECOND_FACTORS = frozenset({Factor.TOTP, Factor.PASSKEY})


class StepName(enum.StrEnum):
    """The pages of the pipeline, each asking for one thing."""

    PASSWORD = "password"  # noqa: S105 - a name
    SECURITY_CODE = "security_code"
    NEW_IP = "new_ip"
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    SET_UP_TOTP = "set_up_totp"
    CHOOSE_TENANT = "choose_tenant"


class Level(enum.IntEnum):
    """What a login is worth, weakest first; ``acr`` gives each its name on the wire."""

    NOTHING = 0
    PASSWORD = 1
    SECURITY_CODE = 2
    TWO_FACTOR = 3
    PHISHING_RESISTANT = 4

    @property
    def acr(self) -> str:
        """The Authentication Context Class Reference (OpenID Connect Core section 2)."""
        return ACR[self]


ACR: Mapping[Level, str] = {
    Level.NOTHING: "0",
    Level.PASSWORD: "urn:informer:acr:password",
    Level.SECURITY_CODE: "urn:informer:acr:security-code",
    Level.TWO_FACTOR: "urn:informer:acr:2fa",
    Level.PHISHING_RESISTANT: "phr",
}
LEVEL_OF_ACR: Mapping[str, Level] = {acr: level for level, acr in ACR.items() if level}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that this browser proved.

    ``covers`` names the steps it stands for; ``tenant`` (a slug) binds it to one tenant, None to
    the person; ``epoch`` is the user's epoch at that moment; ``network`` where it came from. ``code_made``: which of
    the tenant's security codes was typed, by when that one was made; None: the first, or none was.
    """

    step: StepName
    at: datetime
    factors: frozenset[Factor] = frozenset()
    amr: frozenset[str] = frozenset()
    covers: frozenset[StepName] = frozenset()
    phishing_resistant: bool = False
    tenant: str | None = None
    epoch: int = 0
    network: str | None = None
    code_made: str | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked on top of the policy by whoever needs the login.

    ``level``: the least the login should be worth; when ``essential`` it must be.
    ``not_before``: evidence older than this does not count (``prompt=login``, ``max_age``).
    ``tenant``: the slug of the tenant to work for. ``subject``: the only user who will do.
    ``choose_tenant``: a person of several tenants is to choose among them again (``prompt=select_account``).
    """

    level: Level = Level.NOTHING
    essential: bool = False
    not_before: datetime | None = None
    tenant: str | None = None
    subject: str | None = None
    choose_tenant: bool = False


@dataclass(frozen=True, slots=True)
class KnownIp:
    """A live known-IP grant of the user for this network, already checked for this tenant."""

    network: str
    earned_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Network:
    """Where the request comes from: an IPv4 address or an IPv6 /64, None when unreadable.

    ``familiar``: the user has completed a login from here, or validated it by mail.
    """

    address: str | None = None
    known: KnownIp | None = None
    familiar: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All the facts that a decision rests on.

    ``enrolled``: what the person has and the policy takes; before anybody is named, what whoever comes may have.
    ``user``: the id of the person, None until the password step names one. ``tenants``: the slugs of the tenants that
    the person may work for, the home tenant first. ``tenant``: the one whose ``policy`` this is. ``session_tenant``: the
    one that this browser's session of the person works for, None where there is none that the login goes on from.
    """

    policy: Policy = Policy()
    enrolled: frozenset[Factor] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    network: Network = Network()
    demand: Demand = Demand()
    user: str | None = None
    tenants: tuple[str, ...] = ()
    tenant: str = ""
    session_tenant: str | None = None


class ReasonCode(enum.StrEnum):
    """Why a step is asked, waived or not owed; ``reasons.py`` has the sentence of each."""

    ALWAYS = "always"
    POLICY = "policy"
    POLICY_OFF = "policy_off"
    DEMAND = "demand"
    ENROLLED = "enrolled"
    NOT_ENROLLED = "not_enrolled"
    ALREADY_SET_UP = "already_set_up"
    KNOWN_IP = "known_ip"
    KNOWN_IP_NOT_ENOUGH = "known_ip_not_enough"
    VALIDITY_LIMITED = "validity_limited"
    ALTERNATIVE = "alternative"
    PASSKEY_ASKED = "passkey_asked"
    FAMILIAR_NETWORK = "familiar_network"
    ONE_TENANT = "one_tenant"
    TENANT_NAMED = "tenant_named"
    SESSION_TENANT = "session_tenant"
    SEVERAL_TENANTS = "several_tenants"
    NOT_A_MEMBER = "not_a_member"
    LEVEL_OUT_OF_REACH = "level_out_of_reach"
    OTHER_USER = "other_user"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, for a machine: a code and the facts that its sentence needs."""

    code: ReasonCode
    step: StepName | None = None
    asked: bool = False
    facts: Mapping[str, str | datetime] = field(default_factory=dict)


class Need(enum.Enum):
    """What a step's rule says of a situation."""

    OWED = "owed"
    WAIVED = "waived"
    NOT_OWED = "not_owed"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A step's need in a situation and the reason for it."""

    need: Need
    code: ReasonCode
    facts: Mapping[str, str | datetime] = field(default_factory=dict)


class StepRules(Protocol):
    """The pure half of a step."""

    @property
    def name(self) -> StepName:
        """Which step this is."""

    @property
    def instead_of(self) -> frozenset[StepName]:
        """The steps in whose place the person may choose this one; none for most steps."""

    def required(self, s: Situation) -> Requirement:
        """Whether this step is owed, waived or not owed, and why."""

    def answerable(self, s: Situation) -> bool:
        """Whether this person can answer this step at all."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """What proofs are worth: the level, the methods (RFC 8176) and the time of the proof."""

    level: Level
    amr: tuple[str, ...]
    auth_time: datetime


class Refusal(enum.Enum):
    """Why a login cannot go on, whatever the person does."""

    NOT_A_MEMBER = "not_a_member"
    LEVEL_OUT_OF_REACH = "level_out_of_reach"
    OTHER_USER = "other_user"


@dataclass(frozen=True, slots=True)
class Challenge:
    """Ask this step now, or one of its alternatives."""

    step: StepName
    or_else: tuple[StepName, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    """Nothing is owed any more."""

    assurance: Assurance
    evidence: tuple[Evidence, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Deny:
    """This login ends here."""

    refusal: Refusal
    reasons: tuple[Reason, ...]


Decision = Challenge | Complete | Deny
