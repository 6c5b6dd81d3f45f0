"""The security center: who is safe and who is not, in figures, in a table and in a file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from idp.accounts.factors import coverage
from idp.accounts.factors.coverage import Order, Question, Which
from idp.accounts.models import Passkey, User, UserType
from idp.platform.extensions import db
from idp.tenancy.models import Tenant
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

CENTER = "/console/security-center"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon)


@pytest.fixture
def center(bert: KnownUser, anna: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert, looking at the page; Anna has no second factor."""
    return open_page(new_browser(), CENTER, bert)


def add_many(world: World, tenant: KnownTenant, number: int, clock: MovingClock) -> None:
    """People of whom every third has never logged in and the others at a moment of their own, two at the same."""
    with world.unit_of_work() as session:
        session.add_all(
            User(
                tenant_id=tenant.id,
                username=f"p{n:05}",
                username_key=f"p{n:05}",
                name=f"Person {n}",
                email=f"p{n}@x.example",
                type=UserType.EMPLOYEE,
                password_hash="x",
                last_login_at=None if n % 3 == 0 else clock.now() - timedelta(minutes=n // 2),
            )
            for n in range(number)
        )


def names(browser: Browser) -> list[str]:
    return [a.get_text(strip=True) for a in browser.page.soup.select("section[aria-labelledby=people] tbody th a")]


def cells(browser: Browser, name: str) -> list[str]:
    (row,) = [
        row for row in browser.page.soup.select("section[aria-labelledby=people] tbody tr") if name in row.get_text()
    ]
    return [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("td")]


def file_of(browser: Browser, query: str = "") -> list[list[str]]:
    browser.get(f"{CENTER}.csv{query}")
    return list(csv.reader(io.StringIO(browser.response.text)))


def test_it_says_who_is_safe(center: Browser) -> None:
    """The figures count people, and each line says what protects whom."""
    assert center.page.soup.select_one("h2").get_text(strip=True) == (  # type: ignore[union-attr]
        "1 of 2 people have two-factor authentication"
    )
    assert names(center) == ["Anna", "Bert"]
    assert cells(center, "Anna")[:-1] == ["Off", "No", "Never", "Not yet", "Employee", "0", "Not validated"]
    assert cells(center, "Bert")[:-1] == ["On", "No", "3 Nov 2026", "Not yet", "Administrator", "0", "Not validated"]


def test_a_known_address_and_a_passkey_are_shown(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """A 30-day grant is counted while it counts; a passkey makes safe where the company takes them."""
    carla = world.user("carla", zon, totp=True, every_30_days=True)
    dirk = world.user("dirk", zon)
    with world.unit_of_work() as session:
        session.add(Passkey(user_id=dirk.id, name="key", credential_id=b"1", public_key=b"2", synced=False))
    open_page(new_browser(), "/account/", carla)
    browser = open_page(new_browser(), CENTER, bert)
    assert cells(browser, "Carla")[5] == "1"
    assert cells(browser, "Dirk")[:2] == ["By passkey", "Yes"]
    world.policy(zon, passkeys=False)
    assert cells(browser.get(CENTER), "Dirk")[:2] == ["Off", "Yes"]
    world.policy(zon, limit_two_factor_validity=True)
    assert cells(browser.get(CENTER), "Carla")[5] == "0"


def test_it_is_filtered(center: Browser) -> None:
    """By what is asked; a word that means nothing asks nothing."""
    shown = {
        "?show=unsafe": ["Anna"],
        "?show=everybody&search=b": ["Bert"],
        "?show=absent": [],
        "?show=nonsense&order=nonsense": ["Anna", "Bert"],
        "?order=last_login": ["Anna", "Bert"],
        "?after=anna": ["Bert"],
        "?after=nobody-of-here": [],
        "?order=last_login&after=nobody-of-here": ["Bert"],
        "?search=%00": [],
        "?show=unsafe&show=absent&search=" + "x" * 5000: [],
    }
    assert {query: names(center.get(CENTER + query)) for query in shown} == shown


def test_who_is_absent(center: Browser, bert: KnownUser, clock: MovingClock) -> None:
    """Ninety days without a login, or without a first one, are noticed."""
    clock.advance(days=91)
    open_page(center, CENTER, bert)
    assert "Not logged in for 90 days: 1" in center.text
    assert names(center.follow("Not logged in for 90 days: 1")) == ["Anna"]


def test_who_has_left_is_not_listed(world: World, zon: KnownTenant, center: Browser, anna: KnownUser) -> None:
    """Nor counted: they cannot log in. Nobody of another company is, either."""
    world.user("frits", world.tenant("fietsen-bv"))
    world.change(User, anna.id, disabled_at=datetime.now(UTC))
    center.get(CENTER)
    assert names(center) == ["Bert"]
    assert "Everybody is safe." in center.text


def test_the_file_has_everybody(world: World, zon: KnownTenant, center: Browser, clock: MovingClock) -> None:
    """Heap by heap, as the page is filtered; with the words of the page in the first line."""
    add_many(world, zon, 700, clock)
    lines = file_of(center)
    assert lines[0][:3] == ["Name", "Username", "Type"]
    assert [line[1] for line in lines[1:]] == ["anna", "bert", *(f"p{n:05}" for n in range(700))]
    assert center.response.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in center.response.headers["Content-Disposition"]
    assert [line[1] for line in file_of(center, "?search=ann")[1:]] == ["anna"]


def test_no_cell_is_a_formula(world: World, zon: KnownTenant, center: Browser) -> None:
    """A name that a spreadsheet would calculate is text."""
    eva = world.user("eva", zon)
    world.change(User, eva.id, name='=HYPERLINK("https://x.example")')
    (line,) = [line for line in file_of(center) if line[1] == "eva"]
    assert line[0] == '\'=HYPERLINK("https://x.example")'


@pytest.mark.parametrize("address", [CENTER, f"{CENTER}.csv"])
def test_it_is_for_administrators(address: str, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Whoever else is logged in gets 403."""
    browser = open_page(new_browser(), "/account/", anna)
    assert browser.get(address).status == 403


@pytest.mark.both_stores
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("which", Which)
def test_pages_together_are_the_whole(
    world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock, order: Order, which: Which
) -> None:
    """Each person stands on one page, in the order that was asked, also where two logged in at the same moment."""
    add_many(world, zon, 100, clock)
    clock.advance(days=91)
    tenant = db.session.get_one(Tenant, zon.id)
    asked = Question(which, order)
    whole = [user.username for users in coverage.everyone(tenant, asked, size=1000) for user in users]
    by_pages = [user.username for users in coverage.everyone(tenant, asked, size=7) for user in users]
    assert by_pages == whole
    assert len(set(whole)) == 100
    if order is Order.LAST_LOGIN:
        assert whole[:34] == [f"p{n:05}" for n in range(0, 100, 3)]
        assert whole[34:36] == ["p00098", "p00097"]
