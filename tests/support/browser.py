"""A person with a browser: cookies, an address on the internet, and eyes for pages.

browser = new_browser()                     # from 203.0.113.7; new_browser("198.51.100.4") is elsewhere
browser.get(rp.authorize_url())             # follows redirects within the provider, stops at the application's address
browser.step                                # "password"
browser.fill(username="anna", password="…").submit()
browser.login(anna)                         # answers every step that is shown; browser.steps says which were
browser.landed                              # "https://books.example/cb?code=…" once it left the provider
browser.get("/account/security").fill(two_factor_every_30_days=True).submit("Save")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
from flask import Flask

from idp.outbox.mail.messages import NewIpValidation
from tests.support.page import Form, Page
from tests.support.transport import AppTransport
from tests.support.world import KnownTenant, KnownUser

HOME = "203.0.113.7"
ELSEWHERE = "198.51.100.4"
LIVE_TIMEOUT = 300
MOST_REDIRECTS = 12
MOST_STEPS = 12


class Browser:
    """One browser profile. `browser.address = "198.51.100.4"` carries it to another place (in-process only)."""

    def __init__(self, client: httpx.Client, issuer: str, transport: AppTransport | None = None) -> None:
        self.http = client
        self.issuer = issuer
        self.transport = transport
        self.response = httpx.Response(204)
        self.page = Page("", issuer)
        self.landed: str | None = None
        self.steps: list[str] = []
        self._filled: dict[str, str | bool] = {}

    @classmethod
    def within(cls, app: Flask, issuer: str, address: str = HOME) -> Self:
        """A browser that talks to an application in this process."""
        transport = AppTransport(app, address)
        return cls(httpx.Client(transport=transport, base_url=issuer, headers=HEADERS), issuer, transport)

    @classmethod
    def over_the_wire(cls, issuer: str) -> Self:
        """A browser that talks to a server."""
        return cls(httpx.Client(base_url=issuer, headers=HEADERS, timeout=LIVE_TIMEOUT, trust_env=False), issuer)

    @property
    def address(self) -> str:
        """Where the requests come from."""
        assert self.transport
        return self.transport.address

    @address.setter
    def address(self, value: str) -> None:
        assert self.transport
        self.transport.address = value

    # What is seen

    @property
    def status(self) -> int:
        """The status of the newest answer."""
        return self.response.status_code

    @property
    def step(self) -> str | None:
        """The login step that is shown, if one is."""
        return None if self.landed else self.page.step

    @property
    def alert(self) -> str | None:
        """The message of a failed form."""
        return self.page.alert

    @property
    def text(self) -> str:
        """The words that are shown."""
        return self.page.text

    @property
    def path(self) -> str:
        """The path of the page that is shown."""
        return urlsplit(self.page.address).path

    # What is done

    def get(self, address: str, **headers: str) -> Self:
        """Type an address; follow where it leads."""
        return self._arrive(self.http.get(address, headers=headers, follow_redirects=False))

    def post(self, address: str, data: Mapping[str, str] | list[tuple[str, str]], **headers: str) -> Self:
        """Send a form that no page showed."""
        pairs = list(data.items()) if isinstance(data, Mapping) else data
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        return self._arrive(self.http.post(address, content=urlencode(pairs), headers=sent, follow_redirects=False))

    def follow(self, words: str) -> Self:
        """Click the link with these words."""
        assert words in self.page.links, (
            f"no link {words!r} on {self.page.address}; there are {sorted(self.page.links)}"
        )
        return self.get(self.page.links[words])

    def press(self, words: str) -> Self:
        """Click what has these words, be it a link or a button."""
        return self.follow(words) if words in self.page.links else self.submit(words)

    def fill(self, **values: str | bool) -> Self:
        """Type into fields by name; True and False tick and untick a box."""
        self._filled.update(values)
        return self

    def submit(self, control: str | None = None) -> Self:
        """Press a button: the one with these words, or the first of the form that has the filled fields."""
        form, button = self._choose(control)
        for name, value in self._filled.items():
            match value:
                case False:
                    form.clear(name)
                case True:
                    form.fill(name, self._value_of_box(name))
                case text:
                    form.fill(name, text)
        self._filled = {}
        return self._send(form, form.controls[button] if button is not None else None)

    def filled_form(self, control: str | None = None, **values: str) -> Form:
        """The form as it would be sent, kept for later: to replay it, or to send it from another browser."""
        form, button = self._choose(control, set(values))
        for name, value in values.items():
            form.fill(name, value)
        pressed = form.controls.get(button or "")
        if pressed:
            form.values.append(pressed)
        return form

    def send(self, form: Form) -> Self:
        """Send a form that was kept."""
        return self._send(form, None)

    def login(
        self,
        user: KnownUser,
        *,
        tenant: KnownTenant | None = None,
        until: str | None = None,
        recovery_code: str | None = None,
        remember: bool | None = None,
    ) -> Self:
        """Answer every step that is shown until there is none, or until the step `until` is shown.

        `tenant`: the one whose security code is typed and that is chosen (the home tenant when not said).
        `recovery_code`: use it where TOTP is asked. `remember`: tick or untick the 30-day choice at the TOTP step.
        `browser.steps` has the steps that were answered, in order.
        """
        self.steps = []
        assert self.landed or self.status < 400, f"no login begins: {self.status} {self.text[:800]}"
        for _ in range(MOST_STEPS):
            step = self.step
            if step is None or step == until:
                return self
            self.steps.append(step)
            self._answer(step, user, tenant or user.tenant, recovery_code, remember)
            assert not (self.step == step and self.alert), f"{step}: {self.alert}"
        raise AssertionError(f"never came to an end: {self.steps}")

    def _answer(  # noqa: C901 - one case for each step
        self, step: str, user: KnownUser, tenant: KnownTenant, recovery_code: str | None, remember: bool | None
    ) -> None:
        match step:
            case "password":
                fields: dict[str, str | bool] = {"password": user.password}
                if self.page.has_field("username"):
                    fields["username"] = user.username
                self.fill(**fields).submit()
            case "security_code":
                self.fill(security_code=self._asked_code(user.tenant, tenant)).submit()
            case "totp" if recovery_code:
                self.follow("Use a recovery code")
            case "totp":
                box = {} if remember is None else {"two_factor_every_30_days": remember}
                self.fill(totp=user.totp(), **box).submit()
            case "recovery_code":
                assert recovery_code
                self.fill(recovery_code=recovery_code).submit()
            case "set_up_totp" if self.page.soup.select_one("[data-recovery-codes]"):
                self.take_recovery_codes(user)
            case "set_up_totp":
                self.set_up_totp(user)
            case "new_ip":
                self.fill(new_ip_code=_code_in_the_newest_mail(user)).submit()
            case "choose_tenant":
                self.fill(tenant=tenant.slug).submit()
            case "consent":
                self.submit("Allow")
            case other:
                raise AssertionError(f"a step that nobody knows how to answer: {other}")

    def _asked_code(self, home: KnownTenant, tenant: KnownTenant) -> str:
        """The chain begins under the home tenant, unless the request named another or the person chose one (E3)."""
        chosen = "choose_tenant" in self.steps
        named = tenant.name in self.text and home.name not in self.text
        return tenant.code if chosen or named else home.code

    def set_up_totp(self, user: KnownUser) -> Self:
        """Take the secret into the person's authenticator, confirm with a code, note the recovery codes."""
        user.totp_secret = "".join(self.page.one("[data-totp-secret]").get_text().split())
        user.last_step = 0
        self.fill(totp=user.totp()).submit()
        if self.page.soup.select_one("[data-recovery-codes]"):
            self.take_recovery_codes(user)
        return self

    def take_recovery_codes(self, user: KnownUser) -> Self:
        """Note the ten codes and go on."""
        shown = self.page.one("[data-recovery-codes]")
        user.recovery_codes = ["".join(element.get_text().split()) for element in shown.find_all(recursive=False)]
        return self.press("Continue")

    # How it is done

    def _choose(self, control: str | None, names: set[str] | None = None) -> tuple[Form, str | None]:
        wanted = names if names is not None else set(self._filled)
        for form in self.page.forms:
            if wanted <= form.names and (control is None or control in form.controls):
                pressed = control if control is not None else next(iter(form.controls), None)
                return form, self._pressed_by_value(form, pressed)
        raise AssertionError(
            f"no form on {self.page.address} with fields {sorted(wanted)} and button {control!r}; "
            f"there are {[(sorted(f.names), sorted(f.controls)) for f in self.page.forms]}\n"
            f"{self.status} {self.text[:1500]}"
        )

    def _pressed_by_value(self, form: Form, pressed: str | None) -> str | None:
        """Where the filled field is a row of buttons (the tenants to choose from), the button with that value."""
        for words, pair in form.controls.items():
            if pair and self._filled.get(pair[0]) == pair[1]:
                del self._filled[pair[0]]
                return words
        return pressed

    def _value_of_box(self, name: str) -> str:
        box = self.page.soup.select_one(f"input[name={name}]")
        return str(box.get("value") or "on") if box else "on"

    def _send(self, form: Form, pressed: tuple[str, str] | None) -> Self:
        values = [*form.values, pressed] if pressed else form.values
        if form.method == "get":
            return self.get(f"{form.action.split('?')[0]}?{urlencode(values)}")
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.address))
        return self.post(form.action, values, Origin=origin)

    def _arrive(self, response: httpx.Response) -> Self:
        self.landed = None
        for _ in range(MOST_REDIRECTS):
            self.response = response
            if not response.is_redirect:
                self.page = Page(
                    response.text if "html" in response.headers.get("content-type", "") else "", str(response.url)
                )
                return self
            target = urljoin(str(response.url), response.headers["location"])
            if not f"{target}/".startswith((f"{self.issuer}/", f"{self.issuer}?")):
                self.landed = target
                return self
            response = self.http.get(target, follow_redirects=False)
        raise AssertionError(f"redirected in a circle: {response.url}")


def _code_in_the_newest_mail(user: KnownUser) -> str:
    mailed = [mail for mail in user.mails() if isinstance(mail, NewIpValidation)]
    assert mailed, f"no mail to {user.username}"
    return mailed[-1].code


HEADERS = {"User-Agent": "Mozilla/5.0 (tests)", "Accept-Language": "en", "Accept": "text/html,*/*;q=0.8"}
NewBrowser = Callable[..., Browser]
