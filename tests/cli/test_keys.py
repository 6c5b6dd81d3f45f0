"""`idp keys list|rotate|revoke|new-secret`."""

import json
import re

from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from idp import outbox
from idp.cli import main
from idp.oidc.signing_keys import keyring
from idp.outbox.jobs import PasswordForgotten
from idp.platform.extensions import db
from idp.platform.settings import Settings
from tests.cli.conftest import Idp
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.stores import Store, dispose, make_app
from tests.support.world import World

OTHER = "0" * 63 + "1"


def test_the_first_call_makes_the_keys(idp: Idp) -> None:
    """An active and a next key for each algorithm; again the same ones; never a private part."""
    first = idp("keys", "list", "--json").stdout
    listed = json.loads(first)
    assert sorted((key["algorithm"], key["state"]) for key in listed) == sorted(
        (algorithm, state) for algorithm in ("RS256", "PS256", "ES256", "EdDSA") for state in ("active", "next")
    )
    assert all((key["rotates_at"] is not None) is (key["state"] == "active") for key in listed)
    assert idp("keys", "list", "--json").stdout == first
    assert "PRIVATE" not in first
    assert len(idp("keys", "list").stdout.splitlines()) == 9


def test_rotating_lets_the_next_keys_take_over(idp: Idp, clock: MovingClock) -> None:
    """The next key of each algorithm signs; a second rotation at once waits until the new next ones are known."""
    before = {
        key["algorithm"]: key["kid"]
        for key in json.loads(idp("keys", "list", "--json").stdout)
        if key["state"] == "next"
    }
    turns = json.loads(idp("keys", "rotate", "--json").stdout)
    assert {turn["algorithm"]: turn["kid"] for turn in turns} == before
    assert [turn["waits_until"] for turn in turns] == [None, None, None, None]
    clock.advance(seconds=1)
    assert "may sign from" in idp("keys", "rotate").stdout
    clock.advance(minutes=10)
    assert idp("keys", "rotate").stdout.count("signs from now on") == 4


def test_withdrawing_a_key(idp: Idp) -> None:
    """It is said, once; a name that does not exist is an error."""
    kid = next(key["kid"] for key in json.loads(idp("keys", "list", "--json").stdout) if key["state"] == "active")
    assert idp("keys", "revoke", kid).stdout == f"{kid} is withdrawn\n"
    listed = json.loads(idp("keys", "list", "--json").stdout)
    assert {key["kid"]: key["state"] for key in listed}[kid] == "revoked"
    for name in (kid, "nothing"):
        assert idp("keys", "revoke", name).exit_code == 1


def test_a_new_secret_key_is_one(idp: Idp) -> None:
    """64 hexadecimal digits, another one each time, that the settings accept as random."""
    made = [idp("keys", "new-secret").stdout.strip() for _ in range(2)]
    assert made[0] != made[1]
    for key in made:
        assert re.fullmatch(r"[0-9a-f]{64}", key)
        settings = Settings(issuer="https://login.example", database_url="sqlite://", secret_keys=key)  # type: ignore[arg-type]
        assert settings.unsafe() == []


def test_resealing_lets_the_old_key_go(world: World, store: Store, app: Flask) -> None:
    """Everything at rest is under the new key, once; then the old one is not needed for anything."""
    anna = world.user("anna", world.tenant(code="482915"), totp=True)
    with app.app_context():
        outbox.ask(PasswordForgotten(username="anna"))
        keyring.ensure_keys()
        db.session.commit()
    own = str(store.environment("https://login.informer.example")["IDP_SECRET_KEYS"])
    both = make_app(store.settings(secret_keys=f"{OTHER},{own}"))
    counts = [json.loads(_run(both, "keys", "reseal", "--json").stdout) for _ in range(2)]
    assert [{name: done["resealed"] for name, done in count.items()} for count in counts] == [
        {"signing_keys": 8, "tenants": 1, "totp_devices": 1, "outbox": 1, "people_imports": 0},
        {"signing_keys": 0, "tenants": 0, "totp_devices": 0, "outbox": 0, "people_imports": 0},
    ]
    new = make_app(store.settings(secret_keys=OTHER))
    browser = Browser.within(new, "https://login.informer.example")
    browser.get("/account/").login(anna)
    assert browser.path == "/account/"
    with new.app_context():
        assert keyring.sign("RS256", "JWT", {"iss": "x"})
    assert _run(make_app(store.settings(secret_keys="f" * 63 + "0")), "keys", "reseal").exit_code == 1


def _run(app: Flask, *arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, obj=ScriptInfo(create_app=lambda: app, set_debug_flag=False))
    with app.app_context():
        dispose()
    return result
