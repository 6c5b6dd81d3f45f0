"""A company's face: chosen in the console, worn by its pages and mails, and never a hint at who exists."""

from __future__ import annotations

import gzip
import re
from io import BytesIO

import pytest
from PIL import Image

from idp.audit.models import AuditEvent
from idp.tenancy.branding import logos
from idp.tenancy.models import Tenant, TenantLogo
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

BRANDING = "/console/branding"
PINK = "#d6336c"


def logo(colour: str = PINK) -> bytes:
    written = BytesIO()
    Image.new("RGB", (200, 80), colour).save(written, "JPEG")
    return written.getvalue()


def save(console: Browser, *files: tuple[str, bytes], **values: str) -> Browser:
    """Fill in the form as it stands and send it with these files."""
    form = next(form for form in console.get(BRANDING).page.forms if "shown_name" in form.names)
    for name, value in values.items():
        form.fill(name, value)
    sent = [("logo", (name, content, "image/png")) for name, content in files or [("", b"")]]
    answer = console.http.post(BRANDING, data=dict(form.values), files=sent, follow_redirects=False)
    return console._arrive(answer)


@pytest.fixture
def console(new_browser: NewBrowser, bert: KnownUser) -> Browser:
    return open_page(new_browser(ELSEWHERE), BRANDING, bert)


@pytest.fixture
def dressed(console: Browser) -> Browser:
    """The console of a company that has chosen everything."""
    return save(console, ("logo.jpg", logo()), shown_name="De Zon", own_colour="on", colour=PINK)


def face(browser: Browser) -> tuple[str, str, str]:
    """The words and the logo at the top of the page, and its stylesheet without the version."""
    bar, image = browser.page.one("header .wordmark"), browser.page.soup.select_one("header .wordmark img")
    sheet = str(browser.page.one("link[rel=stylesheet]")["href"]).partition("?")[0]
    return " ".join(bar.get_text(" ").split()), str(image["alt"]) if image else "", sheet


OURS = ("Informer", "", "/static/informer.css")
THEIRS = ("with Informer", "De Zon", "/brand/d6336c.css")


@pytest.mark.both_stores
def test_from_the_form_to_every_page(
    world: World, console: Browser, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """The logo, the name and the colour are kept, shown in the console and on the user page, and recorded without values."""
    assert face(console) == OURS
    save(console, ("logo.jpg", logo()), shown_name=" De  Zon ", own_colour="on", colour=PINK, locale="en")
    assert "Saved. Your pages and mails look like this" in console.text
    assert face(console) == THEIRS
    anna = world.user("anna", zon)
    page = open_page(new_browser(), "/account/", anna)
    assert face(page) == THEIRS
    assert "Anna · De Zon" in page.text
    with world.unit_of_work() as session:
        event = session.query(AuditEvent).filter_by(kind="tenant.changed").one()
        assert (event.actor_id, event.detail) == (bert.id, {"fields": ["name", "colour", "logo"]})


def test_saving_it_again_changes_nothing(world: World, dressed: Browser) -> None:
    """What is there already is no change, and no event; the logo stays without being chosen again."""
    save(dressed)
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="tenant.changed").count() == 1
        assert session.query(TenantLogo).count() == 1
    assert face(dressed) == THEIRS


def test_it_can_be_taken_back(world: World, dressed: Browser, zon: KnownTenant) -> None:
    """Without a logo, a name and a colour it is Informer's own look again, and the old picture is gone."""
    picture = str(dressed.page.one("header img")["src"])
    form = next(form for form in dressed.page.forms if "shown_name" in form.names)
    form.clear("own_colour")
    form.fill("shown_name", "")
    form.fill("remove_logo", "on")
    form.clear("logo")
    dressed._arrive(dressed.http.post(BRANDING, data=dict(form.values), files={"logo": ("", b"")}))
    assert face(dressed.get(BRANDING)) == OURS
    assert dressed.http.get(picture).status_code == 404
    with world.unit_of_work() as session:
        row = session.get(Tenant, zon.id)
        assert row.branding is None


