"""The rules of logging in as a small model. Nothing here knows the product; ids such as (C3) are those of `tests/rules.py`.

owed(…)        the next step of a login, None when there is none        (A2, B1, C3, D1, E3)
worth(…)       what a completed login says of itself                    (C7)
stands_in(…)   whether a known network takes the place of the code      (C2 to C6)
Failures       how guessing is slowed down                              (D2)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

THIRTY_DAYS = timedelta(days=30)
LOGIN_LIVES = timedelta(minutes=15)
LOGIN_REMEMBERED = timedelta(days=1)
SESSION_LIVES = timedelta(hours=24)
SESSION_IDLES = timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=5)
FRESH = timedelta(minutes=15)
VALIDATION_LIVES = timedelta(minutes=10)
RESET_LIVES = timedelta(minutes=30)
FAMILY_LIVES = timedelta(days=90)
REFRESH_IDLES = timedelta(days=30)
NOT_ME_LIVES = timedelta(days=7)
SAME_LOGIN = timedelta(minutes=1)
REUSE_GRACE = timedelta(seconds=10)
MAILS_AN_HOUR = 5
TRIES_AN_HOUR = 20
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

COVERS = {
    "recovery_code": {"totp"},
    "set_up_totp": {"set_up_totp", "totp"},
    "passkey_first": {"password", "security_code", "totp", "passkey"},
    "passkey": {"totp", "passkey"},
    "passkey_set_up": {"set_up_totp", "totp", "passkey"},
}
PASSKEY = {"passkey_first", "passkey", "passkey_set_up"}
POSSESSION = {"totp", "recovery_code", "set_up_totp"}
FACTORS = {"password", *POSSESSION, *PASSKEY}


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address (C2)."""
    ip = ip_address(address)
    return address if ip.version == 4 else str(ip_network((address, 64), strict=False))


@dataclass(eq=False)
class Company:
    """A tenant and its policy. `generation` moves on when its grants end (C4, C5)."""

    slug: str
    security_code: bool = True
    two_factor_mandatory: bool = False
    limit_two_factor_validity: bool = False
    block_new_ip: bool = False
    known_ip_same_browser: bool = False
    passkeys: bool = True
    generation: int = 0
    rotations: int = 0


@dataclass(frozen=True)
class Place:
    """Where somebody sits: a network, and a browser."""

    network: str
    browser: int


@dataclass(frozen=True)
class Proof:
    """One thing that a browser proved. `generation`: the person's at that moment; `rotations`: of its company's code."""

    of: str
    at: datetime
    generation: int
    network: str
    company: Company | None = None
    rotations: int = 0

    @property
    def outdated(self) -> bool:
        """Whether it is of a security code that was rotated since (C5)."""
        return self.of == "security_code" and self.company is not None and self.rotations != self.company.rotations

    @property
    def covers(self) -> set[str]:
        """The steps that it stands for."""
        return COVERS.get(self.of, {self.of})


@dataclass(frozen=True)
class Grant:
    """A correct code from a network, which for thirty days may stand in for another one (C2)."""

    made: datetime
    generation: int
    companies: dict[str, int]
    browser: int


@dataclass
class Failures:
    """Wrong answers of one kind, for one person, in one scope (D2)."""

    count: int = 0
    newest: datetime | None = None
    blocked_until: datetime | None = None

    def blocked(self, now: datetime) -> bool:
        """Whether a delay runs."""
        return self.blocked_until is not None and now < self.blocked_until

    def add(self, now: datetime) -> None:
        """The fifth begins 30 seconds, each further one doubles it, to 15 minutes; a day without failures forgets."""
        if self.newest is not None and now - self.newest >= DAY:
            self.count = 0
        self.count, self.newest = self.count + 1, now
        if self.count >= 5:
            self.blocked_until = now + min(timedelta(seconds=30 * 2 ** (self.count - 5)), timedelta(minutes=15))


