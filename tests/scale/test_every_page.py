"""Every page of the console and of the user page, walked from the table of routes, in a company of 20,000 people.

Each page is asked as it stands, then with whatever it offers about itself: each link to itself with a question, each choice
of its forms, each of its fields filled. A page that is added is walked too; one whose address or form has a name that
nobody here knows fails until somebody says what it stands for.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from idp.accounts.bulk_invite.models import PeopleImport
from idp.accounts.models import Passkey, TotpDevice, User
from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession
from idp.oidc.models import Client
from idp.platform.extensions import db
from idp.tenancy.models import Membership, SupportLook, Tenant
from tests.scale import crowd, plans
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.page import Page
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.postgres_valkey]

ROOMS: Final = ("console.", "account.")
MOST_STATEMENTS: Final = 25
MOST_READ: Final = 2 * crowd.PEOPLE
"""Figures count the people of the company, and each of them may have two of something; no page reads more."""

FIRST_PARTS: Final = 60
"""So many lines of a file are fetched: the first heap of it is read then, and no other."""

WORDS: Final = {
    "search": ["a00012", "Person 1", "nobody-at-all"],
    "who": ["a00001", "a19999", "bert"],
    "network": ["203.0.7.7", "192.0.2.1"],
    "since": ["2026-10-30"],
    "until": ["2026-06-30"],
    "address": ["198.51.100.1"],
}
"""What is typed into the fields of forms that ask."""


@dataclass
class Walk:
    """What is asked, and what was found. `faults`: address and what is wrong with it."""

    browser: Browser
    engine: sa.Engine
    connection: psycopg.Connection[Any]
    large: frozenset[str]
    waiting: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def go(self) -> None:
        """Ask every address that waits, and whatever their pages offer about themselves."""
        while self.waiting:
            address = self.waiting.pop()
            if address not in self.seen:
                self.seen.add(address)
                self._ask(address)

    def _ask(self, address: str) -> None:
        with plans.listening(self.engine) as heard:
            answer = self.browser.http.get(address, extensions={"parts": FIRST_PARTS})
        self.faults += [f"{address}: {fault}" for fault in self._judge(heard)]
        if answer.status_code not in {200, 303}:
            self.faults.append(f"{address}: {answer.status_code}")
        if "?" not in address:
            self.waiting += offered(Page(answer.text, str(answer.url)))

    def _judge(self, heard: list[plans.Statement]) -> Iterator[str]:
        if len(heard) > MOST_STATEMENTS:
            yield f"{len(heard)} statements"
        for statement in heard:
            for fault in plans.faults_of(self.connection, statement, self.large, MOST_READ):
                yield f"{fault}\n    {statement.text[:3000]}"


def offered(page: Page) -> Iterator[str]:
    """Yield the address of this page with each question that it offers: links, choices, filled fields."""
    path = urlsplit(page.address).path
    for address in page.links.values():
        if urlsplit(address).path == path and urlsplit(address).query:
            yield f"{path}?{urlsplit(address).query}"
    for form in page.soup.select("form[method=get]"):
        if urlsplit(str(form.get("action"))).path == path:
            yield from (f"{path}?{urlencode({name: value})}" for name, value in answers(form))


def answers(form: Any) -> Iterator[tuple[str, str]]:
    """Yield each choice of a form, and what is typed into each of its fields."""
    for select in form.select("select"):
        yield from ((select["name"], option["value"]) for option in select.select("option")[:6])
    for box in form.select("input:not([type=hidden])"):
        assert box["name"] in WORDS, f"what is typed into {box['name']}? Say so in WORDS."
        yield from ((box["name"], word) for word in WORDS[box["name"]])


@pytest.fixture
def zon(world: World, clock: MovingClock) -> KnownTenant:
    """A company with all these people, accountants of another office, and other companies as large."""
    zon, office = world.tenant(), world.tenant("kantoor")
    others = [world.tenant(f"bedrijf-{number}") for number in range(3)]
    with world.unit_of_work() as session:
        crowd.fill(session, zon.id, "a", clock.now())
        crowd.surround(session, [office.id, *(other.id for other in others)], clock.now())
        crowd.connect(session, zon.id, office.id, clock.now())
        session.get_one(Tenant, zon.id).security_code_at = clock.now() - timedelta(days=30)
    return zon


@pytest.fixture
def bert(world: World, zon: KnownTenant, clock: MovingClock) -> KnownUser:
    """The administrator, who logged in more often than anybody, and works for another company too."""
    bert = world.user("bert", zon, type="administrator", totp=True, works_for=[world.tenant("fietsen-bv")])
    with world.unit_of_work() as session:
        crowd.busy(session, bert.id, zon.id, clock.now())
        session.execute(sa.text("ANALYZE"))
    return bert


def test_no_page_grows_with_the_company(
    app: Flask, world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser
) -> None:
    """A few statements each, no table read whole, nothing long sorted: whatever is asked, the last pages included."""
    browser = open_page(new_browser(), "/console/settings", bert)
    with world.unit_of_work() as session:
        ids, far, engine = stand_ins(session, zon, bert), list(far_on(session, zon, bert)), db.engine
    pages = [
        rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(ROOMS) and "GET" in (rule.methods or ())
    ]
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        walk = Walk(browser, engine, connection, plans.large_tables(connection))
        walk.waiting += [*far, *(address_of(rule, ids) for rule in pages)]
        walk.go()
    assert not walk.faults, "\n".join(walk.faults)
    assert len(walk.seen) > 90


def address_of(rule: Rule, ids: dict[str, uuid.UUID]) -> str:
    """The address of a page about something of the company, or of the administrator."""
    assert rule.arguments <= set(ids), f"what is {rule.arguments - set(ids)} in {rule.rule}? Say so in stand_ins."
    path = rule.rule.replace("accountants/<uuid:user_id>", f"accountants/{ids['accountant_id']}")
    for name in rule.arguments:
        path = path.replace(f"<uuid:{name}>", str(ids[name])).replace(f"<{name}>", str(ids[name]))
    return path


def stand_ins(session: Any, zon: KnownTenant, bert: KnownUser) -> dict[str, uuid.UUID]:
    """What each name in an address stands for."""
    of = {
        "user_id": sa.select(User.id).where(User.username_key == "a00002"),
        "accountant_id": sa.select(Membership.user_id).where(Membership.tenant_id == zon.id).limit(1),
        "row_id": sa.select(Client.id).where(Client.client_id == "a-application-1"),
        "import_id": sa.select(PeopleImport.id).where(PeopleImport.tenant_id == zon.id).limit(1),
        "tenant_id": sa.select(Membership.tenant_id).where(Membership.user_id == bert.id),
        "device_id": sa.select(TotpDevice.id).where(TotpDevice.user_id == bert.id),
        "passkey_id": sa.select(Passkey.id).where(Passkey.user_id == bert.id),
    }
    return {"handle": uuid.uuid4(), **{name: session.scalars(one).one() for name, one in of.items()}}


def far_on(session: Any, zon: KnownTenant, bert: KnownUser) -> Iterator[str]:
    """Yield the last pages, each by what the page before it would end with."""
    last = {
        "/console/users?after": "a19900",
        "/console/security-center?after": "a19900",
        "/console/security-center?order=last_login&after": "a00100",
        "/console/security-center?show=unsafe&after": "a19900",
        "/console/applications?after": "a-application-990",
        "/console/accountants?after": sa.select(sa.func.max(sa.cast(Membership.id, sa.Text))),
        "/console/helpdesk?before": sa.select(sa.func.min(SupportLook.id) + 9).where(SupportLook.tenant_id == zon.id),
        "/console/sessions?after": sa.select(BrowserSession.id)
        .where(BrowserSession.tenant_id == zon.id, BrowserSession.ended_at.is_(None))
        .order_by(BrowserSession.seen_at)
        .limit(1),
        "/account/security/history?before": sa.select(sa.func.min(AuditEvent.id) + 40).where(
            AuditEvent.user_id == bert.id
        ),
        "/console/audit?before": oldest(zon),
        "/console/audit?what=logins&before": oldest(zon),
        "/console/audit?who=a00001&before": oldest(zon),
    }
    for address, value in last.items():
        yield f"{address}={value if isinstance(value, str) else session.scalar(value)}"


def oldest(zon: KnownTenant) -> sa.Select[Any]:
    """An event shortly after the oldest."""
    mine = sa.select(AuditEvent.id).where(AuditEvent.tenant_id == zon.id)
    return mine.order_by(AuditEvent.at, AuditEvent.id).offset(20).limit(1)
