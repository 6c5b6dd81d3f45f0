"""A refused password costs the same mix of work for names that exist and names that do not (D3, R83). Nothing is timed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.accounts.models import User, UserType
from idp.accounts.passwords import password_costs
from idp.accounts.passwords.password_costs import READ_EVERY, Mix
from idp.accounts.users import usernames
from idp.crypto.passwords import Hasher, Parameters, cost_of
from idp.platform.extensions import db
from tests.support.apps import CHEAP
from tests.support.browser import NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

FOREIGN = Parameters(memory_kib=64, passes=3)
OTHER = Parameters(memory_kib=32, passes=1, lanes=2)
PASSWORD = "correct horse battery staple"
NAMES = [f"nobody-{number}" for number in range(4000)]


class Remembering(Hasher):
    """Argon2id as always, and a list of what each look at a password cost."""

    def __init__(self, parameters: Parameters = CHEAP) -> None:
        super().__init__(parameters, at_most=4)
        self.costs: list[Parameters | None] = []

    def _matches(self, password_hash: str, secret: bytes) -> bool:
        self.costs.append(cost_of(password_hash))
        return super()._matches(password_hash, secret)


@pytest.fixture
def hasher(app: Flask) -> Remembering:
    """The application's hasher."""
    made = Remembering()
    app.extensions["idp.hasher"] = made
    return made


Imported = Callable[..., list[str]]


@pytest.fixture
def imported(world: World) -> Imported:
    """Makes people whose hashes cost so much; gives their names."""
    tenant = world.tenant("de-zon", security_code=False)

    def make(cost: Parameters | None, number: int) -> list[str]:
        names = [f"p{uuid.uuid4().hex[:12]}" for _ in range(number)]
        text = Hasher(cost, at_most=1).hash(PASSWORD) if cost else None
        with world.unit_of_work() as session:
            session.add_all(_person(tenant, name, text) for name in names)
        return names

    return make


def _person(tenant: KnownTenant, name: str, password_hash: str | None) -> User:
    return User(
        id=uuid.uuid4(),
        tenant_id=tenant.id,
        username=name,
        username_key=usernames.key(name),
        name=name,
        email=f"{name}@de-zon.example",
        type=UserType.EMPLOYEE,
        password_hash=password_hash,
    )


def shares(app: Flask, names: list[str] = NAMES) -> dict[Parameters, float]:
    """How large a part of these names costs what."""
    with app.app_context():
        counted = Counter(password_costs.of_nobody(name) for name in names)
    return {cost: count / len(names) for cost, count in counted.items()}


def test_unknown_names_cost_what_known_ones_do(app: Flask, hasher: Remembering, imported: Imported) -> None:
    """R83: of very many names that nobody has as large a part has each cost as of the people."""
    imported(FOREIGN, 60)
    imported(CHEAP, 30)
    imported(OTHER, 10)
    imported(None, 50)
    found = shares(app)
    assert found.keys() == {FOREIGN, CHEAP, OTHER}
    assert found[FOREIGN] == pytest.approx(0.6, abs=0.03)
    assert found[CHEAP] == pytest.approx(0.3, abs=0.03)
    assert found[OTHER] == pytest.approx(0.1, abs=0.03)


def test_a_name_costs_the_same_each_time(
    app: Flask, hasher: Remembering, imported: Imported, clock: MovingClock
) -> None:
    """R83: however it is spelled, whenever it is typed, in whichever process."""
    imported(FOREIGN, 50)
    imported(CHEAP, 50)
    with app.app_context():
        before = [password_costs.of_nobody(name) for name in NAMES]
        assert [password_costs.of_nobody(f" {name.upper()} ") for name in NAMES] == before
        clock.advance(hours=5)
        assert [password_costs.of_nobody(name) for name in NAMES] == before
        app.extensions.pop("idp.accounts.passwords.password_costs")  # as in another process
        assert [password_costs.of_nobody(name) for name in NAMES] == before


def test_with_nobody_there_it_costs_what_ours_cost(app: Flask, hasher: Remembering) -> None:
    """Nothing is known, so nothing is imitated."""
    assert shares(app) == {CHEAP: 1.0}