@dataclass(eq=False)
class Person:
    """A user. `generation` moves on when everything proved before is worthless (C5, D5, E5)."""

    name: str
    home: Company
    works_for: list[Company] = field(default_factory=list)
    administrator: bool = False
    totp: bool = False
    every_30_days: bool = False
    passkey: bool = False
    has_password: bool = True
    disabled: bool = False
    generation: int = 0
    places: dict[str, datetime] = field(default_factory=dict)
    browsers: set[int] = field(default_factory=set)
    logged_in: bool = False
    grants: dict[str, Grant] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failures] = field(default_factory=lambda: defaultdict(Failures))
    wrong_second_factors: list[datetime] = field(default_factory=list)
    validations_mailed: list[datetime] = field(default_factory=list)
    recovery_codes_left: int = 0

    @property
    def companies(self) -> list[Company]:
        """Whom they may work for, the home tenant first (E3)."""
        return [self.home, *self.works_for]

    def has_key(self, at: Company) -> bool:
        """Whether they have a passkey that the tenant takes (B4)."""
        return self.passkey and at.passkeys

    def moves_on(self) -> None:
        """Sessions, proofs, links and grants of before are worthless."""
        self.generation += 1
        self.grants.clear()

    # Guessing, as D2 says

    def scope(self, network: str) -> str:
        """A network that has logged in before is counted apart from strangers."""
        return network if network in self.places else "strangers"

    def must_wait(self, kind: str, network: str, now: datetime) -> bool:
        """Whether no answer is looked at now, be it right or wrong."""
        if self.failures[kind, self.scope(network)].blocked(now):
            return True
        recent = [at for at in self.wrong_second_factors if now - at < HOUR]
        return kind == "second_factor" and len(recent) >= TRIES_AN_HOUR

    def failed(self, kind: str, network: str, now: datetime) -> None:
        """A wrong answer."""
        self.failures[kind, self.scope(network)].add(now)
        if kind == "second_factor":
            self.wrong_second_factors.append(now)

    def completed(self, place: Place, now: datetime) -> bool:
        """A login was completed from there: the count is nothing again, and the place is known from now on.

        Whether a mail tells of it (D8): the network or the browser is new, and it is not the very first login.
        """
        scope = self.scope(place.network)
        for kind, at in [*self.failures]:
            if at == scope:
                del self.failures[kind, at]
        news = self.logged_in and (place.network not in self.places or place.browser not in self.browsers)
        self.places.setdefault(place.network, now)
        self.browsers.add(place.browser)
        self.logged_in = True
        return news

    def disowned(self, made: datetime) -> None:
        """It was not me who logged in at that moment: all of it ends, the password too, and its places are strange."""
        self.moves_on()
        self.has_password = False
        self.browsers.clear()
        self.places = {network: since for network, since in self.places.items() if since < made - SAME_LOGIN}

    # Known networks

    def forget_ended(self, now: datetime) -> None:
        """At every proof the grants that are over are gone for good: a clock set back revives none."""
        self.grants = {at: grant for at, grant in self.grants.items() if now < grant.made + THIRTY_DAYS}

    def earn(self, proof: Proof, browser: int) -> None:
        """A correct code makes or renews the grant of its network, where the person chose so (C1, C2)."""
        if self.every_30_days:
            companies = {company.slug: company.generation for company in self.companies}
            self.grants[proof.network] = Grant(proof.at, proof.generation, companies, browser)

    def stands_in(self, at: Company, place: Place, now: datetime) -> bool:
        """Whether a live grant takes the place of the code at that tenant (C2 to C6)."""
        grant = self.grants.get(place.network)
        return (
            grant is not None
            and self.every_30_days
            and not at.limit_two_factor_validity
            and grant.generation == self.generation
            and grant.companies.get(at.slug) == at.generation
            and grant.made <= now < grant.made + THIRTY_DAYS
            and (not at.known_ip_same_browser or grant.browser == place.browser)
        )


@dataclass(frozen=True)
class Demand:
    """What an application or a page asks on top of the policy."""

    two_factor: bool = False
    essential: bool = False
    not_before: datetime | None = None
    company: Company | None = None
    person: Person | None = None


def counting(who: Person, at: Company, proofs: Iterable[Proof], demand: Demand, network: str) -> list[Proof]:
    """The proofs that count: of this generation, new enough, of this tenant, a validated address for itself (A5, D1, E3).

    Where a tenant takes no passkeys, none counts.
    """
    return [
        proof
        for proof in fresh(who, proofs, demand)
        if proof.company in (None, at)
        and (proof.of != "new_ip" or proof.network == network)
        and (at.passkeys or proof.of not in PASSKEY)
    ]


def fresh(who: Person, proofs: Iterable[Proof], demand: Demand) -> list[Proof]:
    """The proofs of this generation, and of no code of before, that are as new as the demand wants them."""
    floor = demand.not_before
    good = [p for p in proofs if p.generation == who.generation and not p.outdated]
    return [p for p in good if floor is None or p.at >= floor]