def test_another_logo_takes_its_place(world: World, dressed: Browser) -> None:
    """A company has one picture."""
    before = str(dressed.page.one("header img")["src"])
    save(dressed, ("new.jpg", logo("#1971c2")))
    assert str(dressed.page.one("header img")["src"]) != before
    with world.unit_of_work() as session:
        assert session.query(TenantLogo).count() == 1


def test_each_can_be_chosen_by_itself(console: Browser) -> None:
    """What is not chosen stays Informer's; a picture without a name has the company's for whoever does not see it."""
    assert face(save(console, own_colour="on", colour=PINK)) == ("Informer", "", "/brand/d6336c.css")
    assert face(save(console, own_colour="", shown_name="Zon")) == ("Zon with Informer", "", "/static/informer.css")
    assert face(save(console, ("logo.png", logo()), own_colour="", shown_name=""))[1] == "De Zon"


# How a colour will look


def test_any_colour_is_kept_as_it_was_typed(console: Browser, world: World, zon: KnownTenant) -> None:
    """Navy and yellow, which half of all firms have; each theme has a shade of it that is seen (WCAG 2.2 SC 1.4.11)."""
    save(console, own_colour="on", colour="#001a4d")
    assert console.page.one("input[name=colour]")["value"] == "#001a4d"
    with world.unit_of_work() as session:
        row = session.get(Tenant, zon.id)
        assert row.branding == {"colour": "#001a4d"}
    light, dark = shades(console.http.get(str(console.page.one("link[rel=stylesheet]")["href"])).text)
    assert (light, dark) == (("#001a4d", "#ffffff"), ("#4567a1", "#ffffff"))


def shades(stylesheet: str) -> list[tuple[str, str]]:
    """The button and its words in each theme, in the order of the stylesheet."""
    return re.findall(r"--brand: (#\w+);\s*--on-brand: (#\w+);", stylesheet)


def test_how_it_will_look_is_shown_before_it_is_saved(world: World, console: Browser, zon: KnownTenant) -> None:
    """Both themes, with the figures in words; the form stays as it was filled in, and nothing is kept."""
    form = next(form for form in console.page.forms if "shown_name" in form.names)
    for name, value in {"shown_name": "Zon", "own_colour": "on", "colour": "#FFD400"}.items():
        form.fill(name, value)
    console._arrive(console.http.post(f"{BRANDING}/look", data=dict(form.values), files={"logo": ("l.png", logo())}))
    light, dark = (" ".join(sight.get_text(" ").split()) for sight in console.page.soup.select("#sights > div"))
    assert "Too light here: its contrast with the page would be 1.2 to 1" in light
    assert "A little darker it is seen: #a78a00. Contrast: the button 3 to 1, its letters 6.2 to 1" in light
    assert "Exactly your colour: #ffd400. Contrast: the button 11.8 to 1" in dark
    assert console.page.one("input[name=shown_name]")["value"] == "Zon"
    assert "Nothing is saved yet." in console.text
    with world.unit_of_work() as session:
        row = session.get(Tenant, zon.id)
        assert row.branding is None


# What is refused


FAULTY = [
    ({"own_colour": "on", "colour": "red; }"}, "That is no colour"),
    ({"shown_name": "x" * 61}, "The name is too long"),
    ({"shown_name": "De \u202eZon"}, "signs in it that cannot be seen"),
    ({"shown_name": "De\0Zon"}, "signs in it that cannot be seen"),
    ({"locale": "fr"}, "Choose Dutch or English"),
    ({"locale": ""}, "Choose Dutch or English"),
]


def test_what_is_filled_in_wrongly(console: Browser) -> None:
    """Nothing is saved, also not what was right; the rest stays as it was typed."""
    for values, why in FAULTY:
        save(console, ("logo.png", logo()), **{"shown_name": "Typed already", **values})
        assert why in str(console.alert)
        assert console.page.title.startswith("Error: ")
        if "shown_name" not in values:
            assert console.page.one("input[name=shown_name]")["value"] == "Typed already"
        assert face(console) == OURS


