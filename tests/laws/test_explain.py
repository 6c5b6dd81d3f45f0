"""What `explain` says is what a real login then asks, over HTTP, and what the audit log keeps of it (A7).

Of the application, too: what is foreseen of it is what a request of it decides, whatever it registered and asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from idp.accounts.models import User
from idp.accounts.users.queries import by_id
from idp.audit.models import AuditEvent
from idp.crypto.passwords import Hasher, Parameters
from idp.login.core.reasons import machine
from idp.login.core.types import LEVEL_OF_ACR, Demand, Level, Reason
from idp.login.flow.explain import explain_login
from idp.oidc.authorization import demands, requests
from idp.oidc.authorization.parameters import Parameters as Sent
from idp.oidc.authorization.request_source import Brought
from idp.oidc.authorization.simulate import Question, demand_of, foresee
from idp.oidc.clients import repository
from idp.oidc.models import Client
from idp.platform import clock as product_clock
from tests.support.browser import ELSEWHERE, HOME, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

SWITCHES = (
    "security_code",
    "two_factor_mandatory",
    "limit_two_factor_validity",
    "block_new_ip",
    "known_ip_same_browser",
)
POLICIES = st.fixed_dictionaries({switch: st.booleans() for switch in SWITCHES})
ADDRESSES = st.sampled_from([HOME, ELSEWHERE, "2001:db8:1:2::10"])
ACRS = (None, "urn:informer:acr:password", "urn:informer:acr:security-code", "urn:informer:acr:2fa")
numbers = count()


@dataclass(frozen=True)
class Case:
    """One person, what their companies ask, when and where they logged in before, and what is asked for now."""

    home: dict[str, Any]
    other: dict[str, Any]
    totp: bool
    every_30_days: bool
    accountant: bool
    block_new_ip: bool | None
    before: str | None
    days: int
    address: str
    acr: str | None
    essential: bool
    tenant: str | None


CASES = st.builds(
    Case,
    home=POLICIES,
    other=POLICIES,
    totp=st.booleans(),
    every_30_days=st.booleans(),
    accountant=st.booleans(),
    block_new_ip=st.sampled_from([None, None, True, False]),
    before=st.none() | ADDRESSES,
    days=st.sampled_from([0, 1, 29, 30]),
    address=ADDRESSES,
    acr=st.sampled_from(ACRS),
    essential=st.booleans(),
    tenant=st.sampled_from([None, None, "home", "other"]),
)


@dataclass(frozen=True)
class Stage:
    """Where the cases are played."""

    world: World
    rp: RelyingParty
    new_browser: NewBrowser
    clock: MovingClock

    def person(self, case: Case) -> tuple[KnownUser, KnownTenant]:
        """A new person of two new companies, after the login of before."""
        n = next(numbers)
        home, other = self.world.tenant(f"home-{n}", **case.home), self.world.tenant(f"other-{n}", **case.other)
        known = self.world.user(
            f"person-{n}",
            home,
            totp=case.totp,
            every_30_days=case.every_30_days,
            type="accountant" if case.accountant else "employee",
            works_for=[other] if case.accountant else [],
        )
        self.world.change(User, known.id, block_new_ip=case.block_new_ip)
        if case.before:
            open_page(self.new_browser(case.before), "/account/", known)
            self.clock.advance(days=case.days, seconds=90)
        return known, other

    def explained(self, known: KnownUser, case: Case, demand: Demand) -> tuple[Reason, ...]:
        """What `explain` says now."""
        with self.world.unit_of_work():
            user = by_id(known.id)
            assert user
            return explain_login(user, address=case.address, demand=demand)

    def recorded(self, known: KnownUser) -> list[dict[str, object]]:
        """The reasons of the newest login."""
        mine = sa.select(AuditEvent).where(AuditEvent.user_id == known.id, AuditEvent.kind == "login.completed")
        with self.world.unit_of_work() as session:
            newest = session.scalars(mine.order_by(AuditEvent.id.desc()).limit(1)).one()
            return list(newest.detail["reasons"])


def asked_for(case: Case, known: KnownUser, other: KnownTenant) -> tuple[Demand, dict[str, str | None]]:
    """The demand, and the parameters with which an application makes it."""
    named = {None: None, "home": known.tenant.slug, "other": other.slug}[case.tenant]
    level = LEVEL_OF_ACR[case.acr] if case.acr else Level.NOTHING
    essential = case.essential and case.acr is not None
    wish = {"id_token": {"acr": {"essential": True, "values": [case.acr]}}}
    asked = {"claims": json.dumps(wish)} if essential else {"acr_values": case.acr}
    return Demand(level=level, essential=essential, tenant=named), {**asked, "tenant": named}


def test_what_explain_says_is_what_is_asked(
    app: Flask, world: World, rp: RelyingParty, new_browser: Callable[..., object], clock: MovingClock
) -> None:
    """Of every policy, person, place and demand: the same steps in the same order, or the same refusal."""
    app.extensions["idp.hasher"] = Hasher(Parameters(memory_kib=8, passes=1), at_most=4)
    stage = Stage(world, rp, new_browser, clock)  # type: ignore[arg-type]

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES)
    def holds(case: Case) -> None:
        known, other = stage.person(case)
        demand, parameters = asked_for(case, known, other)
        reasons = stage.explained(known, case, demand)
        steps = [reason.step.value for reason in reasons if reason.step and reason.asked]
        refused = reasons[0].step is None
        event("refused" if refused else " ".join(steps))
        browser = stage.new_browser(case.address).get(rp.authorize_url(**parameters))
        browser.login(known, tenant=other if case.tenant == "other" else None)
        assert browser.steps == (["password"] if refused else steps)
        assert ("error" in rp.answer(browser)) is refused
        if not refused and "set_up_totp" not in steps:
            assert stage.recorded(known) == [machine(reason) for reason in reasons]

    holds()


# Of an application

KNOWN_ACRS = [*LEVEL_OF_ACR]
REGISTRATIONS = st.fixed_dictionaries(
    {},
    optional={
        "default_acr_values": st.lists(st.sampled_from([*KNOWN_ACRS, "urn:unknown"]), min_size=1, max_size=4),
        "default_max_age": st.sampled_from([1, 3600]),
    },
)
ASKED = st.tuples(
    REGISTRATIONS,
    st.sampled_from([None, "home", "other"]),
    st.sampled_from([None, None, *KNOWN_ACRS]),
    st.sampled_from([None, None, "home", "other"]),
)
Wanted = tuple[dict[str, Any], str | None, str | None, str | None]
"""What the application registered, whose it is, the `acr` that it asks, and the tenant that it names."""


def test_an_application_demands_what_is_foreseen_of_it(app: Flask, world: World, new_rp: NewRp) -> None:
    """A7: of every registration and request the explanation and the request come to one demand, or to one refusal."""
    tenants = {None: None, "home": world.tenant("home"), "other": world.tenant("other")}
    slugs = {name: tenant.slug if tenant else None for name, tenant in tenants.items()}
    parties = {name: new_rp(world.client(f"of-{name}", tenant=tenant)) for name, tenant in tenants.items()}
    bare = {name: dict(rp.client.registration) for name, rp in parties.items()}

    @settings(max_examples=400, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(ASKED)
    def holds(wanted: Wanted) -> None:
        registered, whose, acr, named = wanted
        with app.test_request_context(), world.unit_of_work() as session:
            rp = parties[whose]
            row = session.scalars(sa.select(Client).where(Client.client_id == rp.client.client_id)).one()
            row.registration = {**bare[whose], **registered}
            session.flush()
            application = repository.by_client_id(rp.client.client_id)
            question = Question("192.0.2.1", application, acr, slugs[named])
            said = rp.parameters(acr_values=acr, tenant=slugs[named])
            if whose and named not in (None, whose):
                with pytest.raises(requests.Refused, match="access_denied"):
                    requests.read(Brought(Sent(said)))
                assert foresee(User(), question).refused
                return
            asked, now = requests.read(Brought(Sent(said))), product_clock.now()
            event(asked.acr.level.name)
            assert demands.of(asked, now) == asked.demand(now)
            assert demand_of(question) == asked.demand(now)

    holds()


def test_what_is_foreseen_of_an_application_is_what_it_asks(
    app: Flask, world: World, new_rp: NewRp, new_browser: Callable[..., object], clock: MovingClock
) -> None:
    """A7: of every policy, person, registration and request: what `idp explain` and the simulator say is then asked."""
    app.extensions["idp.hasher"] = Hasher(Parameters(memory_kib=8, passes=1), at_most=4)

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES, ASKED)
    def holds(case: Case, wanted: Wanted) -> None:
        registered, whose, acr, named = wanted
        rp = new_rp(world.client(f"shop-{next(numbers)}", **registered))
        stage = Stage(world, rp, new_browser, clock)  # type: ignore[arg-type]
        known, other = stage.person(case)
        slugs = {None: None, "home": known.tenant.slug, "other": other.slug}
        ids = {None: None, "home": known.tenant.id, "other": other.id}
        with world.unit_of_work() as session:
            row = session.scalars(sa.select(Client).where(Client.client_id == rp.client.client_id)).one()
            row.tenant_id = ids[whose]
        with app.test_request_context(), world.unit_of_work():
            user = by_id(known.id)
            assert user
            question = Question(case.address, repository.by_client_id(rp.client.client_id), acr, slugs[named])
            foreseen = foresee(user, question)
        steps = [step.name for step in foreseen.steps if step.asked]
        event("refused" if foreseen.refused else " ".join(steps))
        browser = stage.new_browser(case.address)
        browser.get(rp.authorize_url(acr_values=acr, tenant=slugs[named]))
        if browser.landed is None:
            browser.login(known, tenant=other if "other" in (whose, named) else None)
        assert ("error" in rp.answer(browser)) is bool(foreseen.refused)
        assert foreseen.refused or browser.steps == steps

    holds()
