"""People, browsers and tabs over HTTP, each answer compared with what `rules.py` says.

Tab.goal ── an application's request, or a page of our own
  │ _arrive  where the browser's session stands towards it          ┐
  │ _stand   where the tab's login stands                           ├ the model's side of one request
  │ _complete  a login that owes nothing: session, place, grant     ┘
  ▼
seen(tab)   what the browser really shows: a step, a page, a code, an error
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from idp.accounts.models import User
from idp.outbox.mail.messages import NewIpValidation
from idp.platform.extensions import db
from tests.model import rules
from tests.model.rules import Company, Demand, Login, Person, Place, Proof, Session
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.passkeys import use
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

SECURITY = "/account/security"
SETTINGS = "/console/settings"
TWO_FACTOR = "/account/security/two-factor"
KINDS = {"password": "password", "security_code": "security_code", "totp": "second_factor", "new_ip": "new_ip"}
FIELDS = {
    "password": "password",
    "security_code": "security_code",
    "new_ip": "new_ip_code",
    "totp": "totp",
    "passkey": "passkey",
    "set_up_totp": "totp",
    "choose_tenant": "tenant",
}
STEPS = ("password", "security_code", "new_ip", "totp", "passkey", "set_up_totp", "choose_tenant")
TOO_MANY = "Too many tries"
MOST_STEPS = 10
Factors = tuple[bool, bool]
"""Whether somebody has an authenticator, and whether they chose "once every 30 days"."""


@dataclass(frozen=True)
class Application:
    """An application's request."""

    url: str
    demand: Demand
    silent: bool = False
    offline: bool = False


@dataclass(frozen=True)
class Page:
    """A page of our own. `back`: where the browser goes on after a login, when that is another page.

    `passkeys`: only where the tenant takes them.
    """

    path: str
    fresh: bool = False
    console: bool = False
    passkeys: bool = False
    back: Page | None = None


@dataclass(eq=False)
class Profile:
    """One browser: its cookies are shared by its tabs."""

    number: int
    session: Session | None = None
    address: str = ""


@dataclass(eq=False)
class Tab:
    """One tab, and what is under way in it."""

    browser: Browser
    profile: Profile
    goal: Application | Page | None = None
    login: Login | None = None
    resume: str = ""


@dataclass(frozen=True)
class Answer:
    """What is about to be typed at a step: the typing, which returns the page's message, and the proof that it is."""

    step: str
    fill: Callable[[], str | None]
    proof: Proof | None
    code: str = ""
    ticked: bool = False


@dataclass(eq=False)
class Tokens:
    """A refresh token that an application holds."""

    value: str
    person: Person
    generation: int
    company: Company
    newest: datetime
    ends: datetime
    spent: tuple[str, datetime] | None = None
    revoked: bool = False


@dataclass(eq=False)
class NotMe:
    """A mail about a login from a new place, with its link "this was not me"."""

    person: Person
    made: datetime
    used: bool = False


@dataclass(eq=False)
class ResetLink:
    """A mailed link."""

    address: str
    person: Person
    generation: int
    ends: datetime
    used: bool = False