FILES = [
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "An SVG is not taken"),
    (b"\xff\xfe no picture", "no picture that we can read"),
    (b"\0" * (logos.MOST_BYTES + 1), "at most 512 kB"),
]


def test_a_file_that_is_not_taken(console: Browser) -> None:
    """The page says what to do instead; one of many megabytes is refused before anything reads it."""
    for content, why in FILES:
        assert why in str(save(console, ("logo.png", content)).alert)
        assert face(console) == OURS
    token = str(console.page.one("input[name=csrf_token]")["value"])
    answer = console.http.post(BRANDING, data={"csrf_token": token}, files={"logo": b"x" * 2_000_000})
    assert answer.status_code == 413


def test_two_logos_are_none(console: Browser) -> None:
    """Which was meant cannot be told."""
    save(console, ("a.png", logo()), ("b.png", logo()), shown_name="De Zon")
    assert face(console) == ("De Zon with Informer", "", "/static/informer.css")


def test_others_cannot(world: World, new_browser: NewBrowser, console: Browser, zon: KnownTenant) -> None:
    """R53: neither an employee nor an administrator of another company reaches or changes it."""
    anna = open_page(new_browser(), "/account/", world.user("anna", zon, totp=True))
    assert anna.get(BRANDING).status == 403
    token = str(console.page.one("input[name=csrf_token]")["value"])
    assert anna.http.post(BRANDING, data={"csrf_token": token, "shown_name": "Mine"}).status_code == 400
    other = world.user("carla", world.tenant("fietsen-bv"), type="administrator", totp=True)
    save(open_page(new_browser(), BRANDING, other), shown_name="Fietsen")
    assert face(console.get(BRANDING)) == OURS


def test_input_is_not_lost(console: Browser, bert: KnownUser, clock: MovingClock) -> None:
    """Save after 15 minutes asks the proof, then shows the form as it was filled in; nothing is saved until Save."""
    form = next(form for form in console.page.forms if "shown_name" in form.names)
    form.fill("shown_name", "De Zon")
    clock.advance(minutes=16)
    console._arrive(console.http.post(BRANDING, data=dict(form.values), files={"logo": ("l.png", logo())}))
    console.login(bert)
    assert console.page.one("input[name=shown_name]")["value"] == "De Zon"
    assert "a logo has to be chosen again" in console.text
    assert face(console) == OURS


# What tells who exists


def test_no_page_tells_whether_there_is_such_a_user(
    world: World, dressed: Browser, new_browser: NewBrowser, zon: KnownTenant
) -> None:
    """R30, R52: until the password is right a name that exists and one that does not see the same, byte for byte."""
    anna = world.user("anna", zon)

    def answer(name: str) -> str:
        browser = new_browser().get("/account/")
        browser.fill(username=name, password="wrong").submit()
        assert face(browser) == OURS
        handle = browser.path.split("/")[2]
        token = str(browser.page.one("input[name=csrf_token]")["value"])
        return browser.page.html.replace(handle, "").replace(token, "").replace(name, "").partition("data-options")[0]

    assert answer(anna.username) == answer("nobody")
    right = new_browser().get("/account/").login(anna, until="security_code")
    assert face(right) == THEIRS
    assert face(new_browser().get("/forgot-password").fill(username="anna").submit()) == OURS


def test_an_application_of_everybody_is_informers(dressed: Browser, new_browser: NewBrowser, rp: RelyingParty) -> None:
    """Before the password nobody knows whose employee comes."""
    assert face(new_browser().get(rp.authorize_url())) == OURS


