"""An import of many people goes batch by batch: it says how far it is, loses nobody, makes nobody twice, and can be stopped."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts import bulk_invite as product
from idp.accounts.bulk_invite.batches import BATCH
from idp.accounts.bulk_invite.models import PeopleImport
from idp.accounts.models import User, UserType
from idp.audit.models import AuditEvent
from idp.cli import worker
from idp.outbox import deliver
from idp.outbox.jobs import PeopleToInvite
from idp.outbox.mail.directory import DirectorySink
from idp.outbox.models import Queued
from idp.platform import clock as product_clock
from idp.platform.extensions import db
from idp.tenancy.models import Tenant
from tests.scale import plans
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.imports import GOOD, IMPORT, carry, confirmed, newcomers, people, told, upload
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def console(new_browser: NewBrowser, bert: KnownUser) -> Browser:
    return open_page(new_browser(ELSEWHERE), IMPORT, bert)


class Killed(BaseException):
    """What no worker survives."""


def test_how_far_it_is(app: Flask, console: Browser) -> None:
    """The page counts batch by batch and looks again by itself; whoever comes back finds it, and the people at its end."""
    import_id = confirmed(console, people(120))
    page = console.page.address
    for done in ("0", "50", "100"):
        console.get(page)
        assert f"{done} of 120 people invited" in console.text
        bar = console.page.one("progress")
        assert (bar["value"], bar["max"], bar["aria-labelledby"]) == (done, "120", "far")
        assert console.page.one("noscript meta[http-equiv=refresh]")["content"] == "5"
        assert console.page.one("#progress").has_attr("data-look-again")
        assert "In the file" not in console.text
        for list_page in (IMPORT, "/console/users"):
            assert f"{done} of 120 people invited Under way" in console.get(list_page).text
        carry(app, import_id)
    console.get(page)
    assert "120 of 120 people invited" in console.text
    assert "All of them are invited" in console.text
    assert not console.page.soup.select("progress, meta[http-equiv=refresh], [data-look-again]")
    assert console.follow("To the people").path == "/console/users"
    assert "by Bert" in console.text


def test_a_batch_is_a_few_statements(app: Flask, console: Browser) -> None:
    """Whatever is in the file: one statement for each table, not for each person."""
    import_id = confirmed(console, people(100))
    with app.app_context(), plans.listening(db.engine) as heard:
        product.carry_out(PeopleToInvite(import_id=str(import_id)))
        db.session.commit()
    inserts = [statement.text.split()[2] for statement in heard if statement.text.startswith("INSERT")]
    assert sorted(inserts) == ["audit_events", "outbox", "outbox", "users"]
    assert len(heard) <= 12, [statement.text[:80] for statement in heard]


@pytest.mark.both_stores
def test_a_worker_is_killed(
    app: Flask, world: World, zon: KnownTenant, console: Browser, post: Post, clock: MovingClock
) -> None:
    """In the middle of a batch: nothing of it is left, and the next worker does it half a minute later."""
    confirmed(console, GOOD)

    def dies(errand: PeopleToInvite) -> None:
        product.carry_out(errand)
        raise Killed

    with app.app_context(), pytest.raises(Killed):
        deliver.deliver_due(DirectorySink(post.directory), {**worker.FINDERS, PeopleToInvite: dies}, threading.Event())
    assert newcomers(world, zon) == []
    clock.advance(seconds=29)
    assert post.deliver() == []
    clock.advance(seconds=2)
    assert len(post.deliver()) == len(newcomers(world, zon)) == 2


@pytest.mark.both_stores
def test_two_workers_have_one_batch(app: Flask, world: World, zon: KnownTenant, console: Browser) -> None:
    """Two carry out one errand at the same moment, a third one later, as after a worker's death: one does, once."""
    import_id = confirmed(console, people(120))

    def work() -> None:
        product.carry_out(PeopleToInvite(import_id=str(import_id)))

    assert at_once(app, work, work) == [None, None]
    at_once(app, work)
    assert len(newcomers(world, zon)) == BATCH
    with world.unit_of_work() as session:
        kinds = dict(session.execute(sa.select(Queued.kind, sa.func.count()).group_by(Queued.kind)).all())
    assert (kinds["person_invited"], kinds["people_to_invite"]) == (BATCH, 2)


