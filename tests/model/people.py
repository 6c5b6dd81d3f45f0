"""What people do besides answering a login's steps: their own pages, the console, the mailbox, the operator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from idp.accounts.models import Passkey
from idp.accounts.passwords import password_reset
from idp.accounts.users import lifecycle
from idp.login.trust import known_ip
from idp.outbox.jobs import PasswordForgotten
from idp.outbox.mail.messages import NewPlace
from idp.platform.extensions import db
from idp.tenancy import changes
from idp.tenancy.models import Tenant
from tests.model import rules
from tests.model.house import SECURITY, SETTINGS, STEPS, TWO_FACTOR, House, NotMe, Page, ResetLink, Tab, Tokens
from tests.model.rules import Company, Demand, Login, Person, Proof, Session
from tests.support.authenticator import Authenticator
from tests.support.passkeys import answered

SWITCHES = (
    "two_factor_mandatory",
    "limit_two_factor_validity",
    "security_code",
    "block_new_ip",
    "known_ip_same_browser",
    "passkeys",
)
SWITCH_OFF = "/account/security/two-factor/switch-off"
ADD_PASSKEY = "/account/security/passkeys/add"
COMPANIES = "/account/companies"


@dataclass(eq=False)
class People(House):
    """The house with everything that people do in it."""

    passwords: int = 0

    # Going on

    def go_on(self, tab: Tab, who: Person, outcome: str) -> str:
        """Answer rightly until the end, or until a right answer is refused because of a delay."""
        for _ in range(10):
            if outcome not in STEPS:
                return outcome
            before = str(tab.browser.step)
            outcome = self.answer(tab, who)
            if outcome == before and tab.browser.alert:
                return outcome
        return outcome

    def visit(self, tab: Tab, who: Person, page: Page) -> bool:
        """Open a page of our own, proving whatever it asks."""
        tab.goal, tab.login = page, None
        tab.browser.get(page.path)
        return self.go_on(tab, who, self.check(tab, self.proceed(tab))) == "reached"

    def send(self, tab: Tab, who: Person, path: str, control: str, *, fresh: bool = True, **fields: str | bool) -> bool:
        """Fill in and send a form of the page that is open; whether it was judged. A login may come in between."""
        stands_on = tab.goal
        assert isinstance(stands_on, Page)
        for _ in range(3):
            tab.goal = Page(path, fresh=fresh, console=stands_on.console, back=stands_on)
            tab.browser.fill(**fields).submit(control)
            outcome = self.proceed(tab)
            if outcome == "reached":
                tab.goal = stands_on
                return True
            if self.go_on(tab, who, self.check(tab, outcome)) != "reached":
                return False
        raise AssertionError("the form is never judged")

    def arrived(self, tab: Tab, page: Page, words: str) -> None:
        """After a form was judged: the page that follows, or the step that it owes."""
        tab.goal, tab.login = page, None
        if self.check(tab, self.proceed(tab)) == "reached":
            assert words in tab.browser.text, tab.browser.text[:600]

    def session_of(self, tab: Tab) -> Session:
        """The live session."""
        session = self.live(tab.profile)
        assert session
        return session

    # The user page

    def choose_every_30_days(self, tab: Tab, who: Person, *, on: bool) -> None:
        """Save the 30-day choice (C1, C4: barred where the tenant limits the validity)."""
        page = Page(SECURITY)
        if not self.visit(tab, who, page):
            return
        session = self.session_of(tab)
        who = session.person
        barred = session.company.limit_two_factor_validity
        assert tab.browser.page.has_field("two_factor_every_30_days") is not barred
        if barred:
            return
        assert tab.browser.page.checked("two_factor_every_30_days") is who.every_30_days
        assert self.send(tab, who, f"{SECURITY}/every-30-days", "Save", fresh=False, two_factor_every_30_days=on)
        if on and not who.every_30_days:
            who.every_30_days = True
            codes = [p for p in session.proofs if p.of in {"totp", "set_up_totp"} and p.generation == who.generation]
            fresh = [p for p in codes if p.at >= self.now - rules.FRESH]
            if fresh:
                who.earn(max(fresh, key=lambda p: p.at), tab.profile.number)
        elif not on:
            who.every_30_days = False
            who.grants.clear()
        self.arrived(tab, page, "Your choice is saved")

    def revoke_known_addresses(self, tab: Tab, who: Person) -> None:
        """Revoke every known address; they are listed exactly while they count (C10)."""
        page = Page(SECURITY)
        if not self.visit(tab, who, page):
            return
        session = self.session_of(tab)
        who = session.person
        listed = {network for network, grant in who.grants.items() if self._counts(session, grant)}
        shown = {str(element.get_text()) for element in tab.browser.page.soup.select("h4[id^=network-]")}
        assert shown == listed
        if listed:
            assert self.send(tab, who, f"{SECURITY}/known-addresses/revoke", "Revoke known addresses", fresh=False)
            who.grants.clear()
            self.arrived(tab, page, "All known addresses are revoked")

    def _counts(self, session: Session, grant: rules.Grant) -> bool:
        at, who = session.company, session.person
        same = grant.generation == who.generation and grant.companies.get(at.slug) == at.generation
        return same and not at.limit_two_factor_validity and self.now < grant.made + rules.THIRTY_DAYS

    def set_up(self, tab: Tab, who: Person) -> None:
        """Set up two-factor, or a new phone (B3)."""
        if not self.visit(tab, who, Page(SECURITY)):
            return
        who = self.session_of(tab).person
        if who.totp or who.has_key(self.session_of(tab).company):
            self._new_phone(tab, who)
            return
        session, floor = self.session_of(tab), self.now - rules.FRESH
        demand = Demand(True, True, floor, session.company, who)
        first = self._owed(who, session.proofs_for(demand, [], self.now), demand, tab.profile)
        tab.goal, tab.login = Page(SECURITY), Login(demand, self.now, who if first != "password" else None)
        tab.browser.get(TWO_FACTOR)
        self.go_on(tab, who, self.check(tab, self.proceed(tab)))

    def _new_phone(self, tab: Tab, who: Person) -> None:
        if not self.visit(tab, who, Page(TWO_FACTOR, fresh=True)):
            return
        self.factor_changed(who, tab.profile)
        who.totp, who.recovery_codes_left = True, 10
        tab.browser.set_up_totp(self.known[who])
        self.arrived(tab, Page(SECURITY), "")

    def switch_off(self, tab: Tab, who: Person) -> None:
        """Switch two-factor off; never while it is mandatory (B5)."""
        if not self.visit(tab, who, Page(SECURITY)):
            return
        session = self.session_of(tab)
        who = session.person
        if not who.totp:
            return
        page = Page(SWITCH_OFF, fresh=True)
        tab.goal, tab.login = page, None
        tab.browser.get(SWITCH_OFF)
        outcome = self.proceed(tab)
        mandatory = any(at.two_factor_mandatory and not who.has_key(at) for at in (session.company, who.home))
        if outcome == "reached" and mandatory:
            assert tab.browser.status == 403
            return
        tab.goal = page
        outcome = self.check(tab, outcome)
        if mandatory or self.go_on(tab, who, outcome) != "reached":
            tab.goal = tab.login = None
            return
        assert self.send(tab, who, SWITCH_OFF, "Switch off")
        self.factor_changed(who, tab.profile)
        who.totp, who.recovery_codes_left = False, 0
        self.known[who].totp_secret = None
        self.arrived(tab, Page(SECURITY), "Two-factor authentication is switched off")

    def change_passkey(self, tab: Tab, who: Person) -> None:
        """Add a passkey, or remove the one there is; never the last second factor where one is mandatory (B4, B5)."""
        if not self.visit(tab, who, Page(SECURITY)):
            return
        who = self.session_of(tab).person
        if who in self.devices:
            self._remove_passkey(tab, who)
        else:
            self._add_passkey(tab, who)

    def _add_passkey(self, tab: Tab, who: Person) -> None:
        page = Page(ADD_PASSKEY, fresh=True, passkeys=True)
        if not self.visit(tab, who, page):
            return
        device = Authenticator()
        if not self.send(tab, who, ADD_PASSKEY, "Make a passkey", passkey=answered(tab.browser, device)):
            return
        session = self.session_of(tab)
        self.factor_changed(who, tab.profile)
        self.devices[who], who.passkey = device, True
        session.proofs.append(Proof("passkey", self.now, who.generation, self.place(tab.profile).network))
        session.seen, session.ends = self.now, session.over_at()
        self.arrived(tab, Page(SECURITY), "The passkey is added")

    def _remove_passkey(self, tab: Tab, who: Person) -> None:
        path = self._removal_of(who)
        if not self.visit(tab, who, Page(path, fresh=True)):
            return
        session = self.session_of(tab)
        if not who.totp and (session.company.two_factor_mandatory or who.home.two_factor_mandatory):
            tab.browser.submit("Remove")
            assert tab.browser.status == 403
            tab.goal = tab.login = None
            return
        assert self.send(tab, who, path, "Remove")
        self.factor_changed(who, tab.profile)
        who.passkey = False
        del self.devices[who]
        self.arrived(tab, Page(SECURITY), "The passkey is removed")

    def _removal_of(self, who: Person) -> str:
        with self.rows(who) as user:
            return f"{SECURITY}/passkeys/{db.session.scalars(sa.select(Passkey.id).where(Passkey.user_id == user.id)).one()}/remove"

    def work_for(self, tab: Tab, who: Person, company: Company) -> None:
        """Go on for another company, after what its policy asks on top (E3)."""
        if not self.visit(tab, who, Page(COMPANIES)):
            return
        session = self.session_of(tab)
        who = session.person
        offered = {str(button["value"]) for button in tab.browser.page.soup.select("button[name=tenant]")}
        assert offered == {other.slug for other in who.companies if other is not session.company}
        if company.slug not in offered:
            return
        demand = Demand(company=company, person=who)
        step = self._owed(who, session.proofs_for(demand, [], self.now), demand, tab.profile)
        tab.browser.fill(tenant=company.slug).submit("Work for this company")
        tab.goal = Page("/account/")
        if step:
            tab.login = Login(demand, self.now, who if step != "password" else None)
        else:
            session.company = company
        self.go_on(tab, who, self.check(tab, self.proceed(tab)))

    def change_password(self, tab: Tab, who: Person, *, right: bool) -> None:
        """The password card: everything of before ends but this browser's session (C5, R34, R45)."""
        page = Page(SECURITY)
        if not self.visit(tab, who, page):
            return
        session = self.session_of(tab)
        who, new = session.person, self._new_password()
        right = right and who.has_password
        present = self.known[who].password if right else "not the password"
        fields: dict[str, Any] = {"current_password": present, "new_password": new}
        if not self.send(tab, who, f"{SECURITY}/password", "Change password", **fields):
            return
        network = self.place(tab.profile).network
        waits = who.must_wait("password", network, self.now)
        if waits or not right:
            if not waits:
                who.failed("password", network, self.now)
            assert tab.browser.alert
            assert ("Too many tries" in tab.browser.alert) == waits
            return
        self.known[who].password, before = new, who.generation
        who.moves_on()
        session.generation, session.seen = who.generation, self.now
        carried = [p for p in session.proofs if p.generation == before and p.of != "password"]
        password = rules.Proof("password", self.now, before, network)
        session.proofs = [replace(proof, generation=who.generation) for proof in (password, *carried)]
        session.ends = session.over_at()
        self.arrived(tab, page, "Your password is changed")

    def _new_password(self) -> str:
        self.passwords += 1
        return f"zeven gele fietsen {self.passwords} zingen"

    def log_out(self, tab: Tab) -> None:
        """End the session of this browser on the server."""
        tab.goal = tab.login = None
        session = self.live(tab.profile)
        tab.browser.get("/logout")
        assert tab.browser.status == 200
        assert bool(tab.browser.page.soup.select("main form")) is bool(session), tab.browser.text
        if session:
            tab.browser.submit()
            session.ended = True

    # The console

    def save_settings(self, tab: Tab, who: Person, switches: dict[str, bool]) -> None:
        """An administrator saves the policy; anybody else gets 403."""
        page = Page(SETTINGS, fresh=True, console=True)
        if not self.visit(tab, who, page):
            return
        session = self.session_of(tab)
        company = session.company
        for name in SWITCHES:
            assert tab.browser.page.checked(name) is getattr(company, name), name
        if not self.send(tab, session.person, SETTINGS, "Save", **switches):
            return
        if (
            switches.get("limit_two_factor_validity", company.limit_two_factor_validity)
            != company.limit_two_factor_validity
        ):
            company.generation += 1
        for name, on in switches.items():
            setattr(company, name, on)
        self.arrived(tab, page, "The settings are saved")

    # The mailbox

    def forget_password(self, who: Person) -> None:
        """The worker makes the mail that was asked for; nobody who is disabled gets one (D5, D6)."""
        with self.world.unit_of_work():
            mail = password_reset.mail_for(PasswordForgotten(username=self.known[who].username))
        assert (mail is None) == who.disabled
        if mail:
            self.links.append(ResetLink(mail.link, who, who.generation, self.now + rules.RESET_LIVES))

    def use_link(self, link: ResetLink) -> None:
        """It works once, for half an hour, and not after another change; it logs nobody in (D5, D6)."""
        who = link.person
        good = not link.used and self.now < link.ends and link.generation == who.generation and not who.disabled
        browser = self.new_browser().get(link.address)
        assert browser.status == (200 if good else 410), browser.text[:300]
        if not good:
            return
        new = self._new_password()
        browser.fill(new_password=new).submit()
        assert "Your password is changed" in browser.text, browser.text[:300]
        link.used, self.known[who].password = True, new
        who.has_password = True
        who.moves_on()
        assert browser.get("/account/").step == "password"

    def not_me(self, about: NotMe) -> None:
        """The link of a mail about a new place: a week, once, whatever was changed since; then all of it ends (D8, D5)."""
        who = about.person
        mails = [mail for mail in self.known[who].mails() if isinstance(mail, NewPlace)]
        assert sorted(mail.at for mail in mails) == sorted(news.made for news in self.told if news.person is who)
        address = next(mail.not_me for mail in mails if mail.at == about.made)
        good = not about.used and about.made <= self.now < about.made + rules.NOT_ME_LIVES and not who.disabled
        browser = self.new_browser().get(str(address))
        assert browser.status == (200 if good else 410), browser.text[:300]
        if not good:
            return
        browser.submit("This was not me")
        assert "logged out everywhere" in browser.text, browser.text[:300]
        who.disowned(about.made)
        for news in self.told:
            news.used |= news.person is who
        for tab in self.tabs:
            session = tab.profile.session
            if session and session.person is who:
                session.ended = True

    # Applications

    def refresh(self, tokens: Tokens) -> None:
        """A refresh token lives as long as its person's proof, and gives nothing while two-factor must be set up (B2, C5, E5)."""
        who = tokens.person
        lives = not tokens.revoked and tokens.generation == who.generation and not who.disabled
        lives = lives and self.now < min(tokens.newest + rules.REFRESH_IDLES, tokens.ends)
        second = who.totp or who.has_key(tokens.company)
        good = lives and not (tokens.company.two_factor_mandatory and not second)
        answer = self.rp.refresh(tokens.value)
        assert answer.status_code == (200 if good else 400), answer.text
        if good:
            tokens.spent = tokens.value, self.now
            tokens.value, tokens.newest = answer.json()["refresh_token"], self.now
        else:
            assert answer.json()["error"] == "invalid_grant"

    def replay_refresh(self, tokens: Tokens) -> None:
        """A used one is refused, and after ten seconds it ends its family (R07)."""
        if tokens.spent is None:
            return
        value, at = tokens.spent
        assert self.rp.refresh(value).json().get("error") == "invalid_grant"
        if self.now - at > rules.REUSE_GRACE:
            tokens.revoked = True

    # The operator

    def disable(self, who: Person) -> None:
        """End an employment: `idp user disable` (E5)."""
        with self.rows(who) as user:
            assert lifecycle.disable(user) is not who.disabled
        if not who.disabled:
            who.disabled = True
            who.moves_on()

    def enable(self, who: Person) -> None:
        """`idp user enable`."""
        with self.rows(who) as user:
            assert lifecycle.enable(user) is who.disabled
        who.disabled = False

    def revoke_grants(self, who: Person) -> None:
        """`idp known-ip revoke` (C5)."""
        with self.rows(who) as user:
            known_ip.revoke_all(user)
        who.grants.clear()

    def rotate_security_code(self, company: Company, code: str) -> None:
        """`idp tenant rotate` (C5)."""
        with self.world.unit_of_work():
            changes.rotate_security_code(db.session.get_one(Tenant, self.tenants[company].id), code)
        self.tenants[company].code = code
        company.generation += 1
        company.rotations += 1