def test_the_companys_own_application_shows_it_at_once(
    world: World, dressed: Browser, new_browser: NewBrowser, zon: KnownTenant, rp: RelyingParty, new_rp: object
) -> None:
    """So does a request that names the company; one that names none that there is looks like Informer's."""
    own = new_rp(world.client("planner", tenant=zon))  # type: ignore[operator]
    assert face(new_browser().get(own.authorize_url())) == THEIRS
    assert face(new_browser().get(rp.authorize_url(tenant=zon.slug))) == THEIRS
    assert face(new_browser().get(rp.authorize_url(tenant="no-such-company"))) == OURS


def test_an_accountant_sees_the_company_they_work_for(
    world: World, dressed: Browser, new_browser: NewBrowser, zon: KnownTenant
) -> None:
    """The face follows the work, and goes with it."""
    eva = world.user("eva", world.tenant("kantoor", security_code=False), type="accountant", works_for=[zon])
    browser = new_browser().get("/account/").login(eva, tenant=zon)
    assert browser.steps[:2] == ["password", "choose_tenant"]
    assert face(browser) == THEIRS


# What it is made of


def test_the_stylesheet_has_the_colour_in_it(dressed: Browser) -> None:
    """One address for a page's whole look: ours with three properties more in each theme; kept by browsers, compressed on the way."""
    address = str(dressed.page.one("link[rel=stylesheet]")["href"])
    answer = dressed.http.get(address)
    assert f"--brand: {PINK};" in answer.text
    assert "--on-brand: #ffffff;" in answer.text
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-encoding"] == "gzip"
    again = dressed.http.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = dressed.http.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(gzip.compress(plain.content)) < len(plain.content) / 2


def test_no_other_stylesheet(browser: Browser) -> None:
    """What is no colour is not found."""
    for colour in ("red", "d6336c;", "..%2Finformer", "D6336"):
        assert browser.http.get(f"/brand/{colour}.css").status_code == 404
    assert browser.http.get("/brand/%00.css").status_code == 400


def test_the_logo_is_a_picture_and_nothing_else(dressed: Browser, new_browser: NewBrowser) -> None:
    """For everybody who has the address, as mails need it: from our origin, kept by browsers, never taken for a page."""
    address = str(dressed.page.one("header img")["src"])
    answer = new_browser().http.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert Image.open(BytesIO(answer.content)).size == (200, 80)


def test_no_other_logo(browser: Browser) -> None:
    """An address that is not quite one shows nothing."""
    for digest in ("", "0" * 32, "x" * 500, "%F0%9F%A5%90"):
        assert browser.http.get(f"/brand/{digest}.png").status_code == 404


def test_mails_wear_it(world: World, dressed: Browser, zon: KnownTenant, new_browser: NewBrowser, post: Post) -> None:
    """The logo by its address at our issuer, with words in its place; the colour as a line. The text part needs neither."""
    anna = world.user("anna", zon)
    new_browser().get("/forgot-password").fill(username=anna.username).submit()
    mail = next(mail for mail in post.deliver() if mail.to == anna.email)
    picture = str(dressed.page.one("header img")["src"])
    assert f'src="{dressed.issuer}{picture}"' in mail.html
    assert 'alt="De Zon"' in mail.html
    assert PINK in mail.html
    assert picture not in mail.text
    frits = world.user("frits", world.tenant("fietsen-bv"))
    new_browser().get("/forgot-password").fill(username=frits.username).submit()
    assert "<img" not in next(mail for mail in post.deliver() if mail.to == frits.email).html


def test_a_name_is_text_wherever_it_stands(
    world: World, console: Browser, zon: KnownTenant, new_browser: NewBrowser, post: Post
) -> None:
    """R54, R56: what a company calls itself is never markup and never a template."""
    save(console, shown_name="<b>{{ 7 * 7 }}</b>")
    assert "<b>{{ 7 * 7 }}</b> with Informer" in face(console)[0]
    assert not console.page.soup.select("header b")
    anna = world.user("anna", zon)
    new_browser().get("/forgot-password").fill(username=anna.username).submit()
    assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;" in post.deliver()[-1].html