def newest_of_each(proofs: Iterable[Proof]) -> list[Proof]:
    """What a session remembers: the newest proof of each kind for each tenant; a choice is none (E3)."""
    in_order = sorted((proof for proof in proofs if proof.of != "choose_tenant"), key=lambda proof: proof.at)
    return [*{(p.of, p.company): p for p in in_order}.values()]


def workplace(who: Person, proofs: Iterable[Proof], demand: Demand) -> Company:
    """The tenant that the demand names, else the one chosen in this login, else the home tenant (E3)."""
    if demand.company is not None:
        return demand.company
    chosen = [p for p in fresh(who, proofs, demand) if p.of == "choose_tenant"]
    newest = max(chosen, key=lambda p: p.at, default=None)
    return newest.company if newest and newest.company else who.home


def staying(demand: Demand, session: Session | None, who: Person | None, proved: Iterable[Proof]) -> Demand:
    """A demand that names no tenant is for the one that the person's session works for, unless they chose another (E3)."""
    chose = any(proof.of == "choose_tenant" for proof in proved)
    if demand.company or session is None or session.person is not who or chose:
        return demand
    return replace(demand, company=session.company)


def owed(who: Person, at: Company, proofs: Iterable[Proof], demand: Demand, place: Place, now: datetime) -> str | None:
    """The next step in the order of A2, None when nothing is owed."""
    essential = demand.two_factor and demand.essential
    steps = {
        "password": True,
        "security_code": at.security_code,
        "new_ip": at.block_new_ip and place.network not in who.places,
        "totp": who.totp and (demand.two_factor or not who.stands_in(at, place, now)),
        "passkey": who.has_key(at) and not who.totp,
        "set_up_totp": not (who.totp or who.has_key(at)) and (at.two_factor_mandatory or essential),
        "choose_tenant": demand.company is None and len(who.companies) > 1,
    }
    proved = {step for proof in counting(who, at, proofs, demand, place.network) for step in proof.covers}
    return next((step for step, asked in steps.items() if asked and step not in proved), None)


def refused(who: Person, demand: Demand) -> bool:
    """Whether nothing that this person does helps: somebody else is asked for, or a tenant of others (E2)."""
    return demand.person not in (None, who) or demand.company not in (None, *who.companies)


def worth(proofs: Iterable[Proof]) -> tuple[str, set[str]]:
    """Acr and amr, from what was proved and nothing else: a known network adds none (C7), a passkey is worth most (B4)."""
    of = {proof.of for proof in proofs}
    amr = ({"pwd"} if "password" in of else set()) | ({"otp"} if of & {"totp", "set_up_totp"} else set())
    if of & PASSKEY:
        return "phr", amr | {"hwk", "user", "mfa"}
    if "password" in of and of & POSSESSION:
        return "urn:informer:acr:2fa", amr | {"mfa"}
    return f"urn:informer:acr:{'security-code' if 'security_code' in of else 'password'}", amr


@dataclass(eq=False)
class Session:
    """What a browser has proved, from a completed login on (A5, A6)."""

    person: Person
    company: Company
    generation: int
    seen: datetime
    ends: datetime
    proofs: list[Proof] = field(default_factory=list)
    ended: bool = False

    def proofs_for(self, demand: Demand, proved: list[Proof], now: datetime) -> list[Proof]:
        """What it proved, with what a login proved on top; for another company only while the newest is not idle."""
        both = [*self.proofs, *proved]
        newest = max((proof.at for proof in self.proofs), default=now)
        elsewhere = workplace(self.person, both, demand) is not self.company
        return proved if elsewhere and now >= newest + SESSION_IDLES else both

    def over_at(self) -> datetime:
        """The end of its day: of the newest proof of each step the oldest counts."""
        newest: dict[str, datetime] = {}
        for proof in sorted((p for p in self.proofs if p.of in FACTORS), key=lambda p: p.at):
            newest |= dict.fromkeys(proof.covers, proof.at)
        return min(newest.values()) + SESSION_LIVES

    def lives(self, now: datetime) -> bool:
        """Not ended, not idle, not over, its person's proof still good."""
        good = not self.ended and not self.person.disabled and self.generation == self.person.generation
        return good and now < min(self.ends, self.seen + SESSION_IDLES)


@dataclass(eq=False)
class Login:
    """A login under way in one tab (A4)."""

    demand: Demand
    begun: datetime
    person: Person | None = None
    proofs: list[Proof] = field(default_factory=list)
    mailed: tuple[datetime, str] | None = None
    code: str = ""
    mail_in_redis: bool = False

    def expired(self, now: datetime) -> bool:
        """Its fifteen minutes are over."""
        return now - self.begun >= LOGIN_LIVES
