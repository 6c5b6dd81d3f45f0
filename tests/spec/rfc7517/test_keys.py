"""The keys that sign: made once, published before use, kept after it, sealed at rest."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from idp.cli import resealing
from idp.crypto.sealed import SealBroken
from idp.oidc.models import KeyState, SigningKey
from idp.oidc.signing_keys import keyring as keys
from idp.platform.extensions import db
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, Tokens
from tests.support.server import serving
from tests.support.stores import SECRET_KEY, Store, Templates, make_app

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
OTHER_SECRET = "7c3e1f509ab2d486e0f1923847565abcde0f9182736455647382910abcdef012"


def reread(app: Flask) -> None:
    """What a second of waiting would do."""
    app.extensions["idp.oidc.signing_keys.keyring"].forget()


@contextmanager
def no_database() -> Iterator[None]:
    """The database of the running application answers nothing for a while."""

    def gone(*_: Any) -> None:
        raise sa.exc.OperationalError("gone", None, Exception("gone"))

    sa.event.listen(db.engine, "before_cursor_execute", gone)
    try:
        yield
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", gone)


def active(algorithm: str) -> SigningKey:
    """The key that signs."""
    return db.session.scalars(sa.select(SigningKey).filter_by(signs=algorithm)).one()


def without_keys(app: Flask) -> None:
    """A database that has none yet."""
    db.session.execute(sa.delete(SigningKey))
    db.session.commit()
    reread(app)


@pytest.mark.both_stores
def test_several_processes_make_one_set(in_app: Flask) -> None:
    """Each that starts finds the set made, or makes it."""
    without_keys(in_app)
    ready = Barrier(4)

    def start(_: int) -> None:
        with in_app.app_context():
            ready.wait(timeout=300)
            keys.ensure_keys()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(start, range(4)))
    found = keys.every_key()
    assert len(found) == 8
    assert {(key.algorithm, key.state) for key in found} == {
        (algorithm, state) for algorithm in ALGORITHMS for state in (KeyState.ACTIVE, KeyState.NEXT)
    }


def test_one_that_was_slower_finds_the_set_made(in_app: Flask) -> None:
    """Between its look and its writing another process made the keys: it keeps those."""
    without_keys(in_app)
    once: list[bool] = []

    def be_faster(*_: Any) -> None:
        if not once:
            once.append(True)
            with in_app.app_context(), ThreadPoolExecutor(1) as thread:
                thread.submit(_in(in_app, keys.ensure_keys)).result()

    sa.event.listen(db.engine, "commit", be_faster)
    try:
        keys.ensure_keys()
    finally:
        sa.event.remove(db.engine, "commit", be_faster)
    assert len(keys.every_key()) == 8


def _in(app: Flask, call: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        with app.app_context():
            return call()

    return run


def test_a_missing_key_is_made_when_it_is_needed(in_app: Flask, rp: RelyingParty) -> None:
    """A new algorithm, or a first start without the command: the keys that are there stay."""
    kept = active("ES256").kid
    db.session.execute(sa.delete(SigningKey).where(SigningKey.algorithm != "ES256"))
    db.session.commit()
    reread(in_app)
    published = [key["kid"] for key in rp.http.get("/jwks").json()["keys"]]
    assert len(published) == 8
    assert kept in published


def test_keys_of_a_newer_version(in_app: Flask, http: httpx.Client) -> None:
    """An algorithm that only the version that is rolled out beside this one knows: this one leaves its keys alone."""
    before = http.get("/jwks").content
    db.session.add(
        SigningKey(
            kid="new", algorithm="ML-DSA-65", signs="ML-DSA-65", state=KeyState.ACTIVE, private_sealed="", public_jwk={}
        )
    )
    db.session.commit()
    reread(in_app)
    assert http.get("/jwks").content == before


def test_rotation(in_app: Flask, rp: RelyingParty, tokens: Tokens, browser: Browser, clock: MovingClock) -> None:
    """The next key signs, the old one still verifies, and a new next one is published."""
    before = rp.http.get("/jwks")
    turns = keys.rotate()
    assert [turn.waits_until for turn in turns] == [None, None, None, None]
    after = rp.http.get("/jwks")
    assert before.headers["etag"] != after.headers["etag"]
    assert len(after.json()["keys"]) == 12
    fresh = rp.finish(browser.get(rp.authorize_url()))
    kids = {key["kid"] for key in before.json()["keys"]}
    assert _kid(fresh.id_token) in kids - {_kid(tokens.id_token)}
    assert rp.verified(tokens.id_token)["sub"] == fresh.claims["sub"]
    assert rp.userinfo(tokens).status_code == 200


def _kid(token: str) -> str:
    part = token.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["kid"])


def test_a_next_key_is_published_for_a_while_first(in_app: Flask, clock: MovingClock) -> None:
    """Whoever still has an old copy of the set never meets a token that it cannot verify."""
    keys.rotate()
    signing = [active(algorithm).kid for algorithm in ALGORITHMS]
    clock.advance(minutes=9)
    assert all(turn.waits_until and turn.waits_until > clock.now() for turn in keys.rotate())
    assert [active(algorithm).kid for algorithm in ALGORITHMS] == signing
    clock.advance(minutes=1)
    assert all(turn.waits_until is None for turn in keys.rotate())
    assert not {active(algorithm).kid for algorithm in ALGORITHMS} & set(signing)


def test_a_retired_key_is_published_for_a_day(in_app: Flask, http: httpx.Client, clock: MovingClock) -> None:
    """Longer than any token lives; then it is gone from the set, and kept in the database."""
    old = active("RS256").kid
    keys.rotate()
    clock.advance(hours=23)
    reread(in_app)
    assert old in http.get("/jwks").text
    clock.advance(hours=2)
    reread(in_app)
    assert old not in http.get("/jwks").text
    assert old in [key.kid for key in keys.every_key()]


def test_nobody_ever_meets_a_token_that_cannot_be_verified(
    in_app: Flask, http: httpx.Client, clock: MovingClock
) -> None:
    """Section 5: whatever copy of the set a verifier holds, up to five minutes old, while the keys rotate five times.

    And nothing is signed with a key that has retired; each token verifies for the hour that it lives.
    """
    seen: list[tuple[datetime, KeySet, set[str]]] = []
    signed: list[tuple[datetime, str, str]] = []
    rotations = 0
    while rotations < 5 or clock.now() < signed[-1][0]:
        for _ in range(3):
            clock.advance(minutes=1)
            reread(in_app)
            published = http.get("/jwks").json()
            seen.append((clock.now(), KeySet.import_key_set(published), {key["kid"] for key in published["keys"]}))
            for algorithm in ("RS256", "ES256"):
                signed.append((clock.now(), algorithm, keys.sign(algorithm, "JWT", {"iss": "us"})))
                assert _kid(signed[-1][2]) == active(algorithm).kid
        rotations += all(turn.waits_until is None for turn in keys.rotate())
    end = clock.now()
    for at, algorithm, token in signed:
        held = [copy for copy in seen if at - keys.JWKS_MAX_AGE <= copy[0] <= min(end, at + timedelta(hours=1))]
        assert all(_kid(token) in kids for _, _, kids in held)
        assert jwt.decode(token, held[0][1], algorithms=[algorithm]).claims["iss"] == "us"
    assert rotations == 5
    assert len({_kid(token) for _, algorithm, token in signed if algorithm == "ES256"}) >= 5


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.NEXT, KeyState.RETIRED])
def test_a_key_that_was_stolen(
    in_app: Flask, rp: RelyingParty, tokens: Tokens, browser: Browser, state: KeyState
) -> None:
    """Withdrawn at once: not published, and what it signed is worth nothing; the others sign and verify on."""
    if state is KeyState.RETIRED:
        keys.rotate()
    stolen = db.session.scalars(sa.select(SigningKey).filter_by(algorithm="ES256", state=state)).one().kid
    assert keys.revoke(stolen)
    assert stolen not in rp.http.get("/jwks").text
    of = {key.state: key.kid for key in keys.every_key() if key.algorithm == "ES256"}
    assert of[KeyState.REVOKED] == stolen
    assert {KeyState.ACTIVE, KeyState.NEXT} <= of.keys()
    assert rp.userinfo(tokens).status_code == (200 if state is KeyState.NEXT else 401)
    fresh = rp.finish(browser.get(rp.authorize_url()))
    assert rp.userinfo(fresh).status_code == 200
    assert _kid(fresh.access_token) == of[KeyState.ACTIVE] != stolen
    assert not keys.revoke(stolen)
    assert not keys.revoke("no such key")


def test_a_key_that_is_rotated_while_it_is_withdrawn(in_app: Flask) -> None:
    """It is withdrawn all the same, and there is one active and one next key."""
    stolen = active("ES256").kid
    once: list[bool] = []

    def be_faster(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT signing_keys.id") and not once:
            once.append(True)
            with ThreadPoolExecutor(1) as thread:
                thread.submit(_in(in_app, keys.rotate)).result()

    sa.event.listen(db.engine, "after_cursor_execute", be_faster)
    try:
        assert keys.revoke(stolen)
    finally:
        sa.event.remove(db.engine, "after_cursor_execute", be_faster)
    states = [key.state for key in keys.every_key() if key.algorithm == "ES256"]
    assert sorted(states) == [KeyState.ACTIVE, KeyState.NEXT, KeyState.REVOKED]


@pytest.mark.both_stores
def test_two_rotations_at_once_are_one(in_app: Flask) -> None:
    """The slower one finds that the next key signs already, and moves no further."""
    waiting = {key.algorithm: key.kid for key in keys.every_key() if key.state is KeyState.NEXT}
    once: list[bool] = []

    def be_faster(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "signing_keys" in statement and statement.startswith("SELECT signing_keys.id") and not once:
            once.append(True)
            with ThreadPoolExecutor(1) as thread:
                thread.submit(_in(in_app, keys.rotate)).result()

    sa.event.listen(db.engine, "after_cursor_execute", be_faster)
    try:
        turns = keys.rotate()
    finally:
        sa.event.remove(db.engine, "after_cursor_execute", be_faster)
    first, *others = turns
    assert (first.kid, first.waits_until) == (waiting[first.algorithm], None)
    assert all(turn.waits_until for turn in others)
    assert {key.algorithm: key.kid for key in keys.every_key() if key.state is KeyState.ACTIVE} == waiting
    assert len(keys.every_key()) == 12


def test_a_process_reads_the_keys_at_most_once_a_second(in_app: Flask, http: httpx.Client) -> None:
    """What others changed is seen after a second; until then nothing is asked."""
    assert http.get("/jwks").status_code == 200
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(db.engine, "after_cursor_execute", note)
    try:
        http.get("/jwks")
    finally:
        sa.event.remove(db.engine, "after_cursor_execute", note)
    assert not [statement for statement in seen if "signing_keys" in statement]


def test_while_one_thread_reads_the_others_go_on(in_app: Flask) -> None:
    """With the keys that they have."""
    ring = keys.ring()
    keyring = in_app.extensions["idp.oidc.signing_keys.keyring"]
    keyring._read_at -= keys.READ_EVERY_SECONDS
    with keyring._reading:
        assert keys.ring() is ring


@pytest.mark.both_stores
def test_the_key_set_is_answered_while_the_database_is_gone(in_app: Flask, http: httpx.Client) -> None:
    """A process goes on with the keys that it has; one that has none says 503."""
    body = http.get("/jwks").content
    keyring = in_app.extensions["idp.oidc.signing_keys.keyring"]
    with no_database():
        keyring._read_at -= keys.READ_EVERY_SECONDS
        assert http.get("/jwks").content == body
        reread(in_app)
        answer = http.get("/jwks")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
    assert http.get("/jwks").content == body


def test_a_process_reads_the_keys_when_it_starts(app: Flask, http: httpx.Client) -> None:
    """What it has read it answers with, though the database goes away before anybody asks."""
    keys.warm(app)
    with app.app_context(), no_database():
        assert http.get("/jwks").status_code == 200


def test_a_process_starts_without_its_database(app: Flask, http: httpx.Client) -> None:
    """The keys are then read when they are first needed."""
    with app.app_context(), no_database():
        keys.warm(app)
        assert http.get("/jwks").status_code == 503
    assert http.get("/jwks").status_code == 200


def test_a_server_has_its_keys_before_anybody_asks(templates: Templates, tmp_path: Path) -> None:
    """A worker of `idp serve` whose database is lost right after the start still says what verifies its tokens."""
    (tmp_path / "disk").mkdir()
    with serving(templates.sqlite(tmp_path / "disk" / "idp.sqlite"), tmp_path) as server:
        (tmp_path / "disk").rename(tmp_path / "lost")
        answers = [server.browser().http.get(path).status_code for path in ("/jwks", "/readyz")]
        (tmp_path / "lost").rename(tmp_path / "disk")
    assert answers == [200, 503]


def test_a_private_key_is_sealed(in_app: Flask) -> None:
    """Under the secret keys of the settings, for its own row."""
    row = active("RS256")
    assert "PRIVATE" not in row.private_sealed
    assert "d" not in row.public_jwk
    active("ES256").private_sealed = row.private_sealed
    db.session.commit()
    reread(in_app)
    with pytest.raises(SealBroken):
        keys.ring()


def test_another_secret_key(store: Store, rp: RelyingParty, tokens: Tokens) -> None:
    """With the old one behind it everything opens; resealed, the old one is not needed any more."""
    both = make_app(store.settings(secret_keys=f"{OTHER_SECRET},{SECRET_KEY}"))
    with both.app_context():
        (place,) = [place for place in resealing.PLACES if place.table is SigningKey]
        assert [resealing.reseal(place).number for _ in range(2)] == [8, 0]
        db.engine.dispose()
    new = make_app(store.settings(secret_keys=OTHER_SECRET))
    with new.app_context():
        assert keys.verified(tokens.id_token, "JWT")
        assert keys.sign("RS256", "JWT", {"iss": "x"})
        db.engine.dispose()
