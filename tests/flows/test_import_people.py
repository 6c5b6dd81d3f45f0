"""Many people from a CSV file: all faults at once, looked at first, then they are invited."""

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts import names_asked
from idp.accounts.bulk_invite import csv_file
from idp.accounts.bulk_invite.batches import BATCH
from idp.accounts.bulk_invite.models import PeopleImport
from idp.audit.models import AuditEvent
from idp.platform.extensions import db
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.imports import GOOD, IMPORT, carry, newcomers, told, upload
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def console(new_browser: NewBrowser, bert: KnownUser) -> Browser:
    return open_page(new_browser(ELSEWHERE), IMPORT, bert)


@pytest.mark.both_stores
def test_from_the_file_to_the_mails(world: World, zon: KnownTenant, console: Browser, post: Post) -> None:
    """Looking makes nobody; confirming lets a worker make them all; each gets a link of their own."""
    upload(console, GOOD)
    assert "In the file: 2" in console.text
    assert "nora@x.example" in console.text
    assert newcomers(world, zon) == []
    page = console.page.address
    console.submit("Invite them all")
    assert "0 of 2 people invited" in console.text
    assert newcomers(world, zon) == []
    mails = post.deliver()
    assert {mail.to for mail in mails} == {"nora@x.example", "otto@x.example"}
    assert len({mail.link for mail in mails}) == 2
    assert "All of them are invited" in console.get(page).text
    nora, otto = newcomers(world, zon)
    assert (nora.name, nora.type.value, nora.locale, nora.password_hash) == ("Nora Baas", "administrator", "en", None)
    assert (otto.username, otto.type.value, otto.locale) == ("otto@x.example", "employee", None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeffNaam,E-mailadres\r\nNora,nora@x.example\r\n", id="BOM, commas, Dutch, CRLF"),
        pytest.param("EMAIL\tname\nnora@x.example\tNora", id="tabs, another order, no end of line"),
        pytest.param('name;email\n\n"Nora";"nora@x.example"\n;\n\n', id="quotes, empty lines"),
        pytest.param('"name";"email"\n"No;ra";nora@x.example\n', id="a separator in quotes"),
    ],
)
def test_files_as_spreadsheets_write_them(app: Flask, content: str) -> None:
    """RFC 4180, and what is made of it here."""
    with app.test_request_context():
        roll = csv_file.read(content.encode())
    assert (roll.faults, [n.new.email for n in roll.newcomers]) == ((), ["nora@x.example"])


FAULTY = [
    (b"name;email\nZo\xeb;z@x.example\n", ["The file is not UTF-8. In your spreadsheet, save it as “CSV UTF-8”."]),
    ("name;email\n".encode("utf-16"), ["The file is not UTF-8. In your spreadsheet, save it as “CSV UTF-8”."]),
    (b"", ["The file is empty."]),
    (b"\n\n;\n", ["The file is empty."]),
    (b"name;email\n", ["There is nobody in the file below the headers."]),
    (b"name\nNora\n", ["Line 1: The header email is missing."]),
    (
        b"name;name;password\nNora;x;y\n",
        [
            "Line 1: We do not know the header “password”. There may be: name, email, username, type, locale.",
            "Line 1: The header name is there twice.",
            "Line 1: The header email is missing.",
        ],
    ),
    (
        b"name;email;type;username\n;nora;boss;\nOtto;o@x.example;;bert\nOtto;p@x.example;;OTTO\nO;q@x.example;;otto\nA;b@x.example;;;;;\n",
        [
            "Line 2: Give the name, in at most 200 characters.",
            "Line 2: Give one e-mail address, such as anna@company.example.",
            "Line 2: The type is employee, administrator or accountant.",
            "Line 5: This username stands on line 4 already.",
            "Line 6: There are more columns than headers.",
        ],
    ),
    (
        b'name;email\nNora;n@x.example\n"Otto;o@x.example\n',
        ["Line 3: This line cannot be read: a quotation mark is missing, or too many."],
    ),
    (b"name;email\nNora;n@x.example\x00\n", ["Line 2: Give one e-mail address, such as anna@company.example."]),
    (b"name;email;username\nNora;n@x.example;Bert\n", ["Line 2: The username Bert is taken. Choose another one."]),
]


