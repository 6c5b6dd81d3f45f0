"""Sections 2.3 to 2.8: what is sent to whom, and what happens where nobody takes it."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from joserfc import jwe, jws
from joserfc.jwk import ECKey

from idp.cli import main, probes
from idp.oidc.models import Client
from idp.outbox.models import Queued
from idp.platform.extensions import db
from idp.web import outgoing
from tests.spec.openid_connect_backchannel.conftest import OK, Work, told, verified
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.peer import Peer, peer, says
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownUser, World

pytestmark = pytest.mark.settings(issuer="http://localhost:8000")
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "enc"})
NO = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


def log_in(rp: RelyingParty, browser: Browser, user: KnownUser) -> str:
    """The `sid` of the session in which the application got its tokens."""
    return str(rp.finish(browser.get(rp.authorize_url()).login(user)).claims["sid"])


def log_out(browser: Browser) -> None:
    """The person does it."""
    browser.get("/logout").submit("Log out")


@pytest.mark.both_stores
def test_the_application_is_told(
    shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work
) -> None:
    """Sections 2.4 and 2.5: `sub`, and the `sid` that the ID token had; once, each token with an id of its own."""
    sid = log_in(shop, browser, anna)
    log_out(browser)
    assert listener.heard == []
    work()
    work()
    (claims,) = told(shop, listener)
    assert claims["sub"] == str(anna.id)
    assert claims["sid"] == sid
    assert claims["jti"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_signed_like_the_id_token(
    world: World, new_rp: NewRp, listener: Peer, anna: KnownUser, browser: Browser, work: Work, algorithm: str
) -> None:
    """Section 2.4: with the algorithm that the client registered, and sent as a form (section 2.5)."""
    rp = new_rp(world.client("shop", backchannel_logout_uri=listener.url, id_token_signed_response_alg=algorithm))
    log_in(rp, browser, anna)
    log_out(browser)
    work()
    assert told(rp, listener)
    assert jws.extract_compact(listener.forms[0]["logout_token"].encode()).headers()["alg"] == algorithm
    assert b"Content-Type: application/x-www-form-urlencoded" in listener.heard[0]


def test_encrypted_like_the_id_token(
    world: World, new_rp: NewRp, listener: Peer, anna: KnownUser, browser: Browser, work: Work
) -> None:
    """Sections 2.4 and 2.6: who has encrypted ID tokens refuses a logout token in the clear; the header says whose it is."""
    encryption: dict[str, Any] = {
        "id_token_encrypted_response_alg": "ECDH-ES+A256KW",
        "id_token_encrypted_response_enc": "A256GCM",
    }
    shop: dict[str, Any] = {"backchannel_logout_uri": listener.url, "token_endpoint_auth_method": "client_secret_basic"}
    rp = new_rp(world.client("shop", jwks={"keys": [EC.as_dict(private=False)]}, **encryption, **shop))
    browser.get(rp.authorize_url()).login(anna)
    assert rp.redeem(rp.answer(browser)["code"]).status_code == 200
    log_out(browser)
    work()
    (form,) = listener.forms
    registry = jwe.JWERegistry(algorithms=list(encryption.values()), strict_check_header=False)
    opened = jwe.decrypt_compact(form["logout_token"], EC, registry=registry)
    assert (opened.headers()["cty"], opened.headers()["iss"]) == ("JWT", rp.metadata["issuer"])
    assert opened.plaintext
    assert verified(rp, opened.plaintext.decode())["sub"] == str(anna.id)


def test_an_application_that_lost_its_key(
    world: World, new_rp: NewRp, listener: Peer, anna: KnownUser, browser: Browser, work: Work, clock: MovingClock
) -> None:
    """Section 2.6: nothing is sent in the clear; once there is a key it is told."""
    rp = new_rp(world.client("shop", backchannel_logout_uri=listener.url))
    log_in(rp, browser, anna)
    log_out(browser)
    with world.unit_of_work() as session:
        client = session.query(Client).one()
        client.registration = {**client.registration, "id_token_encrypted_response_alg": "ECDH-ES"}
    work()
    assert listener.heard == []
    with world.unit_of_work() as session:
        client = session.query(Client).one()
        client.registration = {**client.registration, "jwks": {"keys": [EC.as_dict(private=False)]}}
    clock.advance(hours=1)
    work()
    assert len(listener.forms) == 1


def test_a_logout_token_is_no_hint(
    shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work
) -> None:
    """Section 4.1: it is taken for nothing else; a later session is not ended by it."""
    log_in(shop, browser, anna)
    log_out(browser)
    work()
    log_in(shop, browser, anna)
    browser.get(shop.logout_url(id_token_hint=listener.forms[0]["logout_token"]))
    assert browser.page.has_field("decision") or "Do you want to log out?" in browser.text
    assert shop.userinfo(listener.forms[0]["logout_token"]).status_code == 401


def test_only_who_got_something_in_this_session(
    world: World,
    new_rp: NewRp,
    shop: RelyingParty,
    rp: RelyingParty,
    anna: KnownUser,
    listener: Peer,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
) -> None:
    """Section 2.3: not an application with an address that had nothing, nor one of another session."""
    with peer(says(OK)) as other:
        log_in(new_rp(world.client("elsewhere", backchannel_logout_uri=other.url)), new_browser(), anna)
        log_in(rp, browser, anna)
        log_out(browser)
        work()
        assert listener.heard == other.heard == []


def test_a_code_that_nobody_redeemed(
    shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work, clock: MovingClock
) -> None:
    """A code that may still be redeemed counts as something; one that is over does not."""
    browser.get(shop.authorize_url()).login(anna)
    log_out(browser)
    work()
    assert len(told(shop, listener)) == 1
    browser.get(shop.authorize_url()).login(anna)
    clock.advance(minutes=2)
    log_out(browser)
    work()
    assert len(listener.heard) == 1


def test_the_row_is_of_the_same_unit_of_work(app: Flask, shop: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """If the end of the session is not kept, nobody is told."""
    log_in(shop, browser, anna)
    log_out(browser)
    with app.app_context():
        assert db.session.scalars(sa.select(Queued.kind)).all() == ["application_to_tell"]


@pytest.mark.parametrize("gone", ["disabled", "no address", "deleted"])
def test_who_cannot_be_told_any_more(
    world: World, shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work, gone: str
) -> None:
    """It is done without a call."""
    log_in(shop, browser, anna)
    log_out(browser)
    with world.unit_of_work() as session:
        row = session.query(Client).filter_by(client_id="shop").one()
        match gone:
            case "disabled":
                row.disabled_at = world._now()
            case "deleted":
                session.delete(row)
            case _:
                row.registration = {k: v for k, v in row.registration.items() if k != "backchannel_logout_uri"}
    work()
    assert listener.heard == []
    with world.unit_of_work() as session:
        assert session.query(Queued).filter(Queued.delivered_at.is_(None)).count() == 0


def test_a_token_is_never_stale(
    world: World, new_rp: NewRp, anna: KnownUser, browser: Browser, work: Work, clock: MovingClock
) -> None:
    """It is signed when it is sent: an application that was away for hours gets one that is fresh, with a new id."""
    with peer(says(NO)) as away:
        shop = new_rp(world.client("shop", backchannel_logout_uri=away.url))
        log_in(shop, browser, anna)
        log_out(browser)
        work()
        (first,) = told(shop, away)
        clock.advance(hours=3)
        work()
        second = told_last(shop, away)
        assert second["iat"] >= first["exp"]
        assert second["jti"] != first["jti"]


def told_last(rp: RelyingParty, listening: Peer) -> dict[str, object]:
    """The newest token's claims."""
    listening.heard[:] = listening.heard[-1:]
    return told(rp, listening)[0]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of a second in place of five."""
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_an_application_that_hangs_holds_up_nobody(
    world: World,
    new_rp: NewRp,
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    new_browser: NewBrowser,
    work: Work,
    app: Flask,
) -> None:
    """Section 2.8: the person is logged out at once; the worker asks it once a round, and the others get theirs."""
    over = threading.Event()

    def hangs(_: socket.socket) -> None:
        over.wait(20)

    with peer(hangs) as silent:
        stuck = new_rp(world.client("stuck", backchannel_logout_uri=silent.url))
        for _ in range(3):
            browser = new_browser()
            log_in(stuck, browser, anna)
            log_in(shop, browser, anna)
            log_out(browser)
            assert "You are logged out" in browser.text
        work()
        over.set()
        assert len(silent.heard) == 1
    assert len(told(shop, listener)) == 3
    with app.app_context():
        waiting = db.session.scalars(sa.select(Queued).where(Queued.due_at.is_not(None), Queued.tries > 0)).all()
        assert [row.tries for row in waiting] == [1, 1, 1]
        assert sorted((row.last_error or "").split(":")[0] for row in waiting) == ["PutOff", "PutOff", "Unreachable"]
        assert "messages to applications" in probes.of_outbox().reason


def test_what_is_given_up_can_be_tried_again(
    app: Flask, shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work, clock: MovingClock
) -> None:
    """After some days it is a dead letter: `idp check` says so, `idp outbox` lists it and has it tried again."""
    log_in(shop, browser, anna)
    log_out(browser)
    clock.advance(days=4)
    work()
    assert listener.heard == []
    listed = run(app, "outbox", "list")
    row_id = listed.splitlines()[1].split()[0]
    assert "application_to_tell" in listed
    with app.app_context():
        assert not probes.of_outbox().ok
    assert "1 will be tried again" in run(app, "outbox", "retry", row_id)
    work()
    assert len(told(shop, listener)) == 1
    assert "was not given up" in run(app, "outbox", "retry", row_id, code=1)
    assert "0 will be tried again" in run(app, "outbox", "retry", "--all")
    with app.app_context():
        assert probes.of_outbox().ok


@pytest.mark.parametrize(
    ("arguments", "code", "says_"),
    [
        ([], 2, "Name one ID"),
        (["x", "--all"], 2, "Name one ID"),
        (["x"], 1, "There is no"),
        ([str(timedelta(1))], 1, "no"),
    ],
    ids=str,
)
def test_what_the_command_refuses(app: Flask, arguments: list[str], code: int, says_: str) -> None:
    """One ID, or all; a name that does not exist ends it with 1."""
    assert says_ in run(app, "outbox", "retry", *arguments, code=code)


def test_late_is_late_without_a_mail_server_too(
    app: Flask, shop: RelyingParty, anna: KnownUser, browser: Browser, clock: MovingClock
) -> None:
    """`idp check` sees that no worker tells the applications."""
    log_in(shop, browser, anna)
    log_out(browser)
    clock.advance(minutes=16)
    with app.app_context():
        assert "overdue" in probes.of_outbox().reason


def run(app: Flask, *arguments: str, code: int = 0) -> str:
    """One command of `idp`."""
    done = CliRunner().invoke(main, arguments, obj=ScriptInfo(create_app=lambda: app))
    assert done.exit_code == code, done.output
    return done.output
