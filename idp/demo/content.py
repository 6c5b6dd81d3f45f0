"""What the demo's database holds: the newest schema, two companies with their people, three applications."""

import logging
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

from flask import Flask

from idp.accounts.factors.second_factors import secret_of
from idp.accounts.users.queries import by_username
from idp.app import create_app
from idp.crypto import totp
from idp.demo.addresses import Addresses
from idp.demo.directory import Directory, Secrets
from idp.platform import clock, schema
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.platform.schema import Schema
from idp.platform.settings import Settings
from idp.provisioning.import_file import import_file
from idp.tenancy.queries import by_slug
from idp.web import logs

HERE = Path(__file__).parent
TENANTS = HERE / "tenants.toml"
CLIENTS = HERE / "clients.toml"
SHORTEST_SECRET = 16


def tenants() -> list[dict[str, Any]]:
    """The companies and people as the file has them, for the table."""
    listed: list[dict[str, Any]] = tomllib.loads(TENANTS.read_text(encoding="utf-8"))["tenants"]
    return listed


def prepare(directory: Directory, secrets: Secrets, addresses: Addresses) -> None:
    """Bring the database to where the demo wants it. Every part of it happens whole or not at all."""
    with _database(directory, secrets, addresses):
        if schema.look() in {Schema.EMPTY, Schema.OLDER}:
            schema.upgrade()
        if by_slug(tenants()[0]["slug"]) is None:
            import_file(str(TENANTS))
        import_file(str(_clients(directory, secrets, addresses)))


def code_of(username: str, directory: Directory, secrets: Secrets, addresses: Addresses) -> str:
    """The TOTP code of this moment: of that user's authenticator, or of a secret that a page shows."""
    with _database(directory, secrets, addresses):
        user = by_username(username)
        if user is not None and user.totp_devices:
            return totp.code_at(secret_of(user.totp_devices[-1]), clock.now())
    if user is not None:
        raise NotFound(
            f"{user.username} has not set up two-factor authentication; give the secret that the page shows."
        )
    secret = totp.read_secret(username)
    if secret is None or len(secret) < SHORTEST_SECRET:
        raise NotFound(f"There is no user {username!r} in this demo.")
    return totp.code_at(secret, clock.now())


@contextmanager
def _database(directory: Directory, secrets: Secrets, addresses: Addresses) -> Iterator[Flask]:
    """An application of our own on the demo's database, whose connections are closed at the end."""
    logs.configure(logging.WARNING)
    app = create_app(_settings(directory, secrets, addresses))
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _settings(directory: Directory, secrets: Secrets, addresses: Addresses) -> Settings:
    values = {"issuer": addresses.issuer, "database_url": directory.database_url, "secret_keys": secrets.secret_key}
    return Settings(**values)  # type: ignore[arg-type]  # pydantic reads the key


def _clients(directory: Directory, secrets: Secrets, addresses: Addresses) -> Path:
    """The applications' file for these addresses."""
    filled = Template(CLIENTS.read_text(encoding="utf-8")).substitute(
        sample_app=addresses.sample_app,
        sample_app_secret=secrets.sample_app,
        partner_app_secret=secrets.partner_app,
        night_export_secret=secrets.night_export,
    )
    file = directory.path / CLIENTS.name
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(filled, encoding="utf-8")
    return file
