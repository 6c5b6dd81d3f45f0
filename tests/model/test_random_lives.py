"""Random lives: no login that the rules forbid, and no refusal that they do not explain (RULES A to E).

Hypothesis chooses who does what, when and from where; after every request the page, the message, the code and its claims
are compared with the model. A life that goes wrong is shrunk to the shortest one that does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import event

from idp.crypto.passwords import Hasher, Parameters
from idp.platform.cache import Cache
from idp.platform.extensions import db
from tests.model.house import Application, Tab
from tests.model.people import SWITCHES, People
from tests.model.rules import Demand
from tests.support.browser import Browser
from tests.support.moving_clock import START, MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.stores import ISSUER
from tests.support.valkey_process import ValkeyProcess
from tests.support.world import World

COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
    "database": None,
    "report_multiple_bugs": False,
}
STEPS = int(os.environ.get("STEPS", "12"))
LIVES = int(os.environ.get("LIVES", "2000"))
PROFILES = {
    "quick": settings(max_examples=8, stateful_step_count=STEPS, derandomize=True, **COMMON),
    "long": settings(max_examples=LIVES, stateful_step_count=STEPS, **COMMON),
    "seek": settings(max_examples=LIVES, stateful_step_count=STEPS, phases=[Phase.generate], **COMMON),
}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(0 if "HYPOTHESIS_PROFILE" in os.environ else 1200)]
PROFILE = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "quick")]

ADDRESSES = ("203.0.113.7", "198.51.100.4", "2001:db8:1:2::10", "2001:db8:1:2::ffff:99")
JUMPS = (
    *(timedelta(seconds=seconds) for seconds in (5, 31, -45)),
    *(timedelta(minutes=minutes) for minutes in (2, 11, 16, 61)),
    *(timedelta(hours=hours) for hours in (3, 9, 25)),
    *(timedelta(days=days) for days in (29, 30)),
)
TWO_FACTOR_ACR = "urn:informer:acr:2fa"
CLAIMS = quote('{"id_token":{"acr":{"essential":true,"value":"urn:informer:acr:2fa"}}}')

PEOPLE = st.integers(0, 3)
DEMANDS = ("", "", "voluntary", "essential", "login", "max_age", "tenant")
TABS = st.integers(0, 3)
RIGHT = st.sampled_from([True, True, True, False])
Make = Callable[[], People]


class Lives(RuleBasedStateMachine):
    """Four people of two tenants, two browsers with two tabs each."""

    make: ClassVar[Make]
    clock: ClassVar[MovingClock]

    @initialize(
        policies=st.tuples(*[st.fixed_dictionaries({switch: st.booleans() for switch in SWITCHES})] * 2),
        second_factor=st.tuples(*[st.booleans()] * 4),
        choices=st.tuples(*[st.booleans()] * 4),
    )
    def begin_life(
        self, policies: tuple[dict[str, bool], ...], second_factor: tuple[bool, ...], choices: tuple[bool, ...]
    ) -> None:
        self.clock.at(START)
        self.house = house = type(self).make()
        zon = house.company("de-zon", "482915", policies[0])
        bv = house.company("fietsen-bv", "7391", policies[1])
        factors = list(zip(second_factor, choices, strict=True))
        self.people = [
            house.person("anna", zon, factors[0]),
            house.person("bert", zon, factors[1], administrator=True),
            house.person("eva", zon, factors[2], works_for=(bv,)),
            house.person("fred", bv, factors[3], administrator=True),
        ]
        for number, address in enumerate(ADDRESSES[:2]):
            house.profile(number, address, tabs=2)
        self.companies = [zon, bv]

    def tick(self) -> None:
        """Nothing happens at the same moment as something else."""
        self.clock.advance(seconds=1)

    def tab(self, which: int) -> Tab:
        """One of the tabs."""
        return self.house.tabs[which % len(self.house.tabs)]

    def open_login(self, which: int) -> Tab | None:
        """A tab in which a login is under way, its page loaded again; None when it is over."""
        tabs = [tab for tab in self.house.tabs if tab.login]
        tab = tabs[which % len(tabs)]
        return tab if self.house.look(tab) not in {"expired", "unknown"} and tab.login else None

    def has_open_login(self) -> bool:
        """Whether there is such a tab."""
        return any(tab.login for tab in self.house.tabs)

    # Logging in

    @rule(tab=TABS, demand=st.sampled_from(DEMANDS), silent=st.booleans())
    def an_application_asks(self, tab: int, demand: str, *, silent: bool) -> None:
        self.tick()
        self.house.begin(self.tab(tab), self.application(demand, silent=silent and demand != "login"))

    @rule(tab=TABS, demand=st.sampled_from(DEMANDS), who=PEOPLE)
    def somebody_logs_in(self, tab: int, demand: str, who: int) -> None:
        self.tick()
        outcome = self.house.begin(self.tab(tab), self.application(demand, silent=False))
        self.house.go_on(self.tab(tab), self.people[who], outcome)

    def application(self, demand: str, *, silent: bool) -> Application:
        """An authorization request, and what it demands."""
        asked: dict[str, str | None] = {"scope": "openid offline_access"}
        made = Demand()
        match demand:
            case "voluntary":
                asked["acr_values"], made = TWO_FACTOR_ACR, Demand(two_factor=not silent)
            case "essential":
                made = Demand(two_factor=True, essential=True)
            case "login":
                asked["prompt"], made = "login", Demand(not_before=self.clock.now())
            case "max_age":
                asked["max_age"], made = "600", Demand(not_before=self.clock.now() - timedelta(seconds=600))
            case "tenant":
                asked["tenant"], made = self.companies[1].slug, Demand(company=self.companies[1])
        if silent:
            asked["prompt"] = "none"
        url = self.house.rp.authorize_url(**asked) + (f"&claims={CLAIMS}" if demand == "essential" else "")
        return Application(url, made, silent)

    @precondition(has_open_login)
    @rule(tab=TABS, who=PEOPLE, choice=st.integers(0, 2), remember=st.booleans())
    def a_step_is_answered(self, tab: int, who: int, choice: int, *, remember: bool) -> None:
        self.tick()
        if opened := self.open_login(tab):
            self.house.answer(opened, self.people[who], choice=choice, remember=remember)

    @precondition(has_open_login)
    @rule(tab=TABS, who=PEOPLE, choice=st.integers(0, 2), times=st.sampled_from([1, 2, 5, 7]))
    def somebody_guesses(self, tab: int, who: int, choice: int, times: int) -> None:
        for _ in range(times):
            self.tick()
            if not self.has_open_login() or not (opened := self.open_login(tab)):
                return
            self.house.answer(opened, self.people[who], right=False, choice=choice)

    @precondition(has_open_login)
    @rule(tab=TABS, who=PEOPLE)
    def a_login_goes_on(self, tab: int, who: int) -> None:
        self.tick()
        if opened := self.open_login(tab):
            self.house.go_on(opened, self.people[who], str(opened.browser.step))

    # Time and place

    @rule(jump=st.sampled_from(JUMPS))
    def time_passes(self, jump: timedelta) -> None:
        self.clock.advance(seconds=jump.total_seconds())

    @rule(tab=TABS, address=st.sampled_from(ADDRESSES))
    def a_browser_moves(self, tab: int, address: str) -> None:
        profile = self.tab(tab).profile
        profile.address = address
        self.tab(tab).browser.address = address

    # Own pages

    @rule(tab=TABS, who=PEOPLE, on=st.booleans())
    def somebody_chooses_every_30_days(self, tab: int, who: int, on: bool) -> None:
        self.tick()
        self.house.choose_every_30_days(self.tab(tab), self.people[who], on=on)

    @rule(tab=TABS, who=PEOPLE)
    def somebody_revokes_known_addresses(self, tab: int, who: int) -> None:
        self.tick()
        self.house.revoke_known_addresses(self.tab(tab), self.people[who])

    @rule(tab=TABS, who=PEOPLE)
    def somebody_sets_up_two_factor(self, tab: int, who: int) -> None:
        self.tick()
        self.house.set_up(self.tab(tab), self.people[who])

    @rule(tab=TABS, who=PEOPLE)
    def somebody_switches_two_factor_off(self, tab: int, who: int) -> None:
        self.tick()
        self.house.switch_off(self.tab(tab), self.people[who])

    @rule(tab=TABS, who=PEOPLE, right=RIGHT)
    def somebody_changes_the_password(self, tab: int, who: int, right: bool) -> None:
        self.tick()
        self.house.change_password(self.tab(tab), self.people[who], right=right)

    @rule(tab=TABS, who=PEOPLE)
    def somebody_adds_or_removes_a_passkey(self, tab: int, who: int) -> None:
        self.tick()
        self.house.change_passkey(self.tab(tab), self.people[who])

    @rule(tab=TABS, who=st.sampled_from([2, 2, 0]), which=st.integers(0, 1))
    def somebody_works_for_another_company(self, tab: int, who: int, which: int) -> None:
        self.tick()
        self.house.work_for(self.tab(tab), self.people[who], self.companies[which])

    @precondition(lambda self: self.house.told)
    @rule(which=st.integers(0, 9))
    def somebody_says_that_it_was_not_them(self, which: int) -> None:
        self.tick()
        self.house.not_me(self.house.told[-1 - which % len(self.house.told)])

    @rule(tab=TABS)
    def somebody_logs_out(self, tab: int) -> None:
        self.tick()
        self.house.log_out(self.tab(tab))

    @rule(
        tab=TABS,
        who=st.sampled_from([1, 1, 3, 0]),
        switches=st.dictionaries(st.sampled_from(SWITCHES), st.booleans(), max_size=2),
    )
    def somebody_saves_settings(self, tab: int, who: int, switches: dict[str, bool]) -> None:
        self.tick()
        self.house.save_settings(self.tab(tab), self.people[who], switches)

    # Mailbox, applications, operator

    @rule(who=PEOPLE)
    def somebody_forgets_the_password(self, who: int) -> None:
        self.tick()
        self.house.forget_password(self.people[who])

    @precondition(lambda self: self.house.links)
    @rule(which=st.integers(0, 9))
    def a_link_is_opened(self, which: int) -> None:
        self.tick()
        self.house.use_link(self.house.links[-1 - which % len(self.house.links)])

    @precondition(lambda self: self.house.tokens)
    @rule(which=st.integers(0, 9), again=st.sampled_from([False, False, True]))
    def an_application_refreshes(self, which: int, again: bool) -> None:
        self.tick()
        tokens = self.house.tokens[-1 - which % len(self.house.tokens)]
        if again:
            self.house.replay_refresh(tokens)
        else:
            self.house.refresh(tokens)

    @rule(who=PEOPLE)
    def an_employment_ends_or_begins_again(self, who: int) -> None:
        self.tick()
        person = self.people[who]
        if person.disabled:
            self.house.enable(person)
        else:
            self.house.disable(person)

    @rule(who=PEOPLE)
    def an_operator_revokes_grants(self, who: int) -> None:
        self.tick()
        self.house.revoke_grants(self.people[who])

    @rule(which=st.integers(0, 1), code=st.sampled_from(["482915", "7391", "550055"]))
    def the_security_code_is_rotated(self, which: int, code: str) -> None:
        self.tick()
        self.house.rotate_security_code(self.companies[which], code)


class LivesWithRedis(Lives):
    """The same with a Redis that is emptied, killed and started."""

    valkey: ClassVar[ValkeyProcess]
    app: ClassVar[Flask]

    @rule()
    def redis_is_emptied(self) -> None:
        if self.valkey.running:
            with self.valkey.client() as client:
                client.flushall()
        self.forgotten()

    @rule()
    def redis_is_killed_or_started(self) -> None:
        if self.valkey.running:
            self.valkey.kill()
            self.forgotten()
        else:
            self.valkey.start()
            self.app.extensions["idp.platform.cache"] = cache_of(self.valkey)

    def forgotten(self) -> None:
        """A login whose handle lived in Redis begins again from the application; nothing else is lost."""
        for tab in self.house.tabs:
            if tab.login is None:
                continue
            if tab.login.mail_in_redis:
                tab.login.mailed = None
            if tab.resume.startswith("/login/r"):
                tab.browser.get(tab.resume)
                assert tab.browser.status == 404
                assert "expired" in tab.browser.text
                tab.login = tab.goal = None


def cache_of(valkey: ValkeyProcess) -> Cache:
    """The cache of a server process that begins now. On a busy machine an answer may take longer than the product waits."""
    return Cache.from_url(f"{valkey.url}?socket_timeout=60&socket_connect_timeout=60")


@pytest.fixture
def make_people(app: Flask, clock: MovingClock, capsys: pytest.CaptureFixture[str]) -> Iterator[Make]:
    """A house in the database of this test, with names of its own; quick, because nothing of it must outlive the test."""
    app.extensions["idp.hasher"] = Hasher(Parameters(memory_kib=8, passes=1), at_most=4)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))

    def browser() -> Browser:
        return Browser.within(app, ISSUER, ADDRESSES[0])

    client, lives, compared = World(app, clock).client("books"), count(), [0]

    def make() -> People:
        world = World(app, clock, suffix=f"-{next(lives)}")
        rp = RelyingParty(browser().http, client, clock.now)
        return People(world, clock, rp, browser, compared=compared)

    yield make
    with capsys.disabled() if "HYPOTHESIS_PROFILE" in os.environ else nullcontext():
        print(f"{next(lives)} lives, {compared[0]} pages compared")  # noqa: T201 - what a long run is for


def test_random_lives(make_people: Make, clock: MovingClock) -> None:
    """On SQLite alone."""
    here = type("Here", (Lives,), {"make": staticmethod(make_people), "clock": clock})
    run_state_machine_as_test(here, settings=PROFILE)


@pytest.fixture
def valkey_process(app: Flask, tmp_path: Path) -> Iterator[ValkeyProcess]:
    """A Valkey of this test's own, as the application's cache."""
    with ValkeyProcess(tmp_path / "valkey") as valkey:
        app.extensions["idp.platform.cache"] = cache_of(valkey)
        yield valkey


@pytest.mark.both_stores
def test_random_lives_while_redis_comes_and_goes(
    app: Flask, make_people: Make, clock: MovingClock, valkey_process: ValkeyProcess
) -> None:
    """On SQLite and on PostgreSQL, with a real Valkey that is emptied, killed and started at any moment."""
    parts = {"make": staticmethod(make_people), "clock": clock, "valkey": valkey_process, "app": app}
    run_state_machine_as_test(type("Here", (LivesWithRedis,), parts), settings=PROFILE)