@pytest.mark.parametrize(("content", "sentences"), FAULTY, ids=[str(n) for n in range(len(FAULTY))])
def test_all_faults_are_told_and_nothing_is_kept(
    world: World, zon: KnownTenant, console: Browser, content: bytes, sentences: list[str]
) -> None:
    """Each with its line; the next try begins on the same page."""
    upload(console, content)
    assert told(console) == sentences
    assert (console.status, console.path) == (200, IMPORT)
    with world.unit_of_work() as session:
        assert session.query(PeopleImport).count() == 0
    assert newcomers(world, zon) == []


def test_another_companys_username_is_taken(world: World, console: Browser) -> None:
    """Usernames are unique over the whole installation; nothing else is told."""
    world.user("frits", world.tenant("fietsen-bv"))
    upload(console, "name;email;username\nF;f@x.example;FRITS\n")
    assert told(console) == ["Line 2: The username FRITS is taken. Choose another one."]


def test_so_many_faults(console: Browser) -> None:
    """The first hundred, and how many more there are."""
    upload(console, "name;email\n" + ";x\n" * 300)
    assert len(told(console)) == 101
    assert told(console)[-1] == "and 500 more"


@pytest.mark.parametrize("names", [("",), ("a.csv", "b.csv")], ids=["no name", "two"])
def test_one_file_is_chosen(console: Browser, names: tuple[str, ...]) -> None:
    """No file and two files are none."""
    assert told(upload(console, GOOD, *names)) == ["Choose a file."]


def test_no_file_at_all(console: Browser) -> None:
    """An ordinary form without a file is answered in words."""
    token = str(console.page.one("input[name=csrf_token]")["value"])
    assert told(console.post(IMPORT, {"csrf_token": token, "file": "x"})) == ["Choose a file."]


def test_a_file_that_is_too_large(console: Browser) -> None:
    """A megabyte; and only this form takes one."""
    upload(console, b"x" * 1024 * 1024)
    assert console.status == 413
    token = str(console.get(IMPORT).page.one("input[name=csrf_token]")["value"])
    answer = console.http.post("/console/settings", data={"csrf_token": token}, files={"file": b"x" * 300 * 1024})
    assert answer.status_code == 413
    assert console.http.post("/console/settings", files={"file": b"\xff"}).status_code == 400


def test_too_many_people(app: Flask) -> None:
    """5,000 are taken, one more is not."""
    with app.test_request_context():
        for number, taken in ((5_000, True), (5_001, False)):
            roll = csv_file.read(("name;email\n" + "".join(f"N;n{n}@x.example\n" for n in range(number))).encode())
            assert bool(roll.newcomers) is taken


