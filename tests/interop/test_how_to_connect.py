"""What the console says to write in an application's code, run as it is printed."""

import os
from types import ModuleType

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.console import connecting
from idp.extensions import db
from idp.oidc.models import Client
from tests.interop.conftest import Case


def printed(case: Case, name: str) -> str:
    """The text of that way for the application of the case."""
    with case.live.app.app_context():
        client = db.session.scalars(sa.select(Client).where(Client.client_id == case.client.client_id)).one()
        (text,) = [way.text for way in connecting.ways(client) if way.name == name]
        db.session.remove()
        return text


def test_flask(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who is not logged in to the application is led to the login, and comes back with a name."""
    monkeypatch.setenv("INFORMER_CLIENT_SECRET", case.client.client_secret or "")
    monkeypatch.setenv("SECRET_KEY", os.urandom(16).hex())
    module = ModuleType("app")
    exec(compile(printed(case, "flask"), "app.py", "exec"), module.__dict__)
    application: Flask = module.app
    there, at = application.test_client(), case.client.redirect_uri.rpartition("/")[0]
    assert there.get("/me", at).headers["Location"] == "/login"
    back = case.callback(there.get("/login", at).headers["Location"])
    assert there.get(back).headers["Location"] == "/me"
    assert there.get("/me", at).json["name"] == case.anna.name  # type: ignore[index]
