"""A walk past every page, in one language, by people of a company of their own.

    Tour(live, world, browser, "nl", look, directory).walk(Tour.account)

`look(page, name)` is called at each page, in its place, before the walk goes on. A walk is one stretch, which needs no other;
`STRETCHES` past each other pass every page. Buttons are found by their forms' addresses: words differ by language.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
from PIL import Image, ImageDraw

from idp import shortlived
from idp.accounts.bulk_invite.batches import BATCH
from idp.accounts.bulk_invite.models import PeopleImport
from idp.accounts.factors import second_factors
from idp.accounts.models import Passkey, User
from idp.audit.models import AuditEvent
from idp.crypto import totp
from idp.login.core.serialization import write_demand
from idp.login.core.types import Demand
from idp.outbox.items import Recipient
from idp.platform import clock
from idp.platform.extensions import db
from idp.tenancy.policy import today
from tests.browser.conftest import Person
from tests.outbox import test_letters as letters
from tests.screenshots.walk import Walk
from tests.support.imports import carry, people
from tests.support.mail import Post

PASSWORD = "zeven gele fietsen zingen"
FAULTY = "name;email\nOtto Smit;otto@x.example\n;nobody\n"


class Tour(Walk):
    """The walk past every page."""

    def walk(self, stretch: Callable[[Tour], None]) -> list[str]:
        """Go past the pages of this stretch; return their names."""
        self._people()
        stretch(self)
        return self.names

    @contextmanager
    def _desk(self) -> Iterator[Person]:
        """The administrator, who has logged in, before the settings."""
        with self._window() as desk:
            desk.page.goto(f"{self.live.issuer}/console/settings")
            desk.log_in(self.bert)
            yield desk

    def _people(self) -> None:
        world, language = self.world, self.language
        self.zon = world.tenant("de-zon", name="Bakkerij De Zon", locale=language)
        self.strict = world.tenant("strikt", two_factor_mandatory=True, block_new_ip=True, locale=language)
        office = world.tenant("kantoor", name="Kantoor Jansen", security_code=False, locale=language)
        self.anna = world.user("anna", self.zon, totp=True, recovery_codes=True)
        self.bert = world.user("bert", self.zon, type="administrator", totp=True)
        self.carla, self.nina = world.user("carla", self.zon), world.user("nina", self.strict)
        self.gone, self.nora = world.user("daan", self.zon, disabled=True), world.user("nora", self.zon)
        world.change(User, self.gone.id, name="Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren")
        self.eva = world.user("eva", office, type="accountant", works_for=[self.zon])
        self.piet = world.user("piet", office, type="accountant")
        informer = world.tenant("informer", security_code=False, locale=language)
        self.hanna = world.user("hanna", informer, type="support", totp=True)
        soon = world.tenant("straks", security_code=False, locale=language)
        world.plan(soon, today(clock.now()) + timedelta(days=30))
        self.mia = world.user("mia", soon)
        world.change(User, self.nora.id, invited_at=self.nora.now())
        with world.unit_of_work() as session:
            long_ago = {"at": clock.now() - timedelta(days=400), "kind": "login.step_failed"}
            session.add(AuditEvent(tenant_id=self.zon.id, detail={"step": "password"}, **long_ago))
            second_factors.add_totp(session.get_one(User, self.anna.id), totp.new_secret(), name="Tablet")
            facts = {"public_key": b"y", "synced": False, "transports": ["internal"]}
            session.add(Passkey(user_id=self.anna.id, name="Laptop", credential_id=uuid.uuid4().bytes, **facts))
        self.post = Post(self.live.app, self.directory)

    # Where the walk leads

    def logging_in(self) -> None:
        back = f"{self.live.issuer}/healthz"
        theirs = self.world.client("theirs", name="Fietsplanner", first_party=False, redirect_uris=[back])
        rp = self.live.relying_party(theirs)
        with self._window() as person:
            person.page.goto(rp.authorize_url(scope="openid profile email"))
            self._see(person, "login-password")
            person.page.locator("[name=username]").fill(self.anna.username)
            person.answer("password", "not her password")
            self._see(person, "login-password-wrong")
            person.log_in(self.anna, until="security_code")
            self._see(person, "login-security-code")
            person.log_in(self.anna, until="totp")
            self._see(person, "login-totp")
            for other in ("recovery_code", "passkey"):
                there = person.page.url
                self._press(person, f"a[href$='/{other}']")
                self._see(person, f"login-{other.replace('_', '-')}")
                person.page.goto(there)
            person.answer("totp", self.anna.totp())
            self._see(person, "consent")
            asked = person.page.url
            self._go(person, "/login/no-such-login", "login-unknown")
            self._go(person, "/no-such-page", "not-found")
            person.page.goto(asked)
            self._press(person, "button[value=allow]")
            self._go(person, "/account/security", "security-allowed-applications")
            self._go(person, "/logout", "logout")
            self._press(person, "button[value=logout]", "logged-out")

    def new_address_and_set_up(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.nina, until="new_ip")
            self._see(person, "login-new-ip")
            link = next(mail.link for mail in self.post.deliver() if mail.to == self.nina.email)
            with self._window() as tab:
                self._go(tab, link, "new-ip-link")
                self._press(tab, "main form button", "new-ip-link-done")
                self._go(tab, link, "new-ip-link-over")
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.nina, until="new_ip")
            link = next(mail.link for mail in self.post.deliver() if mail.to == self.nina.email)
            with self._window() as tab:
                tab.page.goto(link)
                self._press(tab, "main form button")
            person.page.reload()
            self._see(person, "login-set-up-totp")
            self.nina.totp_secret = "".join(person.page.inner_text("[data-totp-secret]").split())
            person.answer("totp", self.nina.totp())
            self._see(person, "login-recovery-codes")

    def ends_of_a_login(self) -> None:
        with self._window() as person:
            handle = self._begun(person, begun_at=(clock.now() - timedelta(minutes=16)).isoformat())
            self._go(person, f"/login/{handle}", "login-expired")
            self._press(person, "main form button")
            person.log_in(self.carla)
            self._go(person, "/login/no-such-login", "login-done")
            self._go(person, "/console/settings", "not-for-you")
        with self._window() as person:
            about_nora = Demand(subject=str(self.nora.id))
            handle = self._begun(person, demand=write_demand(about_nora))
            person.page.goto(f"{self.live.issuer}/login/{handle}")
            person.log_in(self.carla)
            self._see(person, "login-refused")

    def _begun(self, person: Person, **otherwise: Any) -> str:
        """The handle of a login that has just been begun, and is kept like this."""
        person.page.goto(f"{self.live.issuer}/account/")
        handle = person.page.url.split("/login/")[1].split("/")[0].split("?")[0]
        with self.live.app.app_context():
            shortlived.replace("login", handle, {**(shortlived.get("login", handle) or {}), **otherwise})
            db.session.commit()
        return handle

    def on_the_way_back(self) -> None:
        rp = self.live.relying_party(self.world.client("agenda", name="Agenda"))
        with self._window() as person:
            person.page.route("https://books.example/**", lambda route: route.fulfill(status=204))
            person.page.goto(rp.authorize_url(response_mode="form_post"))
            person.log_in(self.mia)
            self._see(person, "two-factor-soon")
            self._go(person, "/account/", "account-two-factor-soon")
            person.page.goto(rp.authorize_url(response_mode="form_post"), wait_until="commit")
            person.page.wait_for_selector("form[data-auto-submit] button")
            self._see(person, "form-post")

    def device(self) -> None:
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        tv = self.world.client(
            "tv", name="Informer TV", public=True, grant_types=[grant], redirect_uris=[], response_types=[]
        )
        asked = {"client_id": tv.client_id, "scope": "openid profile email"}
        code = httpx.post(f"{self.live.issuer}/device_authorization", data=asked, trust_env=False).json()["user_code"]
        with self._window() as person:
            self._go(person, "/device", "device")
            person.answer("user_code", "BCDF-GHJK")
            self._see(person, "device-wrong")
            person.answer("user_code", code)
            person.log_in(self.anna, until="consent")
            self._see(person, "device-confirm")
            self._press(person, "button[value=allow]", "device-done")

    def several_companies(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.eva, until="choose_tenant")
            self._see(person, "login-choose-tenant")
            self._press(person, f"button[value={self.eva.tenant.slug}]")
            self._go(person, "/account/companies", "companies")
            self._press(person, "form[action$=connect-code] button", "connect-code")
            self._go(person, f"/account/companies/{self.zon.id}/leave", "leave-company")

    def account_without_two_factor(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.carla)
            self._see(person, "account-without-two-factor")
            self._go(person, "/account/security", "security-without-two-factor")

    def account(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.anna)
            self._see(person, "account")
            self._go(person, "/account/security", "security")
            remove = {
                of: str(person.page.locator(f"form[action*='/{of}/'][action$='/remove']").first.get_attribute("action"))
                for of in ("authenticators", "passkeys")
            }
            self._go(person, "/account/security/two-factor", "two-factor")
            self._go(person, "/account/security/authenticators/add", "add-authenticator")
            self._go(person, "/account/security/passkeys/add", "add-passkey")
            self._go(person, remove["authenticators"], "remove-authenticator")
            self._go(person, remove["passkeys"], "remove-passkey")
            self._go(person, "/account/security/two-factor/switch-off", "switch-off")
            self._go(person, "/account/security/history", "history")
            self._go(person, "/account/security/recovery-codes", "renew-codes")
            self._press(person, "main form[method=post] button", "recovery-codes")

    def settings(self) -> None:
        with self._desk() as desk:
            self._see(desk, "console-settings")
            for box in desk.page.locator("form.switches > .choice > input").all():
                box.click()
            self._see(desk, "console-settings-turned")
            desk.page.locator("form.switches").evaluate("form => form.noValidate = true")
            desk.page.locator("[name=session_hours]").fill("0")
            self._press(desk, "form.switches button[type=submit]:not([form])", "console-settings-wrong")
            self._go(desk, "/console/settings?done=saved", "console-settings-saved")

    def what_happened(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/security-center", "security-center")
            self._go(desk, "/console/sessions", "sessions")
            self._go(desk, "/console/audit", "audit")
            self._go(desk, "/console/audit/retention", "audit-retention")
            desk.page.locator("[name=years][value='1']").check()
            self._press(desk, "form[action$='/audit/retention'] button", "audit-retention-asked")

    def security_code(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/security-code", "security-code")
            self._press(desk, "form[action$='/security-code/show'] button", "security-code-shown")
            self._go(desk, "/console/security-code/rotate", "security-code-rotate")

    def accountants(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/accountants", "accountants")
            with self._window() as other:
                other.page.goto(f"{self.live.issuer}/account/companies")
                other.log_in(self.piet)
                self._press(other, "form[action$=connect-code] button")
                code = other.page.inner_text("[data-connect-code]")
            desk.page.locator("[name=connect_code]").fill(code)
            self._press(desk, "form[action$='/accountants/look'] button", "connect")
            self._go(desk, f"/console/accountants/{self.eva.id}/end", "end-accountant")

    def applications(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/applications", "applications")
            self._go(desk, "/console/applications/new", "application-new")
            desk.page.locator("form.stack").evaluate("form => form.noValidate = true")
            self._press(desk, "form.stack button[type=submit]", "application-wrong")
            desk.page.locator("[name=name]").fill("Kassa")
            desk.page.locator("[name=redirect_uris]").fill("https://kassa.example/callback")
            self._press(desk, "form.stack button[type=submit]", "application-registered")
            self._go(desk, "/console/applications", "applications-some")
            page = str(desk.page.locator("main ul.rows a, main table a").first.get_attribute("href"))
            for rest in ("", "/change", "/secret", "/connect"):
                self._go(desk, f"{page}{rest}", f"application{rest.replace('/', '-')}")

    def registration_tokens(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/applications/tokens", "registration-tokens")
            desk.page.locator("[name=name]").fill("Build server")
            self._press(desk, "form:has([name=name]) button", "registration-token")

    def branding(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/branding", "branding")
            desk.page.locator("[name=own_colour]").check()
            desk.page.locator("[name=colour]").fill("#ffd400")
            desk.page.locator("#sights svg").first.wait_for()
            self._see(desk, "branding-look")
            logo = self.directory / "logo.png"
            drawn = Image.new("RGB", (320, 80), "#fff")
            ImageDraw.Draw(drawn).ellipse((20, 10, 80, 70), fill="#c2255c")
            drawn.save(logo)
            desk.page.locator("[name=logo]").set_input_files(logo)
            self._press(desk, "form[enctype] button[type=submit]", "branding-saved")

    def people(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/users", "people")
            self._go(desk, "/console/users?search=nobody-at-all", "people-nobody")
            for name, user in (
                ("user", self.anna),
                ("user-without-two-factor", self.carla),
                ("user-invited", self.nora),
                ("user-ended", self.gone),
                ("user-oneself", self.bert),
            ):
                self._go(desk, f"/console/users/{user.id}", name)

    def about_one_person(self) -> None:
        with self._desk() as desk:
            about = f"/console/users/{self.anna.id}"
            self._go(desk, f"{about}/simulator", "simulator")
            self._go(desk, f"{about}/simulator?address=somewhere", "simulator-wrong")
            self._go(desk, f"{about}/reset-two-factor", "reset-two-factor")
            self._go(desk, f"{about}/end-employment", "end-employment")
            self._go(desk, f"{about}/edit", "edit-user")
            self._go(desk, "/console/users/invite", "invite")
            desk.page.locator("main form").first.evaluate("form => form.noValidate = true")
            self._press(desk, "main form[method=post] button[type=submit]", "invite-wrong")

    def imports(self) -> None:
        """A file of two batches, stopped after the first; of the second nobody is left out but one."""
        with self._desk() as desk:
            self._go(desk, "/console/users/import", "import")
            self._choose(desk, FAULTY, "import-wrong")
            desk.page.goto(f"{self.live.issuer}/console/users/import")
            many = people(BATCH + 9, f"p{self.world.suffix}-{self.language}-").replace("email", "email;username", 1)
            self._choose(desk, f"{many}Iris;i@x.example;iris{self.world.suffix}\n", "import-look")
            self._press(desk, "form[action$='/confirm'] button", "import-confirmed")
            import_id = uuid.UUID(desk.page.url.rsplit("/", 1)[1])
            carry(self.live.app, import_id)
            self._go(desk, desk.page.url, "import-under-way")
            self._go(desk, "/console/users?search=bert", "people-import-under-way")
            desk.page.goto(f"{self.live.issuer}/console/users/import/{import_id}")
            self._press(desk, "form[action$='/stop'] button", "import-stopped")
            self._press(desk, "form[action$='/go-on'] button")
            self.world.change(PeopleImport, import_id, moved_at=clock.now() - timedelta(hours=1))
            self._go(desk, desk.page.url, "import-stands-still")
            self.world.user("iris", self.strict)
            carry(self.live.app, import_id)
            self._go(desk, desk.page.url, "import-left-out")
            self._go(desk, "/console/users/import", "import-files")

    def helpdesk(self) -> None:
        with self._desk() as desk:
            self._go(desk, "/console/helpdesk", "helpdesk")
            self._press(desk, "form[action$='/helpdesk'] button", "helpdesk-let-in")
        with self._window() as helper:
            helper.page.goto(f"{self.live.issuer}/account/companies")
            helper.log_in(self.hanna)
            self._see(helper, "helpdesk-companies")
            self._press(helper, f"button[value={self.zon.slug}]")
            for path, name in (
                ("/console/settings", "helpdesk-settings"),
                (f"/console/users/{self.anna.id}", "helpdesk-user"),
            ):
                self._go(helper, path, name)

    def forgotten_password(self) -> None:
        with self._window() as person:
            self._go(person, "/forgot-password", "forgot-password")
            person.answer("username", self.carla.username)
            self._see(person, "forgot-password-asked")
            link = next(mail.link for mail in self.post.deliver() if "/forgot-password/" in mail.link)
            self._go(person, link, "forgot-password-choose")
            person.answer("new_password", "password1234")
            self._see(person, "forgot-password-too-common")
            person.answer("new_password", PASSWORD)
            self._see(person, "forgot-password-changed")
            self._go(person, link, "forgot-password-over")

    def not_me(self) -> None:
        """The link of the mail that tells of a login from a new browser: her first one, and then another."""
        for _ in range(2):
            with self._window() as person:
                person.page.goto(f"{self.live.issuer}/account/")
                person.log_in(self.carla)
        link = next(mail.link for mail in self.post.deliver() if "/not-me/" in mail.link)
        with self._window() as person:
            self._go(person, link, "not-me")
            self._press(person, "main form button", "not-me-done")

    def invitation(self) -> None:
        with self._desk() as desk:
            desk.page.goto(f"{self.live.issuer}/console/users/{self.nora.id}")
            self._press(desk, "form[action$=invite-again] button")
        link = next(mail.link for mail in self.post.deliver() if "/invitation/" in mail.link)
        with self._window() as person:
            self._go(person, link, "invitation")
            there = person.page.url
            person.answer("new_password", PASSWORD)
            self._see(person, "invitation-welcome")
            self._go(person, there, "invitation-over")

    def mails(self) -> None:
        to = Recipient(name="Anna de Vries", email="anna@de-zon.example", language=self.language)
        with self._window() as person, self.live.app.app_context():
            for number, mail in enumerate(letters.mails(to)):
                person.page.set_content(letters.rendered(mail).html)
                self._see(person, f"mail-{number:02}-{mail.kind.replace('_', '-')}")


STRETCHES: tuple[Callable[[Tour], None], ...] = (
    Tour.logging_in,
    Tour.new_address_and_set_up,
    Tour.ends_of_a_login,
    Tour.on_the_way_back,
    Tour.device,
    Tour.several_companies,
    Tour.account_without_two_factor,
    Tour.account,
    Tour.settings,
    Tour.what_happened,
    Tour.security_code,
    Tour.applications,
    Tour.registration_tokens,
    Tour.branding,
    Tour.people,
    Tour.about_one_person,
    Tour.imports,
    Tour.accountants,
    Tour.helpdesk,
    Tour.forgotten_password,
    Tour.not_me,
    Tour.invitation,
    Tour.mails,
)