@pytest.mark.both_stores
def test_names_are_asked_after_so_often_a_day(
    world: World, zon: KnownTenant, console: Browser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """R88: files that say whose name is taken are counted by company, one by one invitations as well; it grows again."""
    world.user("frits", world.tenant("fietsen-bv"))
    content = "name;email;username\nF;f@x.example;frits\n" + "".join(f"N;n{n}@x.example;\n" for n in range(4_998))
    with_cache_lost = new_browser(ELSEWHERE)
    for _ in range(names_asked.OF_A_COMPANY // 4_999):
        upload(console, content)
        assert told(console) == ["Line 2: The username frits is taken. Choose another one."]
    upload(console, content)
    [sentence] = told(console)
    assert sentence.startswith("Too many people were entered for your company today. Wait ")
    colleague = open_page(with_cache_lost, IMPORT, world.user("sanne", zon, type="administrator", totp=True))
    assert told(upload(colleague, content)) == [sentence]
    few = names_asked.OF_A_COMPANY % 4_999
    for n in range(few + 1):
        console.get("/console/users/invite").fill(name="F", email="f@x.example", username="frits").submit("Invite")
        assert ("Too many people" if n == few else "frits is taken") in (console.alert or "")
    other = world.user("otto", world.tenant("bakker"), type="administrator", totp=True)
    elsewhere = open_page(new_browser(ELSEWHERE), IMPORT, other)
    assert "frits is taken" in told(upload(elsewhere, content))[0]
    clock.advance(hours=12)
    assert "frits is taken" in told(upload(open_page(new_browser(ELSEWHERE), IMPORT, other), content))[0]


@pytest.mark.slow
@pytest.mark.both_stores
def test_five_thousand_people(world: World, app: Flask, zon: KnownTenant, console: Browser) -> None:
    """Looking, confirming and inviting them all; that a request waits for nobody's invitation says the batch."""
    content = "name;email\n" + "".join(f"Person {n};person-{n}@company.example\n" for n in range(5_000))
    upload(console, content)
    console.submit("Invite them all")
    assert newcomers(world, zon) == []
    carry_all(app)
    assert len(newcomers(world, zon)) == 5_000


def carry_all(app: Flask) -> None:
    """What workers do with the only import, without the mails that follow."""
    with app.app_context():
        import_id = db.session.scalars(sa.select(PeopleImport.id)).one()
    for _ in range(5_000 // BATCH):
        carry(app, import_id)


def test_confirmed_twice(world: World, zon: KnownTenant, console: Browser, post: Post) -> None:
    """Pressed twice: everybody is invited once."""
    upload(console, GOOD)
    form = console.filled_form("Invite them all")
    for _ in range(2):
        assert "0 of 2 people invited" in console.send(form).text
    assert len(post.deliver()) == 2
    assert "All of them are invited" in console.send(form).text
    assert len(newcomers(world, zon)) == 2
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="tenant.people_import_confirmed").count() == 1


def test_not_after_all(world: World, console: Browser, post: Post) -> None:
    """Discarded: gone, and its page is unknown; confirmed: it cannot be discarded any more."""
    upload(console, GOOD)
    page, confirm = console.page.address, console.filled_form("Invite them all")
    discard = console.filled_form("Not after all")
    console.submit("Not after all")
    assert console.path == IMPORT
    assert console.get(page).status == 404
    assert console.send(confirm).status == 404
    upload(console, GOOD)
    discard = console.filled_form("Not after all")
    console.submit("Invite them all")
    assert console.send(discard).status == 409
    assert len(post.deliver()) == 2


def test_another_companys_import_looks_like_none(
    world: World, console: Browser, new_browser: NewBrowser, post: Post
) -> None:
    """E1: neither its page nor its buttons; and the list of files has only one's own."""
    upload(console, GOOD)
    page, form = console.page.address, console.filled_form("Invite them all")
    frits = world.user("frits", world.tenant("fietsen-bv"), type="administrator", totp=True)
    other = open_page(new_browser(), IMPORT, frits)
    assert "Files of before" not in other.text
    form.fill("csrf_token", str(other.page.one("input[name=csrf_token]")["value"]))
    assert other.get(page).status == 404
    other.get(IMPORT)
    assert other.send(form).status == 404
    assert [mail for mail in post.deliver() if mail.to.endswith("@x.example")] == []
    assert "Not confirmed" in console.get(IMPORT).text


def test_others_import_nobody(world: World, zon: KnownTenant, console: Browser, new_browser: NewBrowser) -> None:
    """R53: an employee who sends the form by hand is refused."""
    anna = world.user("anna", zon)
    browser = open_page(new_browser(), "/account/security", anna)
    token = str(browser.page.one("input[name=csrf_token]")["value"])
    answer = browser.http.post(IMPORT, data={"csrf_token": token}, files={"file": ("a.csv", GOOD.encode())})
    assert answer.status_code == 403


def test_nobody_can_read_who_waits(world: World, console: Browser, post: Post, clock: MovingClock) -> None:
    """Names and addresses lie sealed, and are gone once they are users; what nobody confirmed goes after a day."""
    upload(console, GOOD)
    with world.unit_of_work() as session:
        kept = session.scalar(sa.select(PeopleImport.people_sealed))
    assert "nora" not in str(kept)
    console.submit("Invite them all")
    post.deliver()
    with world.unit_of_work() as session:
        assert session.scalars(sa.select(PeopleImport.people_sealed)).all() == [None]