@pytest.mark.both_stores
def test_the_same_people_twice_at_the_same_moment(app: Flask, world: World, zon: KnownTenant, console: Browser) -> None:
    """One file in two tabs, one of them in another order: each username is somebody's once, and the rest is told."""
    lines = people(40).splitlines()
    both = [confirmed(console, "\n".join([lines[0], *some])) for some in (lines[1:], lines[:0:-1])]

    def work(import_id: uuid.UUID) -> Callable[[], None]:
        return lambda: product.carry_out(PeopleToInvite(import_id=str(import_id)))

    assert at_once(app, *(work(import_id) for import_id in both)) == [None, None]
    assert len(newcomers(world, zon)) == 40
    with world.unit_of_work() as session:
        rows = session.scalars(sa.select(PeopleImport)).all()
        assert sum(row.invited for row in rows) == sum(len(row.left_out) for row in rows) == 40


@pytest.mark.postgres_valkey
def test_nobody_waits_in_a_circle(app: Flask, world: World, zon: KnownTenant, console: Browser) -> None:
    """The same people in opposite order, both held up in the middle: one waits for the other, and both come to their end."""
    lines = people(40).splitlines()
    both = [confirmed(console, "\n".join([lines[0], *some])) for some in (lines[1:], lines[:0:-1])]
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with app.app_context():
        engine = db.engine
    with engine.connect() as holds, engine.connect() as looks, ThreadPoolExecutor(2) as threads:
        holds.execute(sa.insert(User), somebody(zon, "p20@x.example"))
        running = [threads.submit(carry, app, import_id) for import_id in both]
        while looks.scalar(waiting) != len(running):
            looks.rollback()
            assert not any(one.done() for one in running)
        holds.rollback()
        assert [one.result() for one in running] == [None, None]
    assert len(newcomers(world, zon)) == 40


def somebody(tenant: KnownTenant, username: str) -> dict[str, object]:
    """The columns of a user who is about to be made."""
    return {
        "tenant_id": tenant.id,
        "username": username,
        "username_key": username,
        "name": "S",
        "email": "s@x.example",
        "type": UserType.EMPLOYEE,
    }


