"""Which language a page and a mail speak: ui_locales, then the person, then the company, then the browser."""

from __future__ import annotations

import pytest

from idp.audit.models import AuditEvent
from tests.support.browser import Browser, NewBrowser
from tests.support.mail import Post
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import World


def spoken(browser: Browser) -> str:
    """What the page says it speaks, and does: the words that everybody jumps over say the same."""
    language = str(browser.page.one("html")["lang"])
    assert browser.page.one("a.skip").get_text() == {"en": "Skip to the content", "nl": "Naar de inhoud"}[language]
    return language


ORDER = [
    pytest.param("en", "nl", "nl", "nl", "en", id="the request first"),
    pytest.param("fr nl-BE", "en", "en", "en", "nl", id="the first of the request that we speak"),
    pytest.param(None, "en", "nl", "nl", "en", id="then the person"),
    pytest.param(None, None, "en", "nl", "en", id="then the company"),
    pytest.param("fr", "nl", "en", "en", "nl", id="a request that we do not speak counts for nothing"),
]


@pytest.mark.parametrize(("ui_locales", "person", "company", "accepts", "language"), ORDER)
def test_the_order(
    world: World,
    new_browser: NewBrowser,
    rp: RelyingParty,
    ui_locales: str | None,
    person: str | None,
    company: str,
    accepts: str,
    language: str,
) -> None:
    """OpenID Connect Core section 3.1.2.1: what the request wishes goes before what we know of the person."""
    anna = world.user("anna", world.tenant(locale=company), locale=person)
    browser = new_browser()
    browser.http.headers["Accept-Language"] = accepts
    browser.get(rp.authorize_url(**({"ui_locales": ui_locales} if ui_locales else {})))
    assert spoken(browser) == (ui_locales or accepts).split()[-1][:2].replace("fr", accepts)
    browser.login(anna, until="security_code")
    assert spoken(browser) == language


def test_the_consent_page_too(world: World, new_browser: NewBrowser, new_rp: object) -> None:
    """The last page of a login speaks as those before it."""
    anna = world.user("anna", world.tenant(locale="en", security_code=False), locale="nl")
    rp = new_rp(world.client("theirs", first_party=False))  # type: ignore[operator]
    browser = new_browser().get(rp.authorize_url()).login(anna, until="consent")
    assert spoken(browser) == "nl"


def test_the_company_that_the_application_names(world: World, new_browser: NewBrowser, rp: RelyingParty) -> None:
    """Before anybody is named its language is a better guess than English, and the browser has the last word."""
    maan = world.tenant("maan", locale="nl")
    assert spoken(new_browser().get(rp.authorize_url(tenant=maan.slug))) == "nl"
    assert spoken(new_browser().get(rp.authorize_url())) == "en"


def test_a_person_chooses(world: World, new_browser: NewBrowser, post: Post) -> None:
    """On the user page: from the next page on, in mails as well; and back to what the company speaks."""
    anna = world.user("anna", world.tenant(locale="en"))
    browser = open_page(new_browser(), "/account/", anna)
    browser.fill(locale="nl").submit("Save")
    assert spoken(browser) == "nl"
    assert "Je taal is opgeslagen" in browser.text
    new_browser().get("/forgot-password").fill(username=anna.username).submit()
    mail = post.deliver()[-1]
    assert (mail.subject, mail.message["Content-Language"]) == ("Kies een nieuw wachtwoord", "nl")
    browser.get("/account/").fill(locale="").submit("Opslaan")
    assert spoken(browser) == "en"
    with world.unit_of_work() as session:
        events = session.query(AuditEvent).filter_by(kind="user.changed", user_id=anna.id).all()
        assert [event.detail for event in events] == [{"fields": ["locale"]}] * 2


def test_the_same_choice_again_is_no_change(world: World, new_browser: NewBrowser) -> None:
    """Nothing is recorded of what did not change."""
    anna = world.user("anna", world.tenant(locale="en"), locale="nl")
    open_page(new_browser(), "/account/", anna).fill(locale="nl").submit("Opslaan")
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="user.changed").count() == 0


def test_no_other_language(world: World, new_browser: NewBrowser) -> None:
    """What nobody here speaks, and a choice that was sent without a token, are refused; twice is none."""
    browser = open_page(new_browser(), "/account/", world.user("anna", world.tenant(), locale="en"))
    token = ("csrf_token", str(browser.page.one("input[name=csrf_token]")["value"]))
    for value in ("fr", "x" * 9000, "nl\r\n", "NL"):
        assert browser.post("/account/language", [token, ("locale", value)]).status == 400
    assert browser.post("/account/language", {"locale": "nl"}).status == 400
    assert spoken(browser.post("/account/language", [token, ("locale", "nl"), ("locale", "nl")])) == "en"


def test_the_company_chooses(world: World, new_browser: NewBrowser) -> None:
    """Its administrator sets what everybody reads who has not chosen."""
    zon = world.tenant(locale="en")
    bert = world.user("bert", zon, type="administrator", totp=True)
    console = open_page(new_browser(), "/console/branding", bert)
    token = str(console.page.one("input[name=csrf_token]")["value"])
    sent = {"csrf_token": token, "locale": "nl"}
    console._arrive(console.http.post("/console/branding", data=sent, files={"logo": ("", b"")}))
    assert spoken(console) == "nl"
    assert spoken(open_page(new_browser(), "/account/", world.user("anna", zon))) == "nl"


MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
}


@pytest.mark.parametrize("locale", MONTHS)
def test_days_are_written_as_they_are_read(world: World, new_browser: NewBrowser, locale: str) -> None:
    """The day before the month, and the month by its name in the reader's language."""
    anna = world.user("anna", world.tenant(security_code=False, locale=locale), totp=True)
    today = anna.now()
    month = MONTHS[locale].split()[today.month - 1]
    assert f"{today.day} {month} {today.year}" in open_page(new_browser(), "/account/security", anna).text
