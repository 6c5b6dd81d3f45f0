"""From an invitation to "everybody is safe", by an administrator and an employee who have never seen the product."""

from pathlib import Path

import pytest

from idp.accounts import invitations
from idp.accounts.models import User
from tests.browser.conftest import NewPerson, Person
from tests.support.mail import Post
from tests.support.server import Server
from tests.support.world import KnownTenant, KnownUser, World

pytestmark = pytest.mark.slow

PASSWORD = "zeven gele fietsen zingen"


@pytest.mark.parametrize("width", [390, 1280])
def test_until_everybody_is_safe(live: Server, new_person: NewPerson, tmp_path: Path, width: int) -> None:
    """Each step is where the card says it is, and the card is gone when all are done."""
    world = live.new_world()
    zon = world.tenant("de-zon", name="Bakkerij De Zon")
    post = Post(live.app, tmp_path)
    chief, desk = comes(world, zon, post, new_person(width))
    desk.page.goto(f"{live.issuer}/console/")
    assert to_do(desk) == 4
    desk.page.get_by_role("link", name="Set up:").click()
    sets_up(desk, chief)
    desk.page.goto(f"{live.issuer}/console/")
    assert to_do(desk) == 2
    desk.page.get_by_role("link", name="Invite:").click()
    username = f"nora{world.suffix}"
    for field, value in (("name", "Nora"), ("email", "nora@de-zon.example"), ("username", username)):
        desk.page.locator(f"[name={field}]").fill(value)
    desk.press("Invite")
    desk.page.goto(f"{live.issuer}/console/")
    desk.page.get_by_role("link", name="Choose:").click()
    desk.page.locator("[name=two_factor_mandatory]").check()
    says_what_it_changes(desk)
    desk.press("Save")
    assert to_do(desk) == 1
    desk.picture(f"until-safe-{width}")

    kitchen = new_person(width)
    kitchen.page.goto(next(mail.link for mail in post.deliver() if mail.to == "nora@de-zon.example"))
    kitchen.answer("new_password", PASSWORD)
    kitchen.press("Log in")
    nora = KnownUser(chief.id, username, "Nora", PASSWORD, zon, chief.now)
    kitchen.log_in(nora, until="set_up_totp")
    sets_up(kitchen, nora)

    desk.page.goto(f"{live.issuer}/console/security-center")
    assert "Everybody is safe" in desk.page.get_by_role("status").first.inner_text()
    assert to_do(desk) == 0
    desk.picture(f"everybody-safe-{width}")


def says_what_it_changes(desk: Person) -> None:
    """Beside a switch, while it is not as it is kept, and by the other switch that matters; no script does it."""
    box, effect = desk.page.locator("#security_code"), desk.page.locator(".choice:has(#security_code) .effect")
    alone = effect.filter(has_text="no two-factor authentication")
    assert not effect.first.is_visible()
    box.uncheck()
    assert effect.first.is_visible()
    assert not alone.is_visible()
    desk.page.locator("#two_factor_mandatory").uncheck()
    assert alone.is_visible()
    desk.page.locator("#two_factor_mandatory").check()
    box.check()
    assert not effect.first.is_visible()


def comes(world: World, zon: KnownTenant, post: Post, desk: Person) -> tuple[KnownUser, Person]:
    """The first administrator, whom a file made without a password: invited, and logged in."""
    chief = world.user("chief", zon, type="administrator")
    world.change(User, chief.id, password_hash=None)
    with world.unit_of_work() as session:
        invitations.invite_to_choose(session.get_one(User, chief.id))
    desk.page.goto(next(mail.link for mail in post.deliver() if mail.to == chief.email))
    chief.password = PASSWORD
    desk.answer("new_password", PASSWORD)
    desk.press("Log in")
    desk.log_in(chief)
    return chief, desk


def sets_up(person: Person, user: KnownUser) -> None:
    """Type the secret over into a telephone, and its code back."""
    user.totp_secret = "".join(person.page.locator("[data-totp-secret]").inner_text().split())
    person.answer("totp", user.totp())
    person.press("Continue")


def to_do(desk: Person) -> int:
    """How many steps the card has that are not done."""
    return desk.page.locator(".todo a").count()
