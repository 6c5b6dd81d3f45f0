"""What each switch of the settings would change, in numbers and names, before it is saved: the figures of the decision itself."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.models import Passkey, User
from idp.login.core.types import Demand
from idp.login.flow.explain import explain_login
from idp.login.models import FamiliarNetwork, KnownIpGrant
from idp.login.trust import known_ip
from idp.platform import clock as product_clock
from idp.platform.extensions import db
from idp.reporting.policy_impact import asked, crowd_of
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Policy
from tests.support.browser import ELSEWHERE, HOME, NewBrowser
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

SETTINGS = "/console/settings"


@pytest.fixture
def people(world: World, zon: KnownTenant, bert: KnownUser) -> dict[str, KnownUser]:
    """Every kind of person there is, and somebody of another company who is of each."""
    people = {
        "anna": world.user("anna", zon),
        "carla": world.user("carla", zon, totp=True, every_30_days=True),
        "daan": world.user("daan", zon, totp=True, every_30_days=True),
        "eva": world.user("eva", zon, totp=True, every_30_days=True),
        "gijs": world.user("gijs", zon),
        "hans": world.user("hans", zon, totp=True),
        "bert": bert,
    }
    office = world.tenant("kantoor")
    world.user("iris", office, type="accountant", totp=True, every_30_days=True, works_for=[zon])
    world.user("gone", zon, disabled=True)
    with world.unit_of_work() as session:
        session.add_all(
            grant(session, people["carla"], network=net, browser_hash=b) for net, b in [(HOME, "b"), ("x", None)]
        )
        session.add(grant(session, people["daan"], browser_hash="b", earlier=1))
        session.add_all(passkey(people[name]) for name in ("gijs", "hans"))
        session.add_all(FamiliarNetwork(user_id=people[name].id, network=HOME) for name in ("anna", "carla", "bert"))
        session.get_one(User, people["hans"].id).block_new_ip = True
        session.get_one(User, people["anna"].id).email_proved = people["anna"].email
        session.get_one(User, people["eva"].id).block_new_ip = False
    return people


def grant(
    session: object, user: KnownUser, *, network: str = HOME, browser_hash: str | None = None, earlier: int = 0
) -> KnownIpGrant:
    """A grant of just now, or of so many epochs of the company ago."""
    assert hasattr(session, "get_one")
    tenant, now = session.get_one(Tenant, user.tenant.id), product_clock.now()
    return KnownIpGrant(
        user_id=user.id,
        network=network,
        user_epoch=1,
        tenant_epochs={str(tenant.id): tenant.epoch - earlier},
        browser_hash=browser_hash,
        earned_at=now,
        expires_at=now + timedelta(days=30),
    )


def passkey(user: KnownUser) -> Passkey:
    return Passkey(user_id=user.id, name="key", credential_id=uuid.uuid4().bytes, public_key=b"", synced=True)


EVERYBODY = ["Anna", "Bert", "Carla", "Daan", "Eva", "Gijs", "Hans"]
CHOSE = ["Carla", "Daan", "Eva"]
EFFECTS = [
    ("two_factor_mandatory", False, "6 of 7 people have two-factor authentication and may switch it off", []),
    ("limit_two_factor_validity", True, "3 of 7 people chose 2FA once every 30 days", CHOSE),
    ("limit_two_factor_validity", True, "Known IP addresses that stop counting: 2.", CHOSE),
    ("limit_two_factor_validity", False, "3 of 7 people chose 2FA once every 30 days: they are asked once more", CHOSE),
    ("security_code", True, "7 of 7 people are asked for the code", []),
    ("security_code", True, "accountants of other offices (1)", []),
    ("security_code", True, "2 of them can log in with a passkey", []),
    ("security_code", False, "1 of 7 people have no two-factor authentication", ["Anna"]),
    ("block_new_ip", True, "5 of 7 people get a mail", ["Eva", "Hans"]),
    ("block_new_ip", True, "2 of them have no IP address that we know yet", ["Eva", "Hans"]),
    ("block_new_ip", True, "4 of them have an e-mail address that is not confirmed yet", ["Eva", "Hans"]),
    ("block_new_ip", True, "2 of 7 people have a setting of their own", ["Eva", "Hans"]),
    ("block_new_ip", False, "5 of 7 people get no mail any more", ["Eva", "Hans"]),
    (
        "known_ip_same_browser",
        True,
        "1 of 7 people have a known IP address that counts (2 in all). From now on each counts in one",
        ["Carla"],
    ),
    ("known_ip_same_browser", True, "1 of them were earned in no browser", ["Carla"]),
    ("known_ip_same_browser", False, "counts (1 in all). From now on each counts in every browser", ["Carla"]),
    ("passkeys", False, "2 of 7 people have a passkey, which opens nothing any more", ["Gijs"]),
    ("passkeys", False, "1 of them have no authenticator app: no second factor protects them", ["Gijs"]),
    ("passkeys", False, "1 of them have no authenticator app: nobody is locked out", ["Gijs"]),
    ("passkeys", True, "2 of 7 people have a passkey from before", []),
]


@pytest.mark.both_stores
def test_each_switch_says_what_it_would_change(
    world: World, zon: KnownTenant, bert: KnownUser, people: dict[str, KnownUser], new_browser: NewBrowser
) -> None:
    """In numbers, and with the names of those who notice it; who is of another company, or gone, is not counted."""
    browser = open_page(new_browser(), SETTINGS, bert)
    for switch, to, words, names in EFFECTS:
        with world.unit_of_work() as session:
            session.execute(sa.update(Tenant).where(Tenant.id == zon.id).values(**asdict(Policy()) | {switch: not to}))
        box = browser.get(SETTINGS).page.one(f".choice:has(> #{switch})")
        shown = [" ".join(part.get_text(" ").split()) for part in box.select(".if-turned")]
        assert words in shown[0], (switch, to)
        assert [name.get_text() for name in box.select(".if-turned li")] == names, (switch, to)


@pytest.mark.both_stores
def test_the_figures_are_those_of_the_decision(
    in_app: Flask, zon: KnownTenant, bert: KnownUser, people: dict[str, KnownUser]
) -> None:
    """A7: counted by kind, people are asked what `idp explain` says of each, who has a browser that nobody knows."""
    tenant = db.session.get_one(Tenant, zon.id)
    users = [db.session.get_one(User, user.id) for user in people.values()]
    for switch, kept in asdict(Policy()).items():
        turned = replace(Policy(), **{switch: not kept} if isinstance(kept, bool) else {})
        for name, value in asdict(turned).items():
            setattr(tenant, name, value)
        crowd = crowd_of(tenant)
        for new_place in (False, True):
            single = Counter(steps_of(user, ELSEWHERE if new_place else HOME) for user in users)
            counted: Counter[frozenset[str]] = Counter()
            for some in crowd.counted:
                strange = new_place or not some.kind.familiar or turned.known_ip_same_browser
                steps = asked(some.kind, turned, at_a_new_place=strange)
                counted[frozenset(map(str, steps))] += some.people
            assert counted == single, (switch, new_place)


def steps_of(user: User, address: str) -> frozenset[str]:
    return frozenset(str(r.step) for r in explain_login(user, address=address, demand=Demand()) if r.asked)


@pytest.mark.both_stores
def test_a_grant_counts_in_sql_as_in_a_login(in_app: Flask, world: World, zon: KnownTenant) -> None:
    """C3, C5, C6: of every grant that differs from a live one in one thing, the two say the same."""
    carla = world.user("carla", zon, totp=True, every_30_days=True)
    user, tenant, now = db.session.get_one(User, carla.id), db.session.get_one(Tenant, zon.id), product_clock.now()
    row = grant(db.session, carla, browser_hash="b")
    db.session.add(row)
    moved = [
        (row, "user_epoch", 2),
        (row, "tenant_epochs", {}),
        (row, "tenant_epochs", {str(zon.id): 0}),
        (row, "earned_at", now + timedelta(seconds=1)),
        (row, "expires_at", now),
        (row, "browser_hash", None),
        (user, "two_factor_every_30_days", False),
        (tenant, "epoch", 2),
    ]
    for same_browser in (False, True):
        tenant.known_ip_same_browser = same_browser
        for of, name, value in [(user, "username", user.username), *moved]:
            before = getattr(of, name)
            setattr(of, name, value)
            db.session.flush()
            value_of = known_ip.Grant(
                HOME, row.user_epoch, row.tenant_epochs, row.browser_hash, row.earned_at, row.expires_at
            )
            statement = sa.select(KnownIpGrant.id).join(User, User.id == KnownIpGrant.user_id)
            in_sql = db.session.scalar(statement.where(known_ip.counting(tenant, now))) is not None
            assert in_sql is known_ip.live(value_of, user, tenant, "b", now), (same_browser, name)
            setattr(of, name, before)
    db.session.rollback()


def test_a_shorter_time_counts_at_once(
    zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, world: World
) -> None:
    """How many browsers are logged in, and how many of them a shorter time would log out."""
    clock = world.clock
    assert clock
    for name, minutes in [("anna", 70), ("carla", 15), ("daan", 0)]:
        open_page(new_browser(), "/account/", world.user(name, zon))
        clock.advance(minutes=minutes)
    browser = open_page(new_browser(), SETTINGS, bert)
    assert "logged in now: 4, unused for 10 minutes: 2, for an hour: 1." in browser.text
