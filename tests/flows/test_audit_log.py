"""The audit log in the console: everything that happened in the company, in words, filtered, and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit import events, log
from idp.audit.log import Question
from idp.audit.models import AuditEvent
from idp.console.audit.audit_facts import NAMES, in_words
from idp.console.audit.audit_words import GROUPS, TITLES
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

LOG = "/console/audit"


@pytest.fixture(autouse=True)
def units() -> None:
    """Most events here are made up, without what they describe."""


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon)


@pytest.fixture
def reading(bert: KnownUser, anna: KnownUser, new_browser: NewBrowser) -> Browser:
    """Bert, who reads the log after Anna has logged in from elsewhere."""
    open_page(new_browser("198.51.100.4"), "/account/", anna)
    return open_page(new_browser(), LOG, bert)


def titles(browser: Browser) -> list[str]:
    return [h2.get_text(strip=True) for h2 in browser.page.soup.select(".rows h2")]


def add_many(world: World, tenant: KnownTenant, number: int, clock: MovingClock) -> None:
    """Events of which two each have the same moment, kept in no order of moments."""
    with world.unit_of_work() as session:
        session.execute(
            sa.insert(AuditEvent),
            [
                {
                    "at": clock.now() - timedelta(minutes=(n * 7919 % number) // 2),
                    "kind": "login.step_failed",
                    "tenant_id": tenant.id,
                    "detail": {"step": "password", "n": n},
                }
                for n in range(number)
            ],
        )


def classes() -> Iterator[type[events.Event]]:
    """Every class of events that there is."""
    waiting = [events.Event]
    while waiting:
        event = waiting.pop()
        waiting += event.__subclasses__()
        if hasattr(event, "kind"):
            yield event


def kinds() -> set[str]:
    """Every kind of event that there is."""
    return {event.kind for event in classes()}


def test_every_kind_has_words() -> None:
    """Each kind has a title and a place in the filter; there are no words for a kind that does not exist."""
    assert kinds() == set(TITLES)
    beginnings = tuple(beginning for _, group in GROUPS.values() for beginning in group)
    assert [kind for kind in kinds() if not kind.startswith(beginnings)] == []


def test_every_fact_has_a_name() -> None:
    """What an event keeps is named in words, whichever event it is; there are no names for what none keeps."""
    whose = {field.name for field in fields(events.Event)}
    kept = {field.name for event in classes() for field in fields(event)} - whose - {"reasons"}
    assert kept == set(NAMES)


def test_facts_are_in_words(app: Flask) -> None:
    """Moments and days as people write them, switches by their labels, yes and no; in the language of the reader."""
    kept = {
        "step": "security_code",
        "seconds": 1800,
        "changed": {"security_code": False, "session_hours": 8},
        "expires_at": "2026-12-24T10:15:00+00:00",
        "day": "2027-01-01",
        "username": "passkey",
        "because": "logout",
        "of_another_version": {"n": None},
    }
    with app.test_request_context(headers={"Accept-Language": "nl"}):
        assert in_words(kept) == {
            "Stap": "Beveiligingscode",
            "Wachttijd in seconden": "1.800",
            "Wat er is gewijzigd": "Beveiligingscode vragen: Nee; Uitloggen zoveel uur na het inloggen, ook als iemand nog bezig is: 8",
            "Tot": "24 dec 2026 10:15 (UTC)",
            "Dag": "1 jan 2027",
            "Gebruikersnaam": "passkey",
            "Waarom": "Uitgelogd",
            "of_another_version": "n: null",
        }


def test_it_says_what_happened(reading: Browser) -> None:
    """The newest first, with who it was, from where, and the reasons of the decision in words."""
    assert titles(reading)[-1] == "Logged in"
    line = reading.page.soup.select(".rows > li")[-1].get_text(" ", strip=True)
    assert "Anna" in line
    assert "198.51.100.4" in line
    assert "TOTP not asked: the user has not set it up" in line


def test_it_is_filtered(reading: Browser) -> None:
    """By person, kind, address and day."""
    found = {
        query: len(titles(reading.get(LOG + query)))
        for query in (
            "?who=anna",
            "?who=ANNA&what=company",
            "?what=logins&network=198.51.100.4",
            "?what=applications",
            "?what=nonsense&who=anna",
            "?network=192.0.2.99",
            "?until=2001-01-01",
            "?since=2100-01-01",
            "?since=2001-01-01&until=2100-01-01&who=anna",
        )
    }
    assert list(found.values()) == [1, 0, 1, 0, 1, 0, 0, 0, 1]


def test_what_cannot_be_read_finds_nothing(world: World, reading: Browser) -> None:
    """And says so, on the page and in place of a file."""
    world.user("frits", world.tenant("fietsen-bv"))
    for query, words in {
        "?who=nobody": "Nobody here has the username nobody.",
        "?who=frits": "Nobody here has the username frits.",
        "?since=yesterday": "yesterday is not a date like 2026-11-24.",
        "?until=2026-02-30": "2026-02-30 is not a date like 2026-11-24.",
        "?before=x": "There is no such page of the log.",
        "?before=" + "9" * 40: "There is no such page of the log.",
    }.items():
        reading.get(LOG + query)
        assert (reading.status, reading.alert, titles(reading)) == (200, words, [])
        reading.get(f"{LOG}.csv{query}")
        assert (reading.status, reading.response.text) == (400, words + "\n")


def test_other_companies_are_unknown(world: World, reading: Browser, new_browser: NewBrowser) -> None:
    """An event of another company is on no page, also where its number is given to go on before."""
    frits = world.user("frits", world.tenant("fietsen-bv"))
    open_page(new_browser(), "/account/", frits)
    with world.unit_of_work() as session:
        foreign = session.scalar(sa.select(sa.func.max(AuditEvent.id)).where(AuditEvent.user_id == frits.id))
    reading.get(LOG)
    assert "Frits" not in reading.text
    assert titles(reading.get(f"{LOG}?before={foreign}")) == []


def test_a_stranger_who_worked_here_has_no_name(
    world: World, zon: KnownTenant, reading: Browser, clock: MovingClock
) -> None:
    """An accountant of another office is named while the membership lives, and not after."""
    office = world.tenant("kantoor")
    carla = world.user("carla", office, type="accountant", works_for=[zon])
    with world.unit_of_work() as session:
        session.add(AuditEvent(at=clock.now(), kind="session.ended", tenant_id=zon.id, user_id=carla.id, detail={}))
    assert "Carla" in reading.get(LOG).text
    assert titles(reading.get(f"{LOG}?who=carla")) == ["Session ended"]
    with world.unit_of_work() as session:
        session.execute(sa.text("DELETE FROM memberships"))
    reading.get(LOG)
    assert "Carla" not in reading.text
    assert "somebody of another company" in reading.text


def test_files_have_everything(world: World, zon: KnownTenant, reading: Browser, clock: MovingClock) -> None:
    """Both files have every event once, the newest first, as the page is filtered."""
    add_many(world, zon, 1_200, clock)
    reading.get(f"{LOG}.csv")
    header, *rows = csv.reader(io.StringIO(reading.response.text))
    assert header == ["at", "kind", "title", "user", "actor", "network", "request_id", "detail"]
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    assert sorted(json.loads(row[7])["n"] for row in rows if "n" in json.loads(row[7])) == list(range(1_200))
    reading.get(f"{LOG}.jsonl?who=anna")
    (line,) = reading.response.text.splitlines()
    said = json.loads(line)
    assert (said["kind"], said["user"], said["network"]) == ("login.completed", "Anna", "198.51.100.4")


def test_it_is_for_administrators(anna: KnownUser, new_browser: NewBrowser) -> None:
    """Whoever else is logged in gets 403, for the files too."""
    browser = open_page(new_browser(), "/account/", anna)
    assert [browser.get(LOG + ending).status for ending in ("", ".csv", ".jsonl")] == [403, 403, 403]


@pytest.mark.both_stores
def test_pages_together_are_the_whole(world: World, in_app: Flask, zon: KnownTenant, clock: MovingClock) -> None:
    """Each event stands on one page, also where two have the same moment."""
    add_many(world, zon, 100, clock)
    whole = [event.id for event in log.page_of(zon.id, Question(), 1000).events]
    by_pages, asked = list[int](), Question()
    while True:
        page = log.page_of(zon.id, asked, 7)
        by_pages += [event.id for event in page.events]
        if page.before is None:
            break
        asked = Question(before=page.before)
    assert by_pages == whole
    assert len(set(whole)) == 100
