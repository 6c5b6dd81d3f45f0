"""A walk past every page, in one language, by people of a company of their own.

    Tour(live, world, browser, "nl", look, directory).walk()

`look(page, name)` is called at each page, in its place, before the walk goes on. Without script (`script=False`) the same
walk is possible, as every page works without. Buttons are found by their forms' addresses: words differ by language.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page

from idp import clock, shortlived
from idp.accounts.models import Passkey, User
from idp.extensions import db
from idp.outbox.items import Recipient
from tests.browser.conftest import PATIENCE_MS, Person
from tests.outbox.test_letters import mails, rendered
from tests.support.mail import Post
from tests.support.server import Server
from tests.support.world import World

Look = Callable[[Page, str], None]
PASSWORD = "zeven gele fietsen zingen"
FAULTY = "name;email\nOtto Smit;otto@x.example\n;nobody\n"


@dataclass
class Tour:
    """One walk. `names`: what was looked at so far."""

    live: Server
    world: World
    browser: Browser
    language: str
    look: Look
    directory: Path
    script: bool = True
    names: list[str] = field(default_factory=list)

    def walk(self) -> list[str]:
        """Go past every page; return their names."""
        self._people()
        with self._window() as self.desk:
            self.desk.page.goto(f"{self.live.issuer}/console/settings")
            self.desk.log_in(self.bert)
            self._parts()
        return self.names

    def _parts(self) -> None:
        for part in (
            self._logging_in,
            self._new_address_and_set_up,
            self._ends_of_a_login,
            self._device,
            self._several_companies,
            self._account,
            self._console,
            self._console_people,
            self._helpdesk,
            self._links_of_mails,
            self._mails,
        ):
            part()

    def _people(self) -> None:
        world, language = self.world, self.language
        self.zon = world.tenant("de-zon", name="Bakkerij De Zon", locale=language)
        self.strict = world.tenant("strikt", two_factor_mandatory=True, block_new_ip=True, locale=language)
        office = world.tenant("kantoor", name="Kantoor Jansen", security_code=False, locale=language)
        self.anna = world.user("anna", self.zon, totp=True, recovery_codes=True)
        self.bert = world.user("bert", self.zon, type="administrator", totp=True)
        self.carla, self.nina = world.user("carla", self.zon), world.user("nina", self.strict)
        self.gone, self.nora = world.user("daan", self.zon, disabled=True), world.user("nora", self.zon)
        self.eva = world.user("eva", office, type="accountant", works_for=[self.zon])
        self.piet = world.user("piet", office, type="accountant")
        informer = world.tenant("informer", security_code=False, locale=language)
        self.hanna = world.user("hanna", informer, type="support", totp=True)
        world.change(User, self.nora.id, invited_at=self.nora.now())
        with world.unit_of_work() as session:
            facts = {"public_key": b"y", "synced": False, "transports": ["internal"]}
            session.add(Passkey(user_id=self.anna.id, name="Laptop", credential_id=uuid.uuid4().bytes, **facts))
        self.post = Post(self.live.app, self.directory)

    # Where the walk leads

    def _logging_in(self) -> None:
        rp = self.live.relying_party(self.world.client("theirs", name="Fietsplanner", first_party=False))
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
                self._press(person, f"a[href$='/{other}']") if self.script or other == "recovery_code" else None
                self._see(person, f"login-{other.replace('_', '-')}")
                person.page.goto(there)
            person.answer("totp", self.anna.totp())
            self._see(person, "consent")
            self._go(person, "/login/no-such-login", "login-unknown")
            self._go(person, "/no-such-page", "not-found")
            self._go(person, "/logout", "logout")
            self._press(person, "button[value=logout]", "logged-out")

    def _new_address_and_set_up(self) -> None:
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

    def _ends_of_a_login(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            handle = person.page.url.split("/login/")[1].split("/")[0].split("?")[0]
            with self.live.app.app_context():
                began = {"begun_at": (clock.now() - timedelta(minutes=16)).isoformat()}
                shortlived.replace("login", handle, {**(shortlived.get("login", handle) or {}), **began})
                db.session.commit()
            self._go(person, f"/login/{handle}", "login-expired")
            self._press(person, "main form button")
            person.log_in(self.carla)
            self._go(person, "/login/no-such-login", "login-done")
            self._go(person, "/console/settings", "not-for-you")

    def _device(self) -> None:
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

    def _several_companies(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.eva, until="choose_tenant")
            self._see(person, "login-choose-tenant")
            self._press(person, f"button[value={self.eva.tenant.slug}]")
            self._go(person, "/account/companies", "companies")
            self._press(person, "form[action$=connect-code] button", "connect-code")
            self._go(person, f"/account/companies/{self.zon.id}/leave", "leave-company")

    def _account(self) -> None:
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.carla)
            self._see(person, "account-without-two-factor")
            self._go(person, "/account/security", "security-without-two-factor")
        with self._window() as person:
            person.page.goto(f"{self.live.issuer}/account/")
            person.log_in(self.anna)
            self._see(person, "account")
            self._go(person, "/account/security", "security")
            remove = person.page.locator("form[action*='/passkeys/'][action$='/remove']").get_attribute("action")
            self._go(person, "/account/security/two-factor", "two-factor")
            self._go(person, "/account/security/authenticators/add", "add-authenticator")
            self._go(person, "/account/security/passkeys/add", "add-passkey")
            self._go(person, str(remove), "remove-passkey")
            self._go(person, "/account/security/two-factor/switch-off", "switch-off")
            self._go(person, "/account/security/history", "history")
            self._go(person, "/account/security/recovery-codes", "renew-codes")
            self._press(person, "main form[method=post] button", "recovery-codes")

    def _console(self) -> None:
        desk = self.desk
        self._see(desk, "console-settings")
        desk.page.locator("form.switches").evaluate("form => form.noValidate = true")
        desk.page.locator("[name=session_hours]").fill("0")
        self._press(desk, "form.switches button[type=submit]:not([form])", "console-settings-wrong")
        self._go(desk, "/console/settings?done=saved", "console-settings-saved")
        self._go(desk, "/console/security-center", "security-center")
        self._go(desk, "/console/sessions", "sessions")
        self._go(desk, "/console/audit", "audit")
        self._branding(desk)
        self._go(desk, "/console/security-code", "security-code")
        self._go(desk, "/console/security-code/rotate", "security-code-rotate")
        self._go(desk, "/console/applications", "applications")
        self._application(desk)
        self._go(desk, "/console/accountants", "accountants")
        with self._window() as other:
            other.page.goto(f"{self.live.issuer}/account/companies")
            other.log_in(self.piet)
            self._press(other, "form[action$=connect-code] button")
            code = other.page.inner_text("[data-connect-code]")
        desk.page.locator("[name=connect_code]").fill(code)
        self._press(desk, "form[action$='/accountants/look'] button", "connect")
        self._go(desk, f"/console/accountants/{self.eva.id}/end", "end-accountant")
        self._go(desk, "/console/helpdesk", "helpdesk")
        self._press(desk, "form[action$='/helpdesk'] button", "helpdesk-let-in")

    def _application(self, desk: Person) -> None:
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

    def _branding(self, desk: Person) -> None:
        self._go(desk, "/console/branding", "branding")
        desk.page.locator("[name=own_colour]").check()
        desk.page.locator("[name=colour]").fill("#ffd400")
        self._press(desk, "form[enctype] button[type=submit]", "branding-colour-refused")
        logo = self.directory / "logo.png"
        drawn = Image.new("RGB", (320, 80), "#fff")
        ImageDraw.Draw(drawn).ellipse((20, 10, 80, 70), fill="#c2255c")
        drawn.save(logo)
        desk.page.locator("[name=logo]").set_input_files(logo)
        self._press(desk, "form[enctype] button[type=submit]", "branding-saved")

    def _console_people(self) -> None:
        desk = self.desk
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
        about = f"/console/users/{self.anna.id}"
        self._go(desk, f"{about}/simulator", "simulator")
        self._go(desk, f"{about}/simulator?address=somewhere", "simulator-wrong")
        self._go(desk, f"{about}/reset-two-factor", "reset-two-factor")
        self._go(desk, f"{about}/end-employment", "end-employment")
        self._go(desk, "/console/users/invite", "invite")
        desk.page.locator("main form").first.evaluate("form => form.noValidate = true")
        self._press(desk, "main form[method=post] button[type=submit]", "invite-wrong")
        self._go(desk, "/console/users/import", "import")
        self._choose(desk, FAULTY, "import-wrong")
        self._choose(desk, f"name;email;username\nOtto;o@x.example;otto{self.world.suffix}\n", "import-look")
        self._press(desk, "form[action$='/confirm'] button", "import-confirmed")

    def _helpdesk(self) -> None:
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

    def _links_of_mails(self) -> None:
        not_me = [mail.link for mail in self.post.deliver() if "/not-me/" in mail.link]
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
            self._go(person, not_me[0], "not-me")
            self._press(person, "main form button", "not-me-done")
            self._go(person, self._invitation(), "invitation")
            there = person.page.url
            person.answer("new_password", PASSWORD)
            self._see(person, "invitation-welcome")
            self._go(person, there, "invitation-over")

    def _mails(self) -> None:
        to = Recipient(name="Anna de Vries", email="anna@de-zon.example", language=self.language)
        with self._window() as person, self.live.app.app_context():
            for number, mail in enumerate(mails(to)):
                person.page.set_content(rendered(mail).html)
                self._see(person, f"mail-{number:02}-{mail.kind.replace('_', '-')}")

    # How one walks

    def _invitation(self) -> str:
        """The link for somebody whom the administrator invites again."""
        self.desk.page.goto(f"{self.live.issuer}/console/users/{self.nora.id}")
        self._press(self.desk, "form[action$=invite-again] button")
        return next(mail.link for mail in self.post.deliver() if "/invitation/" in mail.link)

    @contextmanager
    def _window(self) -> Iterator[Person]:
        locale = {"en": "en-GB", "nl": "nl-NL"}[self.language]
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844}, locale=locale, java_script_enabled=self.script
        )
        context.set_default_timeout(PATIENCE_MS)
        yield Person(context.new_page(), context, self.script, self.directory)
        context.close()

    def _go(self, person: Person, path: str, name: str) -> None:
        person.page.goto(path if path.startswith("http") else f"{self.live.issuer}{path}")
        self._see(person, name)

    def _press(self, person: Person, selector: str, name: str = "") -> None:
        with person.page.expect_navigation():
            person.page.locator(selector).first.click()
        if name:
            self._see(person, name)

    def _choose(self, person: Person, content: str, name: str) -> None:
        file = self.directory / "people.csv"
        file.write_text(content)
        person.page.locator("[name=file]").set_input_files(file)
        self._press(person, "form[enctype] button[type=submit]", name)

    def _see(self, person: Person, name: str) -> None:
        self.names.append(name)
        self.look(person.page, name)