@dataclass(eq=False)
class House:
    """Everything that one life touches: the product on one side, the model on the other."""

    world: World
    clock: MovingClock
    rp: RelyingParty
    new_browser: Callable[[], Browser]
    known: dict[Person, KnownUser] = field(default_factory=dict)
    tenants: dict[Company, KnownTenant] = field(default_factory=dict)
    tabs: list[Tab] = field(default_factory=list)
    tokens: list[Tokens] = field(default_factory=list)
    links: list[ResetLink] = field(default_factory=list)
    told: list[NotMe] = field(default_factory=list)
    devices: dict[Person, Authenticator] = field(default_factory=dict)
    compared: list[int] = field(default_factory=lambda: [0])
    given: dict[Person, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.clock.now()

    # Making

    def company(self, slug: str, code: str, policy: dict[str, bool]) -> Company:
        """A tenant on both sides."""
        tenant = self.world.tenant(slug, code=code)
        self.world.policy(tenant, **policy)
        company = Company(tenant.slug, **policy)
        self.tenants[company] = tenant
        return company

    def person(
        self,
        name: str,
        home: Company,
        factors: Factors,
        *,
        works_for: tuple[Company, ...] = (),
        administrator: bool = False,
    ) -> Person:
        """A user on both sides."""
        totp, every_30_days = factors
        kind = "administrator" if administrator else "accountant" if works_for else "employee"
        others = [self.tenants[company] for company in works_for]
        user = self.world.user(
            name,
            self.tenants[home],
            type=kind,
            totp=totp,
            recovery_codes=totp,
            every_30_days=every_30_days,
            works_for=others,
        )
        person = Person(user.username, home, list(works_for), administrator, totp, every_30_days)
        person.recovery_codes_left = 10 if totp else 0
        self.known[person] = user
        return person

    def profile(self, number: int, address: str, tabs: int) -> None:
        """A browser with some tabs."""
        profile, browser = Profile(number, address=address), self.new_browser()
        browser.address = address
        for _ in range(tabs):
            self.tabs.append(Tab(Browser(browser.http, browser.issuer, browser.transport), profile))

    @contextmanager
    def rows(self, of: Person) -> Iterator[User]:
        """The person's row, for what an operator does at the command line."""
        with self.world.unit_of_work():
            yield db.session.get_one(User, self.known[of].id)

    # The model's side of a request

    def live(self, profile: Profile) -> Session | None:
        """The browser's session, while it lives; using it is noted every five minutes."""
        session = profile.session
        if session is None or not session.lives(self.now):
            return None
        if self.now - session.seen > rules.SEEN_EVERY:
            session.seen = self.now
        return session

    def place(self, profile: Profile) -> Place:
        """Where the browser is."""
        return Place(rules.network_of(profile.address), profile.number)

    def proceed(self, tab: Tab) -> str:
        """Where the tab ends after one request and its redirects."""
        for _ in range(MOST_STEPS):
            outcome = self._arrive(tab) if tab.login is None else self._stand(tab, tab.login)
            if outcome:
                return self._shown(tab, outcome)
        raise AssertionError("the model goes in a circle")

    def _arrive(self, tab: Tab) -> str:
        session = self.live(tab.profile)
        who = session.person if session else None
        demands = [rules.staying(demand, session, who, ()) for demand in self._demands(tab, session)]
        for demand in demands:
            step: str | None = "password"
            if session:
                if rules.refused(session.person, demand):
                    return "denied"
                step = self._owed(session.person, session.proofs_for(demand, [], self.now), demand, tab.profile)
            if step:
                return self._begin(tab, self._demands(tab, session)[-1], session, step)
            if session and isinstance(tab.goal, Page) and tab.goal.console and not self._administers(session):
                return "forbidden"
        if session and isinstance(tab.goal, Application) and demands[-1].company:
            session.company = demands[-1].company
        barred = isinstance(tab.goal, Page) and tab.goal.passkeys and session and not session.company.passkeys
        return "forbidden" if barred else "reached"

    def _begin(self, tab: Tab, demand: Demand, session: Session | None, step: str) -> str:
        asked = rules.staying(demand, session, session.person if session else None, ())
        if isinstance(tab.goal, Application) and tab.goal.silent:
            return self._silently(asked, session, step)
        first = (
            self._owed(session.person, session.proofs_for(asked, [], self.now), asked, tab.profile)
            if session
            else "password"
        )
        who = session.person if session and first != "password" else None
        tab.login = Login(demand, self.now, who)
        if isinstance(tab.goal, Page) and tab.goal.back:
            tab.goal = tab.goal.back
        return ""

    def _silently(self, demand: Demand, session: Session | None, step: str) -> str:
        """What `prompt=none` is told; a set-up that only the demand owes is an unmet demand."""
        if session is None:
            return "nobody"
        by_policy = rules.workplace(session.person, session.proofs, demand).two_factor_mandatory
        return "set up" if step == "set_up_totp" and by_policy else "not silent"

    def _demands(self, tab: Tab, session: Session | None) -> list[Demand]:
        if isinstance(tab.goal, Application):
            return [tab.goal.demand]
        assert tab.goal
        asked = Demand(company=session.company if session else None)
        if not tab.goal.fresh:
            return [asked]
        floor = self.now - rules.FRESH
        who = session.person if session else None
        return [asked, replace(asked, two_factor=True, not_before=floor, person=who)]

    def _administers(self, session: Session) -> bool:
        return session.person.administrator and session.company is session.person.home

    def _owed(self, who: Person, proofs: list[Proof], demand: Demand, profile: Profile) -> str | None:
        at = rules.workplace(who, proofs, demand)
        return rules.owed(who, at, proofs, demand, self.place(profile), self.now)

    def _stand(self, tab: Tab, login: Login) -> str:
        if self.now - login.begun >= rules.LOGIN_REMEMBERED:
            tab.login = None
            return "unknown"
        if login.expired(self.now):
            return "expired"
        who, proofs = self.standing(tab, login)
        if who is None:
            return "password"
        demand = self.asked(tab, login)
        if rules.refused(who, demand):
            tab.login = None
            return "denied"
        step = self._owed(who, proofs, demand, tab.profile)
        if step is None:
            self._complete(tab, login, who, proofs)
        return step or ""

    def standing(self, tab: Tab, login: Login) -> tuple[Person | None, list[Proof]]:
        """Who is logging in, and all that this browser proved of them."""
        session = self._counted(tab, login)
        who = login.person or (session.person if session else None)
        if session and session.person is who:
            return who, session.proofs_for(self.asked(tab, login), login.proofs, self.now)
        return who, login.proofs

    def asked(self, tab: Tab, login: Login) -> Demand:
        """What the login demands by now: of a session that goes on, for the tenant that it works for (E3)."""
        session = self._counted(tab, login)
        who = login.person or (session.person if session else None)
        return rules.staying(login.demand, session, who, login.proofs)

    def _counted(self, tab: Tab, login: Login) -> Session | None:
        session = self.live(tab.profile)
        return None if session and login.demand.person not in (None, session.person) else session

    def _complete(self, tab: Tab, login: Login, who: Person, proofs: list[Proof]) -> None:
        demand = self.asked(tab, login)
        at, place = rules.workplace(who, proofs, demand), self.place(tab.profile)
        kept = rules.counting(who, at, proofs, demand, place.network)
        if demand.not_before is None:
            kept = rules.fresh(who, proofs, Demand())
        kept = rules.newest_of_each(kept)
        session = self.live(tab.profile)
        if session is None or session.person is not who:
            if session:
                session.ended = True
            session = tab.profile.session = Session(who, at, who.generation, self.now, self.now)
        session.company, session.proofs, session.seen = at, kept, self.now
        session.ends = session.over_at()
        if who.completed(place, self.now):
            self.told.append(NotMe(who, self.now))
        codes = [p for p in login.proofs if p.of in {"totp", "set_up_totp"} and p.generation == who.generation]
        if codes and not at.limit_two_factor_validity:
            who.earn(max(codes, key=lambda proof: proof.at), place.browser)
        tab.login = None

    def _shown(self, tab: Tab, outcome: str) -> str:
        """A page about a new address sends a mail the first time, and again when that one is over (D1)."""
        login = tab.login
        if outcome == "new_ip" and login is not None:
            who, _ = self.standing(tab, login)
            assert who
            self._mail_validation(login, who, self.place(tab.profile).network)
        return outcome

    def _mail_validation(self, login: Login, who: Person, network: str) -> None:
        if login.mailed and self.now - login.mailed[0] < rules.VALIDATION_LIVES:
            return
        login.mailed, login.code = None, ""
        recent = [at for at in who.validations_mailed if self.now - at < rules.HOUR]
        if len(recent) < rules.MAILS_AN_HOUR:
            who.validations_mailed.append(self.now)
            login.mailed = self.now, network
            mail = self._newest_mail(who)
            login.code, login.mail_in_redis = mail.code, "token=r" in mail.link

    def _newest_mail(self, who: Person) -> NewIpValidation:
        """The one mail that was not there before; the clock may have been set back, so that it is not the latest."""
        mails = [mail for mail in self.known[who].mails() if isinstance(mail, NewIpValidation)]
        (new,) = (mail for mail in mails if mail.link not in self.read)
        self.read.add(new.link)
        return new

    # What is really shown

    def check(self, tab: Tab, outcome: str) -> str:
        """Compare what the browser shows with what the model says, and return it."""
        browser = tab.browser
        self.compared[0] += 1
        facts = f"{outcome!r} is due; shown: {browser.status} {browser.step or browser.landed or browser.path}: {browser.text[:300]}"
        if outcome in STEPS:
            assert browser.step == outcome, facts
            tab.resume = _resume(browser)
        elif outcome in {"expired", "unknown"}:
            assert browser.status == (410 if outcome == "expired" else 404), facts
            assert "expired" in browser.text, facts
        elif isinstance(tab.goal, Application):
            assert browser.landed, facts
            self._check_answer(tab, tab.goal, outcome, facts)
        else:
            assert tab.goal
            expected = {
                "reached": (200, tab.goal.path),
                "forbidden": (403, browser.path),
                "denied": (403, browser.path),
            }
            assert (browser.status, browser.path) == expected[outcome], facts
        return outcome

    def _check_answer(self, tab: Tab, goal: Application, outcome: str, facts: str) -> None:
        answer = self.rp.answer(tab.browser)
        tab.goal = None
        if outcome != "reached":
            errors = {
                "denied": {"access_denied"},
                "nobody": {"login_required"},
                "set up": {"interaction_required"},
                "not silent": {
                    "login_required",
                    "interaction_required",
                    "account_selection_required",
                    "unmet_authentication_requirements",
                },
            }
            assert answer.get("error") in errors[outcome], f"{answer} {facts}"
            return
        assert "code" in answer, f"{answer} {facts}"
        session = self.live(tab.profile)
        assert session
        self._check_tokens(answer["code"], goal, session, tab.profile)

    def _check_tokens(self, code: str, goal: Application, session: Session, profile: Profile) -> None:
        response = self.rp.redeem(code)
        assert response.status_code == 200, response.text
        who, tokens = session.person, response.json()
        claims = self.rp.verified(tokens["id_token"], nonce=self.rp.asked.nonce)
        at, network = session.company, self.place(profile).network
        acr, amr = rules.worth(rules.counting(who, at, session.proofs, goal.demand, network))
        seen = (claims["acr"], set(claims["amr"]), claims["tenant"], claims["sub"])
        if goal.demand.essential:  # OpenID Connect Core section 5.5.1.1: of the values that were asked for
            acr = "urn:informer:acr:2fa"
        due = (acr, amr, at.slug, str(self.known[who].id))
        assert seen == due, f"{seen} is said, {due} is due"
        if "refresh_token" in tokens:
            value = tokens["refresh_token"]
            self.tokens.append(Tokens(value, who, who.generation, at, self.now, self.now + rules.FAMILY_LIVES))

    # What people do at a login

    def begin(self, tab: Tab, goal: Application) -> str:
        """An application sends the browser."""
        tab.goal, tab.login = goal, None
        tab.browser.get(goal.url)
        return self.check(tab, self.proceed(tab))

    def look(self, tab: Tab) -> str:
        """Load the login's page again; an expired one offers to begin again."""
        login = tab.login
        assert login
        tab.browser.get(tab.resume)
        outcome = self.check(tab, self.proceed(tab))
        if outcome == "expired" and self.now - login.begun < rules.LOGIN_REMEMBERED / 2:
            tab.login = Login(login.demand, self.now)
            tab.browser.submit()
            outcome = self.check(tab, self.proceed(tab))
        return outcome

    def answer(self, tab: Tab, who: Person, *, right: bool = True, choice: int = 0, remember: bool = False) -> str:
        """Answer the step that the tab shows; `who` types their name where it is asked."""
        login, shown = tab.login, str(tab.browser.step)
        assert login
        person = who if shown == "password" else self.standing(tab, login)[0]
        code = self._code(person, right) if shown == "totp" and person and choice == 0 else ""
        due = self._stand(tab, login)
        if due != shown or person is None:  # the policy changed, or another tab did it: not judged
            tab.browser.send(tab.browser.filled_form(**{FIELDS[shown]: self._anything(shown)}))
            return self.check(tab, self._shown(tab, due) if due else self.proceed(tab))
        return self._judged(tab, login, person, self._prepared(tab, login, person, right, choice, remember, code))

    def _anything(self, shown: str) -> str:
        return next(iter(self.tenants)).slug if shown == "choose_tenant" else "12345"

    def _code(self, who: Person, right: bool) -> str:
        """A fresh code, to which the clock may move on; or one that was used."""
        return self.known[who].totp() if right else self.given.get(who, "12345")

    def _judged(self, tab: Tab, login: Login, person: Person, answer: Answer) -> str:
        kind, network = KINDS.get(answer.step), self.place(tab.profile).network
        waits = kind is not None and person.must_wait(kind, network, self.now)
        good = answer.proof is not None and not waits and not (answer.step == "password" and person.disabled)
        if good and answer.proof:
            self._proved(tab, login, person, answer)
        elif kind and not waits and (kind != "new_ip" or self._validates(login, network)):
            person.failed(kind, network, self.now)
        alert = answer.fill()
        outcome = self.check(tab, self.proceed(tab))
        if not good:
            assert alert, f"a wrong answer to {answer.step} is told: {tab.browser.text[:300]}"
            assert (TOO_MANY in alert) == waits, f"{alert!r}, and the model says {waits=}"
        return outcome

    def _proved(self, tab: Tab, login: Login, person: Person, answer: Answer) -> None:
        proof = answer.proof
        assert proof
        at = rules.workplace(person, self.standing(tab, login)[1], self.asked(tab, login))
        if login.person is not person:
            login.person, login.proofs = person, []
        login.proofs.append(proof)
        person.forget_ended(self.now)
        login.mailed, login.mail_in_redis = None, False
        match proof.of:
            case "totp":
                self.given[person] = answer.code
                person.every_30_days |= answer.ticked and not at.limit_two_factor_validity
            case "set_up_totp":
                self.factor_changed(person, tab.profile)
                person.totp, person.recovery_codes_left = True, 10
            case "recovery_code":
                person.recovery_codes_left -= 1
            case "passkey_set_up":
                self.factor_changed(person, tab.profile)
                person.passkey = True

    def factor_changed(self, person: Person, profile: Profile) -> None:
        """The person's other sessions end, and every grant (C5, R34)."""
        person.grants.clear()
        for tab in self.tabs:
            session = tab.profile.session
            if tab.profile is not profile and session and session.person is person:
                session.ended = True

    def _prepared(
        self, tab: Tab, login: Login, who: Person, right: bool, choice: int, remember: bool, code: str
    ) -> Answer:
        """What will be typed, and the proof that it is."""
        shown, user, network = str(tab.browser.step), self.known[who], self.place(tab.profile).network
        company: Company | None = None
        fields: dict[str, str | bool] = {}
        if self._by_passkey(tab, login, who, choice):
            return self._passkey(tab, login, who, right)
        match shown:
            case "password":
                right = right and who.has_password
                fields = {"username": user.username, "password": user.password if right else "not the password"}
            case "security_code":
                company = rules.workplace(who, self.standing(tab, login)[1], self.asked(tab, login))
                fields = {"security_code": self.tenants[company].code if right else "00000000"}
            case "new_ip":
                right = right and self._validates(login, network)
                fields = {"new_ip_code": login.code if right else "00000000"}
            case "totp" if not code:
                return self._recovery_code(tab, who, right)
            case "totp":
                fields = {"totp": code}
                if tab.browser.page.has_field("two_factor_every_30_days"):
                    fields["two_factor_every_30_days"] = remember
            case "set_up_totp":
                return Answer(shown, lambda: self._set_up(tab, user, right), self._proof(who, shown, network, right))
            case "choose_tenant":
                right, company = True, who.companies[choice % len(who.companies)]
                fields = {"tenant": company.slug}
        ticked = bool(fields.get("two_factor_every_30_days"))
        proof = self._proof(who, shown, network, right, company)
        return Answer(shown, lambda: tab.browser.fill(**fields).submit().alert, proof, code, ticked)

    def _by_passkey(self, tab: Tab, login: Login, who: Person, choice: int) -> bool:
        """Whether this answer is given with a passkey; the page offers one exactly where the rules take one (A2, B4)."""
        shown, (standing, proofs) = str(tab.browser.step), self.standing(tab, login)
        at = rules.workplace(standing, proofs, self.asked(tab, login)) if standing else None
        takes = {
            "password": standing is None or (at is not None and standing.has_key(at)),
            "passkey": True,
            "set_up_totp": at is not None and at.passkeys,
        }
        offered = takes.get(shown, False)
        assert bool(tab.browser.page.soup.select_one("form[data-passkey]")) is offered, shown
        if shown == "totp":
            assert standing
            assert at
            links = "Use a passkey" in tab.browser.page.links
            assert links is standing.has_key(at)
            return links and choice > 1
        mine = who in self.devices or shown == "set_up_totp"
        return offered and mine and (shown == "passkey" or choice > 0)

    def _passkey(self, tab: Tab, login: Login, who: Person, right: bool) -> Answer:
        """Touch the device; one of somebody else's, or for a company that takes none, is refused (A2, E3)."""
        shown, standing = str(tab.browser.step), self.standing(tab, login)[0]
        if shown == "set_up_totp":
            device, of = Authenticator(), "passkey_set_up"
        else:
            device, of = self.devices[who], "passkey_first" if shown == "password" else "passkey"
        proofs = self.standing(tab, login)[1] if standing is who else []
        demand = self.asked(tab, login) if standing is who else login.demand
        named = replace(demand, company=None if rules.refused(who, demand) else demand.company)
        taken = rules.workplace(who, proofs, named).passkeys
        good = right and taken and not who.disabled
        spoilt = {} if right else {"origin": "https://login.informer.example.org"}
        assert of == "passkey_first" or standing is who
        if good and of == "passkey_set_up":
            self.devices[who] = device

        def touch() -> str | None:
            browser = tab.browser
            use(browser.follow("Use a passkey") if shown == "totp" else browser, device, **spoilt)
            alert = browser.alert
            if browser.status >= 400 and not good:
                assert browser.status == 400
                browser.get(tab.resume)
            return alert

        return Answer("passkey", touch, self._proof(who, of, self.place(tab.profile).network, good))

    def _validates(self, login: Login, network: str) -> bool:
        """Whether the code of this login's mail is still good, and for this network (D1)."""
        at, where = login.mailed or (login.begun, "")
        return where == network and self.now - at < rules.VALIDATION_LIVES

    def _proof(self, who: Person, of: str, network: str, right: bool, company: Company | None = None) -> Proof | None:
        rotations = company.rotations if company else 0
        return Proof(of, self.now, who.generation, network, company, rotations) if right else None

    def _recovery_code(self, tab: Tab, who: Person, right: bool) -> Answer:
        code = self.known[who].recovery_codes.pop() if right else "AAAA-AAAA-AAAA"

        def fill() -> str | None:
            browser = tab.browser.follow("Use a recovery code").fill(recovery_code=code).submit()
            alert = browser.alert
            if browser.step == "recovery_code":
                browser.get(tab.resume)
            return alert

        return Answer("totp", fill, self._proof(who, "recovery_code", self.place(tab.profile).network, right))

    def _set_up(self, tab: Tab, user: KnownUser, right: bool) -> str | None:
        browser = tab.browser.set_up_totp(user) if right else tab.browser.fill(totp="12345").submit()
        return browser.alert


def _resume(browser: Browser) -> str:
    """The address of the login that a step's page belongs to."""
    found = re.search(r"/login/([^/?]+)|[?&]login=([^&]+)", browser.page.address)
    assert found, browser.page.address
    return f"/login/{found[1] or found[2]}"
