"""The console's simulator: what `idp explain` says, on a page of one user, for whoever administers them (A7)."""

import json
import uuid
from itertools import product

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp.audit.models import AuditEvent
from idp.cli import main
from idp.login.models import KnownIpGrant
from idp.outbox.models import Queued
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

TWO_FACTOR = "urn:informer:acr:2fa"


def page_of(user: KnownUser) -> str:
    return f"/console/users/{user.id}/simulator"


def simulated(browser: Browser) -> list[tuple[str, bool, str]]:
    """The steps as the page shows them."""
    rows = browser.page.soup.select("[data-foreseen] > li")
    return [(str(row["data-step"]), row.has_attr("data-asked"), row.select("span")[0].get_text()) for row in rows]


def explained(app: Flask, *arguments: str) -> list[tuple[str, bool, str]]:
    """The same of `idp explain`: which and whether of its JSON, the sentence as people read it."""

    def run(*more: str) -> str:
        info = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
        return CliRunner().invoke(main, ("explain", *arguments, *more), obj=info).stdout

    steps = json.loads(run("--json"))["steps"]
    return [(s["step"], s["asked"], said) for s, said in zip(steps, run().splitlines(), strict=False)]


@pytest.fixture
def anna(world: World, zon: KnownTenant, new_browser: NewBrowser) -> KnownUser:
    """She has proved TOTP at home, and is asked for it once every 30 days there."""
    anna = world.user("anna", zon, totp=True, every_30_days=True)
    open_page(new_browser(HOME), "/account/", anna)
    return anna


@pytest.mark.parametrize("acr", [None, TWO_FACTOR])
def test_the_same_as_idp_explain(
    app: Flask,
    world: World,
    zon: KnownTenant,
    bert: KnownUser,
    anna: KnownUser,
    new_browser: NewBrowser,
    acr: str | None,
) -> None:
    """One function: the same steps, asked or not, in the same words, for each address, application and level."""
    world.client("books")
    world.client("theirs", first_party=False, tenant=zon)
    world.client("vault", default_acr_values=[TWO_FACTOR])
    browser = open_page(new_browser(), page_of(anna), bert)
    for address, client in product([HOME, ELSEWHERE, "2001:db8::1"], [None, "books", "theirs", "vault"]):
        browser.fill(address=address, application=client or "", acr=acr or "").submit("See what is asked")
        options = [pair for pair in (("--client", client), ("--acr", acr)) if pair[1]]
        said = explained(app, "anna", "--ip", address, *(word for pair in options for word in pair if word))
        assert simulated(browser) == said
        assert [step for step, *_ in said][:2] == ["password", "security_code"]


def test_at_first_from_where_the_administrator_is(bert: KnownUser, anna: KnownUser, new_browser: NewBrowser) -> None:
    """The link on the user's page leads there; the first answer is for the address that we see the administrator at."""
    browser = open_page(new_browser(ELSEWHERE), f"/console/users/{anna.id}", bert).follow("See what is asked")
    assert browser.page.one("#address")["value"] == ELSEWHERE
    assert {step: asked for step, asked, _ in simulated(browser)}["totp"] is True


def test_somebody_who_left(world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser) -> None:
    """It says that no answer will do."""
    gone = world.user("gone", zon, disabled=True)
    assert "whatever is answered counts as wrong" in open_page(new_browser(), page_of(gone), bert).text


def test_in_the_language_of_the_administrator(
    world: World, zon: KnownTenant, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """The reasons of an application's consent page too."""
    world.client("theirs", first_party=False)
    piet = world.user("piet", zon, type="administrator", totp=True, locale="nl")
    browser = open_page(new_browser(), page_of(anna), piet)
    browser.get(f"{page_of(anna)}?application=theirs")
    assert "Toestemming gevraagd: de gebruiker heeft de applicatie openid profile" in browser.text


def test_looking_changes_nothing(
    world: World, zon: KnownTenant, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """No event, no mail, no use of a grant: also where new addresses are validated by mail."""
    world.policy(zon, block_new_ip=True)
    browser = open_page(new_browser(), f"/console/users/{anna.id}", bert)
    before = everything(world)
    assert "new_ip" in [
        step for step, asked, _ in simulated(browser.get(f"{page_of(anna)}?address={ELSEWHERE}")) if asked
    ]
    browser.get(f"{page_of(anna)}?address={HOME}")
    assert everything(world) == before


def everything(world: World) -> list[object]:
    with world.unit_of_work() as session:
        counts = [session.scalar(sa.select(sa.func.count()).select_from(model)) for model in (AuditEvent, Queued)]
        return [*counts, *session.execute(sa.select(KnownIpGrant.network, KnownIpGrant.last_used_at)).all()]


ODD: list[dict[str, str]] = [
    {"address": "somewhere"},
    {"address": "1" * 5000},
    {"address": "203.0.113.7\x00"},
    {"application": "\x00"},
    {"application": "no-such"},
    {"application": "bikes"},
    {"acr": "gold"},
]


@pytest.mark.both_stores
def test_odd_questions(world: World, bert: KnownUser, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Said on the page, never an error of ours; another company's application is as unknown as none (E1)."""
    world.client("bikes", tenant=world.tenant("fietsen-bv"))
    browser = open_page(new_browser(), page_of(anna), bert)
    assert "Bikes" not in browser.text
    for query in ODD:
        answer = browser.http.get(page_of(anna), params=query)
        assert answer.status_code == 400, query
        assert "data-foreseen" not in answer.text
        assert ("There is no such application." in answer.text) is (query.get("application") in {"bikes", "no-such"})
    for harmless in ({"address": ""}, {"acr": ["phr", TWO_FACTOR]}):
        assert "data-foreseen" in browser.http.get(page_of(anna), params=harmless).text


def test_another_companys_user_looks_like_none(world: World, bert: KnownUser, new_browser: NewBrowser) -> None:
    """E1, R53: 404 for a user of another company as for nobody's id, 403 for who administers nothing."""
    frits = world.user("frits", world.tenant("fietsen-bv"))
    browser = open_page(new_browser(), "/console/settings", bert)
    assert browser.get(page_of(frits)).status == 404
    assert browser.get(f"/console/users/{uuid.uuid4()}/simulator").status == 404
    other = open_page(new_browser(ELSEWHERE), "/account/", frits)
    assert other.get(page_of(frits)).status == 403