def test_it_follows_the_people(
    app: Flask, world: World, hasher: Remembering, imported: Imported, clock: MovingClock
) -> None:
    """R83: as people log in, unknown names move with them, a few at a time, and none ever moves back."""
    names = imported(FOREIGN, 40)
    ours = Hasher(CHEAP, at_most=1).hash(PASSWORD)
    costs = []
    for moved in (0, 10, 25, 40):
        with world.unit_of_work() as session:
            theirs = sa.update(User).where(User.username.in_(names[:moved]))
            session.execute(theirs.values(password_hash=ours))
        with app.app_context():
            kept = password_costs.of_nobody(NAMES[0])
            clock.advance(seconds=READ_EVERY.total_seconds() - 1)
            assert password_costs.of_nobody(NAMES[0]) == kept or moved == 0
            clock.advance(seconds=2)
            costs.append([password_costs.of_nobody(name) for name in NAMES])
    assert [column.count(CHEAP) / len(NAMES) for column in costs] == pytest.approx([0, 0.25, 0.625, 1], abs=0.03)
    for row in zip(*costs, strict=True):
        assert row == tuple(sorted(row, key=[FOREIGN, CHEAP].index)), "a name moved back"


def test_it_is_a_sample_by_the_primary_key(
    app: Flask, hasher: Remembering, imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E6: however many people there are, so many rows are read, once in a while, not once a request."""
    monkeypatch.setattr(password_costs, "SAMPLE", 20)
    imported(CHEAP, 50)
    read: list[str] = []
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", lambda *found: read.append(found[2]))
        for name in NAMES:
            password_costs.of_nobody(name)
    assert len(read) == 1
    assert "ORDER BY users.id" in read[0]
    assert "LIMIT" in read[0]


@pytest.fixture
def anna(world: World) -> KnownUser:
    """Somebody who has logged in here before."""
    return world.user("anna", world.tenant("fietsen", security_code=False))


@pytest.mark.both_stores
def test_a_login_does_the_work_of_somebody(
    rp: RelyingParty, new_browser: NewBrowser, hasher: Remembering, imported: Imported, anna: KnownUser
) -> None:
    """D3, R83: whoever is refused, exactly one look is taken, at the cost of their own hash, else at somebody's."""
    known = imported(FOREIGN, 30)
    invited = imported(None, 1)
    for name, expected in ((known[0], {FOREIGN}), (anna.username, {CHEAP}), (invited[0], {FOREIGN, CHEAP})):
        assert _refused(rp, new_browser, hasher, name) <= expected
    unknown = [_refused(rp, new_browser, hasher, name) for name in NAMES[:8]]
    assert {FOREIGN} in unknown
    assert unknown == [_refused(rp, new_browser, hasher, name) for name in NAMES[:8]]


@pytest.mark.parametrize("password", ["x" * 129, "y" * 5000], ids=len)
def test_an_impossible_answer_costs_as_much(
    rp: RelyingParty, new_browser: NewBrowser, hasher: Remembering, imported: Imported, password: str
) -> None:
    """R83: what cannot be a password is looked at for as long as what can."""
    known = imported(FOREIGN, 1)
    assert _refused(rp, new_browser, hasher, known[0], password) == {FOREIGN}
    assert _refused(rp, new_browser, hasher, NAMES[0], password) == {FOREIGN}


def test_a_login_renews_the_hash(
    rp: RelyingParty, new_browser: NewBrowser, hasher: Remembering, imported: Imported, world: World
) -> None:
    """D7: at the first right answer an imported hash becomes one of ours, and costs that from then on."""
    (name,) = imported(FOREIGN, 1)
    browser = new_browser().get(rp.authorize_url()).fill(username=name, password=PASSWORD).submit()
    assert "code" in rp.answer(browser)
    assert _refused(rp, new_browser, hasher, name) == {CHEAP}


def _refused(
    rp: RelyingParty, new_browser: NewBrowser, hasher: Remembering, username: str, password: str = "not that"
) -> set[Parameters | None]:
    """The cost of the one look that this refusal took."""
    hasher.costs.clear()
    page = new_browser().get(rp.authorize_url()).fill(username=username, password=password).submit()
    assert "The username or the password is not right" in page.text
    assert len(hasher.costs) == 1
    return set(hasher.costs)


@settings(derandomize=True, database=None, max_examples=200)
@given(st.lists(st.sampled_from([CHEAP, FOREIGN, OTHER]), min_size=1, max_size=30), st.floats(0, 1, exclude_max=True))
def test_every_place_has_a_cost_that_is_in_use(costs: list[Parameters], place: float) -> None:
    """R83: never one that nobody has, and each in proportion."""
    mix = Mix.of(costs)
    assert mix.at(place) in costs
    every = [mix.at((n + 0.5) / len(costs)) for n in range(len(costs))]
    assert Counter(every) == Counter(costs)
