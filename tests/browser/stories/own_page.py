"""The user page: every card of it."""

from __future__ import annotations

import uuid

from idp.accounts.models import Passkey
from idp.login.models import KnownIpGrant
from tests.browser.conftest import Person
from tests.browser.stories import PASSWORD, Scene, act, fill, said, tells
from tests.browser.test_passkeys import Device
from tests.support.world import KnownUser


@tells(
    "front_door",
    "account.overview",
    "account.choose_language",
    "account.say_particulars",
    "account.security",
    "account.two_factor",
    "account.choose",
    "account.revoke",
    "account.revoke_all",
    "account.add_authenticator",
    "account.authenticator_added",
    "account.rename_authenticator",
    "account.remove_authenticator",
    "account.authenticator_removed",
    "account.renew",
    "account.renewed",
    "account.switch_off",
    "account.switched_off",
)
def my_second_factor(scene: Scene) -> None:
    """Set up, asked less often, a second app beside it under a name, codes renewed, and switched off again."""
    anna = scene.world.user("anna", scene.world.tenant())
    person = scene.at("/", anna)
    person.page.locator("[name=locale]").select_option("en")
    act(person, "Save")
    said(person, "Your language is saved")
    fill(person, given_name="Anna", family_name="de Vries")
    person.page.locator("[name=zoneinfo]").select_option("Europe/Brussels")
    act(person, "Save name and time zone")
    said(person, "What you said of yourself is saved")

    scene.at("/account/security", person=person)
    act(person, "Set up", "Two-factor authentication")
    confirm(person, anna)
    act(person, "Continue")
    person.page.locator("[name=two_factor_every_30_days]").check()
    act(person, "Save", "Once every 30 days from a known IP address")
    also_known(scene, anna)
    person.page.reload()
    act(person, "Revoke 198.51.100.4")
    act(person, "Revoke known addresses")

    act(person, "Add another authenticator app")
    fill(person, name="Tablet")
    confirm(person, anna)
    said(person, "Tablet")
    another_name(person, "authenticators")
    act(person, "Remove", "Authenticator apps")
    act(person, "Remove")

    act(person, "Renew recovery codes")
    act(person, "Renew recovery codes")
    assert person.page.locator("[data-recovery-codes] > *").count() == 10
    act(person, "Continue")
    act(person, "Switch off", "Two-factor authentication")
    act(person, "Switch off")
    said(person, "Set up")


def also_known(scene: Scene, user: KnownUser) -> None:
    """The address of the train is known as well."""
    with scene.world.unit_of_work() as session:
        grant = session.query(KnownIpGrant).filter_by(user_id=user.id).one()
        shared = ("user_id", "user_epoch", "tenant_epochs", "earned_at", "expires_at")
        session.add(KnownIpGrant(network="198.51.100.4", **{name: getattr(grant, name) for name in shared}))


def another_name(person: Person, of: str) -> None:
    """Open what is folded beside the last of them, and call it "Work"."""
    form = person.page.locator(f"form[action*='/{of}/'][action$='/rename']").last
    person.page.locator(f"details:has(form[action*='/{of}/']) > summary").last.click()
    form.locator("[name=name]").fill("Work")
    with person.page.expect_navigation():
        form.locator("[name=name]").press("Enter")


def confirm(person: Person, user: KnownUser) -> None:
    """Take the key into the app, and type the code that it shows."""
    user.totp_secret, user.last_step = "".join(person.page.inner_text("[data-totp-secret]").split()), 0
    person.answer("totp", user.totp())
    assert not person.page.get_by_role("alert").count(), person.page.inner_text("main")


@tells(
    "account.add_passkey",
    "account.rename_passkey",
    "account.remove_passkey",
    "account.passkey_removed",
    by_script=("account.passkey_added", "login.step passkey"),
)
def my_passkeys(scene: Scene) -> None:
    """One is made and used where there is script; one that there is gets another name and goes, anywhere."""
    anna = scene.world.user("anna", scene.world.tenant(security_code=False), totp=True)
    with scene.world.unit_of_work() as session:
        facts = {"public_key": b"y", "synced": False, "transports": ["internal"]}
        session.add(Passkey(user_id=anna.id, name="Laptop", credential_id=uuid.uuid4().bytes, **facts))
    person = scene.window()
    device = Device(person) if scene.script else None
    scene.at("/account/security/passkeys/add", person=person)
    for step in ("password", "totp"):
        person.log_in(anna, until=step)
        assert device or "asskey" not in person.page.inner_text("main"), "without script nothing puzzling is offered"
    person.log_in(anna)
    if device:
        fill(person, name="Phone")
        act(person, "Make a passkey")
    else:
        said(person, "JavaScript switched off")
        assert not person.page.get_by_role("button", name="Make a passkey").is_visible()
        scene.at("/account/security", person=person)
    another_name(person, "passkeys")
    said(person, "Work")
    card = person.page.get_by_role("region", name="Passkeys", exact=True)
    with person.page.expect_navigation():
        card.get_by_role("button", name="Remove Laptop" if device else "Remove Work").click()
    act(person, "Remove")
    said(person, "The passkey is removed")
    if device:
        train = scene.window()
        pocket = Device(train)
        scene.at("/account/", person=train)
        train.log_in(anna, until="totp")
        pocket.take(device.keys)
        act(train, "Use a passkey")
        act(train, "Log in with a passkey")
        assert train.page.url.endswith("/account/")


@tells(
    "account.card",
    "account.change",
    "account.login_history",
    "account.end_session",
    "account.end_other_sessions",
    "account.sign_out_everywhere",
    "account.remove_familiar_address",
)
def where_i_am_logged_in(scene: Scene) -> None:
    """A browser elsewhere is ended, then all of them; the password is changed; the history says it; an address goes."""
    carla = scene.world.user("carla", scene.world.tenant(security_code=False))
    person, elsewhere = scene.at("/account/security", carla), scene.at("/account/security", carla)
    person.page.reload()
    with person.page.expect_navigation():
        person.page.locator("form[action$='/end'] button").first.click()
    elsewhere.page.reload()
    assert elsewhere.step == "password"
    elsewhere.log_in(carla)
    person.page.reload()
    act(person, "End all others")
    fill(person, current_password=carla.password, new_password=PASSWORD)
    act(person, "Change password")
    carla.password = PASSWORD
    scene.at("/account/security/password", person=person)
    act(person, "Remove", "IP addresses you have logged in from")
    act(person, "Login history")
    said(person, "password")
    scene.at("/account/security", person=person)
    act(person, "Sign out everywhere")
    elsewhere.page.reload()
    assert elsewhere.log_in(carla) == ["password"]
