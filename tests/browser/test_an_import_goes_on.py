"""An administrator looks on while many people are invited, leaves, comes back, and takes along who was left out."""

import uuid
from pathlib import Path

import pytest

from idp.accounts.bulk_invite.batches import BATCH
from tests.browser.conftest import NewPerson, Person
from tests.support.imports import carry, people
from tests.support.server import Server

pytestmark = pytest.mark.slow

WINDOWS = [
    pytest.param(390, True, "dark", id="phone, dark"),
    pytest.param(1280, False, "light", id="without script"),
]


@pytest.mark.parametrize(("width", "script", "scheme"), WINDOWS)
def test_looked_at_while_it_goes_on(
    live: Server, new_person: NewPerson, tmp_path: Path, width: int, script: bool, scheme: str
) -> None:
    """The page moves by itself, with script without being loaded anew; at its end it says what happened."""
    world = live.new_world()
    zon = world.tenant("de-zon", name="Bakkerij De Zon")
    bert = world.user("bert", zon, type="administrator", totp=True)
    desk = new_person(width, script=script, scheme=scheme)
    desk.page.goto(f"{live.issuer}/console/users/import")
    desk.log_in(bert)
    file = tmp_path / "people.csv"
    many = people(599, f"p{world.suffix}-").replace("email", "email;username", 1)
    file.write_text(f"{many}Nora Baas;nora@x.example;nora{world.suffix}\n")
    desk.page.locator("[name=file]").set_input_files(file)
    desk.press("Look at the people")
    desk.press("Invite them all")
    import_id = uuid.UUID(desk.page.url.rsplit("/", 1)[1])
    shown(desk, "1-begun", width)
    if script:
        desk.page.evaluate("window.stayed = true")
        desk.page.get_by_role("button", name="Stop inviting").focus()

    carry(live.app, import_id)
    desk.page.get_by_text(f"{BATCH} of 600 people invited").wait_for()
    assert desk.page.get_by_role("progressbar", name="How far it is").get_attribute("value") == str(BATCH)
    if script:
        assert desk.page.evaluate("window.stayed && document.activeElement.textContent.trim()") == "Stop inviting"
    shown(desk, "2-under-way", width)

    desk.page.goto(f"{live.issuer}/console/users")
    shown(desk, "3-people", width)
    desk.page.locator("a[href*='/users/import/']").click()
    world.user("nora", world.tenant("fietsen-bv"))
    for _ in range(600 // BATCH):
        carry(live.app, import_id)
    desk.page.get_by_text("599 of 600 people invited").wait_for()
    desk.page.get_by_text(f"The username nora{world.suffix} is taken").wait_for()
    shown(desk, "4-over", width)
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="Download who is not invited (CSV)").click()
    assert download.value.suggested_filename == f"not-invited-{zon.slug}.csv"
    assert f"nora{world.suffix}" in download.value.path().read_text()


def shown(person: Person, name: str, width: int) -> None:
    """Keep the picture; nothing is wider than the window."""
    person.picture(name)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