def at_once(app: Flask, *acts: Callable[[], None]) -> list[None]:
    """Each in a worker of its own, begun together. Commits."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        with app.app_context():
            ready.wait(timeout=300)
            act()
            db.session.commit()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_a_name_that_was_taken_in_between(world: World, zon: KnownTenant, console: Browser, post: Post) -> None:
    """The others come in; the one is told with its line, and is there as a file to choose again with another name."""
    confirmed(console, GOOD)
    page = console.page.address
    world.user("nora", world.tenant("fietsen-bv"))
    assert [mail.to for mail in post.deliver()] == ["otto@x.example"]
    assert [user.username for user in newcomers(world, zon)] == ["otto@x.example"]
    console.get(page)
    assert "1 of 2 people invited" in console.text
    assert "some lines were left out" in console.text
    assert told(console, "[aria-labelledby=left-out] li") == ["Line 2: The username nora is taken. Choose another one."]
    file = console.http.get(console.page.links["Download who is not invited (CSV)"])
    assert file.headers["content-disposition"] == 'attachment; filename="not-invited-de-zon.csv"'
    assert file.content.decode() == (
        "\ufeffname;email;username;type;locale\r\nNora Baas;nora@x.example;nora;administrator;en\r\n"
    )
    confirmed(console, file.content.decode().replace(";nora;", ";nora-baas;"))
    assert [mail.to for mail in post.deliver()] == ["nora@x.example"]


def test_nobody_is_left(console: Browser, post: Post) -> None:
    """The same file once more, kept before the first was carried out: everybody is told, and nobody is mailed again."""
    again = upload(console, GOOD).page.address
    confirmed(console, GOOD)
    assert len(post.deliver()) == 2
    console.get(again).submit("Invite them all")
    assert post.deliver() == []
    assert console.get(again).alert == "Nobody was invited."
    assert len(told(console, "[aria-labelledby=left-out] li")) == 2


def test_a_file_of_ours_is_read_as_it_was_meant(console: Browser, world: World, zon: KnownTenant, post: Post) -> None:
    """The apostrophe that keeps a spreadsheet from calculating is no part of a name."""
    upload(console, "name;email;username\n'=Nora;n@x.example;'+31\n'Otto;o@x.example;'otto\n").submit("Invite them all")
    post.deliver()
    assert [(user.name, user.username) for user in newcomers(world, zon)] == [("'Otto", "'otto"), ("=Nora", "+31")]


def test_stopped_and_let_go_on(app: Flask, world: World, zon: KnownTenant, console: Browser) -> None:
    """Whoever is invited stays so, nobody else is; the others are a file, and come in when somebody says so."""
    import_id = confirmed(console, people(100))
    page, stop = console.page.address, console.filled_form("Stop inviting")
    carry(app, import_id)
    for _ in range(2):
        assert "This was stopped. Whoever is invited stays invited" in console.send(stop).text
    assert "50 of 100 people invited" in console.text
    assert not console.page.soup.select("meta[http-equiv=refresh], [data-look-again]")
    assert len(console.http.get(console.page.links["Download who is not invited (CSV)"]).text.splitlines()) == 51
    go_on = console.filled_form("Invite the others")
    carry(app, import_id)
    assert len(newcomers(world, zon)) == 50
    for _ in range(2):
        console.send(go_on)
        assert "This was stopped" not in console.text
    carry(app, import_id)
    assert len(newcomers(world, zon)) == 100
    assert "All of them are invited" in console.get(page).text
    assert console.send(stop).status == 200
    assert "All of them are invited" in console.text
    with world.unit_of_work() as session:
        kind = AuditEvent.kind.like("tenant.people_import%")
        events = session.execute(
            sa.select(AuditEvent.kind, AuditEvent.detail).where(kind).order_by(AuditEvent.id)
        ).all()
    assert [(kind.removeprefix("tenant.people_import_"), detail) for kind, detail in events] == [
        ("confirmed", {"people": 100}),
        ("stopped", {"why": "asked"}),
        ("confirmed", {"people": 50}),
    ]


@pytest.mark.parametrize(
    ("model", "change", "words"),
    [
        pytest.param(Tenant, "disabled_at", "because your company was switched off", id="the company is disabled"),
        pytest.param(User, "disabled_at", "is no administrator any more", id="the administrator's employment ends"),
        pytest.param(User, "type", "is no administrator any more", id="the administrator is none any more"),
    ],
)
def test_nobody_stands_behind_it_any_more(
    app: Flask,
    world: World,
    zon: KnownTenant,
    bert: KnownUser,
    console: Browser,
    new_browser: NewBrowser,
    model: type[Tenant | User],
    change: str,
    words: str,
) -> None:
    """It stops, as people who were made are not unmade so easily; another administrator can let it go on."""
    import_id = confirmed(console, people(100))
    page = console.path
    carry(app, import_id)
    row_id = zon.id if model is Tenant else bert.id
    world.change(model, row_id, **{change: UserType.EMPLOYEE if change == "type" else product_clock.now()})
    carry(app, import_id)
    assert len(newcomers(world, zon)) == BATCH
    if model is Tenant:
        world.change(Tenant, zon.id, disabled_at=None)
    other = open_page(new_browser(), page, world.user("dora", zon, type="administrator", totp=True))
    assert words in other.text
    other.submit("Invite the others")
    carry(app, import_id)
    assert len(newcomers(world, zon)) == 100
    assert "by Dora" in other.get(IMPORT).text


def test_it_stands_still(console: Browser, clock: MovingClock) -> None:
    """No worker for five minutes: the page says since when, and no longer looks by itself."""
    confirmed(console, GOOD)
    page = console.page.address
    clock.advance(minutes=5)
    assert "Nothing has moved" not in console.get(page).text
    clock.advance(seconds=1)
    assert "Nothing has moved since" in console.get(page).text
    assert not console.page.soup.select("meta[http-equiv=refresh], [data-look-again]")
    assert "Stands still" in console.get("/console/users").text


def test_another_companys_import_cannot_be_stopped(
    world: World, console: Browser, new_browser: NewBrowser, post: Post
) -> None:
    """E1: neither its buttons nor its file."""
    confirmed(console, GOOD)
    path = console.path
    frits = world.user("frits", world.tenant("fietsen-bv"), type="administrator", totp=True)
    other = open_page(new_browser(), IMPORT, frits)
    assert other.get(f"{path}/not-invited.csv").status == 404
    token = str(other.get(IMPORT).page.one("input[name=csrf_token]")["value"])
    for act in ("stop", "go-on"):
        assert other.post(f"{path}/{act}", {"csrf_token": token}).status == 404
    assert len(post.deliver()) == 2
