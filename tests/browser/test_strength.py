"""How strong a new password looks while it is typed: a comfort, which only exists with script."""

import pytest

from tests.browser.conftest import NewPerson
from tests.support.server import Server

pytestmark = pytest.mark.slow

TYPED = [("kort", "Too short"), ("aaaaaaaaaaaaaaaaaaaaaaaa", "Long enough"), ("zeven gele fietsen zingen", "Strong")]


def test_the_meter(live: Server, new_person: NewPerson) -> None:
    """It says in words what it shows; emptied, it says nothing; without script it is not there."""
    world = live.new_world()
    anna = world.user("anna", world.tenant("de-zon"))
    person, plain = new_person(390), new_person(390, script=False)
    for somebody in (person, plain):
        somebody.page.goto(f"{live.issuer}/account/security")
        somebody.log_in(anna)
    said, meter = person.page.locator(".strength [role=status]"), person.page.locator(".strength meter")
    values = []
    assert not meter.is_visible(), "an empty bar says nothing"
    for password, words in TYPED:
        person.page.locator("[name=new_password]").fill(password)
        assert words in said.inner_text()
        values.append(float(meter.evaluate("meter => meter.value")))
    assert values == sorted(values)
    person.picture("strong")
    person.page.locator("[name=new_password]").fill("")
    assert (said.inner_text(), meter.is_visible()) == ("", False)
    assert not plain.page.locator(".strength").is_visible()
