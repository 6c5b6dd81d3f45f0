"""Workers that are killed while they redeem codes and refresh tokens (RFC 6749 sections 4.1.2 and 6).

EXCHANGES=1000 pytest tests/faults/test_killed_workers.py      as many as the fault matrix asks; a few by default
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from idp.oidc.models import AuthorizationGrant, RefreshToken
from idp.platform.extensions import db
from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty
from tests.support.server import Server, serving
from tests.support.stores import Store

EXCHANGES = int(os.environ.get("EXCHANGES", "40"))
AT_ONCE = 4
WORKERS = 3
BETWEEN_KILLS = 3
"""So many answers come between one kill and the next: however slow the machine is, the workers get somewhere."""

pytestmark = [pytest.mark.slow, pytest.mark.postgres_valkey, pytest.mark.timeout(0 if EXCHANGES > 40 else 300)]


def workers_of(pid: int) -> list[int]:
    """The worker processes of `idp serve`."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in _command(child)]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@dataclass(slots=True)
class Told:
    """What the application was told."""

    outcomes: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How often tokens were given."""
        return self.outcomes["code 200"] + self.outcomes["refresh 200"]

    def ask(self, what: str, ask: httpx.Request, http: httpx.Client) -> httpx.Response | None:
        """One request, sent again with the same value when it got no answer: the one answer that counts."""
        first = self._sent(ask, http)
        again = None
        if first is None or first.status_code >= 500:
            self.outcomes[f"{what} again"] += 1
            again = self._sent(ask, http)
        answer = first if again is None else again
        self.outcomes[f"{what} {answer.status_code if answer else 'never answered'}"] += 1
        if answer and answer.status_code not in {200, 400, 503}:
            self.odd.append(f"{what}: {answer.status_code} {answer.text[:200]}")
        return answer if answer and answer.status_code == 200 else None

    def _sent(self, ask: httpx.Request, http: httpx.Client) -> httpx.Response | None:
        try:
            return http.send(ask)
        except httpx.TransportError:
            self.outcomes["cut off"] += 1
            return None


@pytest.mark.skipif(sys.platform != "linux", reason="the workers are found in /proc")
def test_nothing_is_spent_twice_and_nothing_is_lost_but_what_was_in_flight(store: Store, tmp_path: Path) -> None:
    """Each code and each refresh token gives at most one answer with tokens; every family has exactly one live token.

    What was sent again after its answer was lost may have been redeemed already: then the family is revoked, as RFC 6749
    section 4.1.2 asks, and the person logs in anew.
    """
    told = Told()
    with serving(store, tmp_path, workers=WORKERS) as server:
        world = server.new_world()
        zon = world.tenant("de-zon", security_code=False)
        anna, client = world.user("anna", zon), world.client("books")
        pairs = [(server.browser(), server.relying_party(client)) for _ in range(AT_ONCE)]
        for browser, rp in pairs:
            browser.get(rp.authorize_url()).login(anna)
        left, over = count(), threading.Event()
        killer = threading.Thread(target=_kill, args=(server, over, told))
        killer.start()
        try:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                list(threads.map(lambda pair: _exchange(pair[0], pair[1], told, left), pairs))
        finally:
            over.set()
            killer.join()
        assert told.odd == []
        assert told.outcomes["killed"] > 0, "nobody was killed, so this test shows nothing"
        _look_at_the_rows(server, told)


def _kill(server: Server, over: threading.Event, told: Told) -> None:
    chance = random.Random(17)
    answered = 0
    while not over.wait(0.02):
        workers, now = workers_of(server.pid), told.answered
        if len(workers) == WORKERS and now >= answered:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                told.outcomes["killed"] += 1
                answered = now + BETWEEN_KILLS


def _exchange(browser: Browser, rp: RelyingParty, told: Told, left: count[int]) -> None:
    """Fetch codes, redeem each, and refresh once."""
    while next(left) < EXCHANGES:
        try:
            code = rp.answer(browser.get(rp.authorize_url(scope="openid offline_access")))["code"]
        except (httpx.TransportError, AssertionError):
            told.outcomes["no code"] += 1
            continue
        redeemed = told.ask("code", rp.token_request(grant_type="authorization_code", **rp.redemption(code)), rp.http)
        if redeemed is None:
            continue
        token = redeemed.json()["refresh_token"]
        told.ask("refresh", rp.token_request(grant_type="refresh_token", refresh_token=token), rp.http)


def _look_at_the_rows(server: Server, told: Told) -> None:
    with server.app.app_context():
        unused = sa.select(sa.func.count()).where(
            RefreshToken.grant_id == AuthorizationGrant.id, RefreshToken.used_at.is_(None)
        )
        rows = db.session.execute(
            sa.select(AuthorizationGrant.code_used_at, AuthorizationGrant.revoked_at, unused.scalar_subquery())
        ).all()
        families = Counter((used is not None, revoked is not None, live) for used, revoked, live in rows)
    revoked = sum(number for (_, ended, _), number in families.items() if ended)
    assert set(+families) - {(True, True, 0), (True, True, 1)} <= {(False, False, 0), (True, False, 1)}, families
    again = told.outcomes["code again"] + told.outcomes["refresh again"]
    assert revoked <= again, "a family ends only where something was sent again"
    given, spent = told.outcomes["code 200"], families[True, False, 1] + revoked
    in_flight = told.outcomes["killed"] * AT_ONCE
    assert given <= spent <= given + in_flight, (told.outcomes, families)
    assert told.outcomes["refresh 200"] >= given - in_flight, told.outcomes
