"""A morning in the console: the people of the company, and accountants of other offices."""

from __future__ import annotations

from idp.accounts.models import User, UserType
from tests.browser.conftest import Person
from tests.browser.stories import PASSWORD, Scene, act, fill, said, tells
from tests.browser.stories.console import administrator, download
from tests.support.world import KnownTenant, KnownUser


@tells(
    "console.people",
    "console.invite",
    "console.invited",
    "console.send_again",
    "console.withdraw",
    "console.choose_file",
    "console.upload",
    "console.show_import",
    "console.confirm",
    "console.stop_import",
    "console.not_invited",
    "console.go_on",
    "console.discard",
)
def they_are_invited(scene: Scene) -> None:
    """One by one and from a file: what is wrong is said, nobody is invited before it is meant, all of them log in."""
    bert = administrator(scene)
    with scene.world.unit_of_work() as session:
        session.add_all(colleague(bert.tenant, f"colleague-{n:02}{scene.world.suffix}") for n in range(60))
    desk = scene.at("/console/users", bert)
    act(desk, "Next page")
    act(desk, "Invite somebody")
    username = f"nora{scene.world.suffix}"
    fill(desk, name="Nora Baas", email="nora", username=username)
    desk.page.locator("main form").evaluate_all("forms => forms.forEach(form => form.noValidate = true)")
    desk.press("Invite")
    assert "Give one e-mail address" in desk.page.get_by_role("alert").inner_text()
    fill(desk, email="nora@de-zon.example")
    desk.press("Invite")
    act(desk, "Send the invitation again")
    kitchen = scene.at(scene.mailed("nora@de-zon.example"))
    kitchen.answer("new_password", PASSWORD)
    act(kitchen, "Log in")
    assert kitchen.log_in(KnownUser(bert.id, username, "Nora", PASSWORD, bert.tenant, bert.now)) == [
        "password",
        "security_code",
    ]

    scene.at("/console/users/invite", person=desk)
    fill(desk, name="Otto", email="otto@de-zon.example", username=f"otto{scene.world.suffix}")
    desk.press("Invite")
    act(desk, "Withdraw the invitation")

    scene.at("/console/users/import", person=desk)
    choose(scene, desk, "name;email\nOtto;o@x.example\n;nobody\n")
    assert "Line 3" in desk.page.get_by_role("alert").inner_text()
    people = f"name;email;username\nOtto;o@x.example;otto{scene.world.suffix}\n"
    choose(scene, desk, people)
    act(desk, "Not after all")
    choose(scene, desk, people)
    act(desk, "Invite them all")
    act(desk, "Stop inviting")
    assert "o@x.example" in download(desk, "Download who is not invited (CSV)")
    act(desk, "Invite the others")
    assert "o@x.example" in {mail.to for mail in scene.post.deliver()}
    desk.page.reload()
    said(desk, "All of them are invited")


def colleague(tenant: KnownTenant, username: str) -> User:
    """Somebody to fill the list with, who does not log in."""
    return User(
        tenant_id=tenant.id,
        username=username,
        username_key=username,
        name=username.title(),
        email=f"{username}@x.example",
        type=UserType.EMPLOYEE,
    )


def choose(scene: Scene, desk: Person, content: str) -> None:
    """Choose a file with this content, and look at the people."""
    file = scene.directory / "people.csv"
    file.write_text(content)
    desk.page.locator("[name=file]").set_input_files(file)
    desk.press("Look at the people")


@tells(
    "console.person",
    "console.edit_person",
    "console.save_person",
    "console.simulator",
    "console.choose_new_ip",
    "console.choose_type",
    "console.revoke_known",
    "console.sign_out",
    "console.ask_reset",
    "console.reset_two_factor",
    "console.ask_end",
    "console.end_employment",
    "console.enable",
)
def one_of_them(scene: Scene) -> None:
    """Looked at, given a type, signed out, helped with a lost phone, and let go: which ends what she had."""
    bert = administrator(scene)
    anna = scene.world.user("anna", bert.tenant, totp=True, every_30_days=True)
    home = scene.at("/account/", anna)
    desk = scene.at(f"/console/users?search={anna.username}", bert)
    act(desk, "Anna")
    act(desk, "Edit name")
    fill(desk, email="anna@nieuw.example")
    act(desk, "Save")
    said(desk, "anna@nieuw.example")
    act(desk, "See what is asked")
    act(desk, "See what is asked")
    said(desk, "Step by step")
    act(desk, "Back to Anna")
    act(desk, "Revoke known addresses")
    desk.page.get_by_label("Always for this user").check()
    act(desk, "Save", "Validate new IP addresses by mail")
    desk.page.get_by_label("Administrator:").check()
    act(desk, "Change the type")
    act(desk, "Sign out everywhere")
    home.page.reload()
    assert home.step == "password"
    act(desk, "Reset two-factor")
    act(desk, "Reset two-factor")
    said(desk, "Two-factor authentication is reset")
    act(desk, "End employment")
    act(desk, "End employment")
    act(desk, "Let this user log in again")
    said(desk, "End employment")


@tells(
    "console.accountants", "console.look", "console.connect", "console.ask_part", "console.part", "account.connect_code"
)
def an_accountant_of_another_office(scene: Scene) -> None:
    """Reads a code to the administrator, who sees who it is, accepts, and ends it again."""
    bert = administrator(scene)
    piet = scene.world.user("piet", scene.world.tenant("kantoor", security_code=False), type="accountant")
    office = scene.at("/account/companies", piet)
    act(office, "Ask for a connect code")
    desk = scene.at("/console/accountants", bert)
    desk.answer("connect_code", office.page.inner_text("[data-connect-code]"))
    said(desk, piet.name)
    act(desk, "Accept")
    said(desk, "The accountant works for your company from now on")
    act(desk, "End access")
    act(desk, "End access")
    said(desk, "There is nobody here")
