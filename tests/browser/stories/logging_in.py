"""Logging in by each step, and what stands around it: consent, logging out, devices, the links of mails."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from idp import shortlived
from idp.accounts import invitations
from idp.accounts.models import User
from idp.platform import clock
from idp.platform.extensions import db
from idp.tenancy.policy import today
from tests.browser.conftest import Person
from tests.browser.stories import PASSWORD, Scene, act, said, tells
from tests.support.world import KnownUser

SAYS_LOG_OUT = '<form method="post" action="{}/logout"><button>Log out</button></form>'
"""An application's page."""

BACK = "/forgot-password"
"""Where applications are answered: any page will do."""

DEVICES = "urn:ietf:params:oauth:grant-type:device_code"


@tells(
    "oidc.authorize",
    "oidc.resume",
    "oidc.decide",
    "oidc.cancel",
    "oidc.logout",
    "oidc.logout_by_form",
    "oidc.logout_resume",
    "oidc.logout_decide",
    "login.resume",
    "login.restart",
    "login.cancel",
    "login.step password",
    "login.step security_code",
    "login.step totp",
    "login.step recovery_code",
    "account.withdraw",
)
def to_an_application_of_others(scene: Scene) -> None:
    """Too late and begun again, cancelled, logged in with the phone at hand and without, allowed, taken back, logged out."""
    anna = scene.world.user("anna", scene.world.tenant(), totp=True, recovery_codes=True)
    client = scene.world.client(
        "theirs", name="Fietsplanner", first_party=False, redirect_uris=[f"{scene.live.issuer}{BACK}"]
    )
    rp = scene.live.relying_party(client)

    person = scene.at(rp.authorize_url(scope="openid profile"))
    expire(scene, person)
    person.page.reload()
    act(person, "Begin again")
    person.complaints = [complaint for complaint in person.complaints if "410" not in complaint]
    act(person, "Cancel")
    assert "error=access_denied" in person.page.url

    scene.at(rp.authorize_url(scope="openid profile"), person=person)
    assert person.log_in(anna, until="consent") == ["password", "security_code", "totp"]
    said(person, "Fietsplanner")
    act(person, "Allow")
    assert f"{BACK}?code=" in person.page.url

    scene.at("/account/security", person=person)
    act(person, "Take back", "Applications that may use your data")
    with person.page.expect_navigation():
        person.page.set_content(SAYS_LOG_OUT.format(scene.live.issuer))
        person.page.get_by_role("button").click()
    act(person, "Log out")

    scene.at("/logout", person=person)
    scene.at("/account/", person=person)
    assert person.log_in(anna, until="totp") == ["password", "security_code"]
    act(person, "Use a recovery code")
    person.answer("recovery_code", anna.recovery_codes[0])
    assert urlsplit(person.page.url).path == "/account/"


def expire(scene: Scene, person: Person) -> None:
    """A quarter of an hour goes by at the first step."""
    handle = urlsplit(person.page.url).path.split("/")[2]
    with scene.live.app.app_context():
        begun = (clock.now() - timedelta(minutes=16)).isoformat()
        shortlived.replace("login", handle, {**(shortlived.get("login", handle) or {}), "begun_at": begun})
        db.session.commit()


@tells("oidc.device", "oidc.device_typed", "oidc.device_confirm", "oidc.device_decide", "oidc.device_cancel")
def a_device_without_a_keyboard(scene: Scene) -> None:
    """The code of the television is typed on the phone: given up once, allowed once."""
    carla = scene.world.user("carla", scene.world.tenant())
    tv = scene.world.client(
        "tv", name="Informer TV", public=True, grant_types=[DEVICES], redirect_uris=[], response_types=[]
    )

    def code() -> str:
        asked = {"client_id": tv.client_id, "scope": "openid"}
        return str(
            httpx.post(f"{scene.live.issuer}/device_authorization", data=asked, trust_env=False).json()["user_code"]
        )

    person = scene.at("/device")
    person.answer("user_code", code())
    act(person, "Cancel")
    said(person, "The device is not connected")
    scene.at("/device", person=person)
    person.answer("user_code", code())
    person.log_in(carla, until="consent")
    act(person, "Allow")
    said(person, "The device is connected")


