"""An administrator and a newcomer, in a real browser, on a phone and on a desk, with and without script."""

from pathlib import Path

import pytest

from idp.accounts.models import User, UserType
from tests.browser.conftest import NewPerson, Person
from tests.support.mail import Post
from tests.support.server import Server
from tests.support.world import KnownTenant, KnownUser

pytestmark = pytest.mark.slow

PASSWORD = "zeven gele fietsen zingen"
WINDOWS = [
    pytest.param(390, True, "light", id="phone"),
    pytest.param(1280, True, "dark", id="desk, dark"),
    pytest.param(1280, False, "light", id="without script"),
]


@pytest.mark.parametrize(("width", "script", "scheme"), WINDOWS)
def test_invited_by_one_logged_in_by_themselves(  # noqa: PLR0915 - a story is told in one go
    live: Server, new_person: NewPerson, tmp_path: Path, width: int, script: bool, scheme: str
) -> None:
    """Somebody is invited, chooses a password, learns the code, logs in; many come from a file; one has to go."""
    world = live.new_world()
    zon = world.tenant("de-zon", name="Bakkerij De Zon")
    bert = world.user("bert", zon, type="administrator", totp=True)
    with world.unit_of_work() as session:
        session.add_all(colleague(zon, f"colleague-{n:02}{world.suffix}") for n in range(60))
    post = Post(live.app, tmp_path)
    desk, kitchen = (new_person(width, script=script, scheme=scheme) for _ in range(2))

    desk.page.goto(f"{live.issuer}/console/users")
    desk.log_in(bert)
    shown(desk, "1-people", width)
    desk.press("Next page")
    desk.press("Invite somebody")
    username = f"nora{world.suffix}"
    for field, value in (("name", "Nora Baas"), ("email", "nora"), ("username", username)):
        desk.page.locator(f"[name={field}]").fill(value)
    desk.page.locator("form").evaluate_all("forms => forms.forEach(form => form.noValidate = true)")
    desk.press("Invite")
    assert "Give one e-mail address" in desk.page.get_by_role("alert").inner_text()
    shown(desk, "2-what-is-wrong", width)
    desk.page.locator("[name=email]").fill("nora@de-zon.example")
    desk.press("Invite")
    shown(desk, "3-invited", width)

    kitchen.page.goto(next(mail.link for mail in post.deliver() if mail.to == "nora@de-zon.example"))
    shown(kitchen, "4-choose-a-password", width)
    kitchen.answer("new_password", PASSWORD)
    assert kitchen.page.locator("[data-security-code]").inner_text() == zon.code
    shown(kitchen, "5-the-code", width)
    kitchen.press("Log in")
    nora = KnownUser(bert.id, username, "Nora", PASSWORD, zon, bert.now)
    assert kitchen.log_in(nora) == ["password", "security_code"]

    desk.page.goto(f"{live.issuer}/console/users/import")
    choose(desk, tmp_path, "name;email\nOtto;o@x.example\n;nobody\n")
    assert "Line 3" in desk.page.get_by_role("alert").inner_text()
    shown(desk, "6-faults", width)
    choose(desk, tmp_path, f"name;email;username\nOtto;o@x.example;otto{world.suffix}\n")
    shown(desk, "7-looked-at", width)
    desk.press("Invite them all")
    shown(desk, "8-under-way", width)

    desk.page.goto(f"{live.issuer}/console/users?search=nora")
    desk.press("Nora Baas")
    shown(desk, "9-nora", width)
    desk.press("End employment")
    shown(desk, "10-asked-once-more", width)
    desk.press("End employment")
    shown(desk, "11-ended", width)
    kitchen.page.goto(f"{live.issuer}/account/")
    assert kitchen.step == "password"

    desk.page.goto(f"{live.issuer}/account/security")
    shown(desk, "12-security", width)
    desk.press("Add another authenticator app")
    shown(desk, "13-another", width)


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


def choose(person: Person, directory: Path, content: str) -> None:
    """Choose a file with this content and look at the people."""
    file = directory / "people.csv"
    file.write_text(content)
    person.page.locator("[name=file]").set_input_files(file)
    person.press("Look at the people")


def shown(person: Person, name: str, width: int) -> None:
    """Keep the picture; nothing is wider than the window."""
    person.picture(name)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