@tells(
    "invitation.ask",
    "invitation.accept",
    "login.step new_ip",
    "login.new_ip_link",
    "login.confirm_new_ip",
    "account.two_factor",
    "not_me.ask",
    "not_me.confirm",
    "forgot_password.ask",
    "forgot_password.asked",
    "forgot_password.choose",
    "forgot_password.chosen",
)
def a_first_day_at_a_strict_company(scene: Scene) -> None:
    """Invited, at a new address, led to the set-up; then somebody else logs in, and the password is chosen anew."""
    strict = scene.world.tenant("strikt", two_factor_mandatory=True, block_new_ip=True)
    nina, otto = (scene.world.user(name, strict) for name in ("nina", "otto"))
    invite(scene, nina)
    person = scene.at(scene.mailed(nina, "/invitation/"))
    person.answer("new_password", PASSWORD)
    said(person, strict.code)
    nina.password = PASSWORD
    act(person, "Log in")
    assert person.log_in(nina, until="new_ip") == ["password", "security_code"]
    tab = scene.at(scene.mailed(nina, "/login/new-ip"))
    act(tab, "Yes, it is me")
    scene.at("/account/", person=tab)
    assert tab.step == "password", "where the link was opened nobody is logged in"
    act(person, "I have opened the link in the mail: continue")
    assert person.step == "set_up_totp"
    nina.totp_secret = "".join(person.page.inner_text("[data-totp-secret]").split())
    person.answer("totp", nina.totp())
    act(person, "Continue")

    scene.at("/account/", nina)
    scene.at(scene.mailed(nina, "/not-me/"), person=tab)
    act(tab, "This was not me")
    person.page.reload()
    assert person.step == "password", "whoever it was is logged out"
    act(tab, "Ask for a new link")
    tab.answer("username", nina.username)
    said(tab, "a link is on its way")
    scene.at(scene.mailed(nina, "/forgot-password/"), person=tab)
    tab.answer("new_password", nina.password[::-1])
    said(tab, "Log in with your new password")

    desk = scene.at("/account/")
    desk.log_in(otto, until="new_ip")
    mail = next(m for m in reversed(scene.post.deliver()) if m.to == otto.email)
    code = re.search(r"\b\d{6}\b", mail.text)
    assert code
    desk.answer("new_ip_code", code.group())
    assert desk.step == "set_up_totp"


def invite(scene: Scene, user: KnownUser) -> None:
    """Let somebody choose their first password."""
    scene.world.change(User, user.id, password_hash=None)
    with scene.world.unit_of_work() as session:
        invitations.invite_to_choose(session.get_one(User, user.id))


@tells("account.two_factor_soon", "account.answer_two_factor_soon")
def two_factor_is_coming(scene: Scene) -> None:
    """Told at the login from which day on it is mandatory, and gone on to the application."""
    soon = scene.world.tenant("straks", security_code=False)
    scene.world.plan(soon, today(clock.now()) + timedelta(days=30))
    mia = scene.world.user("mia", soon)
    rp = scene.live.relying_party(
        scene.world.client("agenda", name="Agenda", redirect_uris=[f"{scene.live.issuer}{BACK}"])
    )
    person = scene.at(rp.authorize_url(), mia)
    said(person, "Set it up now")
    act(person, "Later, go on to Agenda")
    assert f"{BACK}?code=" in person.page.url


@tells("login.step choose_tenant", "account.companies", "account.switch", "account.ask_leave", "account.leave")
def an_accountant_of_two_companies(scene: Scene) -> None:
    """Chosen at the login, changed on the page of the companies, and one of them left."""
    office = scene.world.tenant("kantoor", name="Kantoor Jansen", security_code=False)
    zon = scene.world.tenant("de-zon", name="Bakkerij De Zon", code="73159")
    eva = scene.world.user("eva", office, type="accountant", works_for=[zon])
    person = scene.at("/account/companies")
    assert person.log_in(eva, until="choose_tenant") == ["password"]
    act(person, "Kantoor Jansen")
    act(person, "Work for this company")
    person.answer("security_code", zon.code)
    scene.at("/account/companies", person=person)
    act(person, "Work for this company")
    scene.at("/account/companies", person=person)
    act(person, "Leave")
    act(person, "Leave this company")
    said(person, "Kantoor Jansen")
    assert "Bakkerij De Zon" not in person.page.inner_text("main ul.rows")
