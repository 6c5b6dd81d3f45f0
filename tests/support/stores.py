"""Where state lives during a test.

    sqlite-alone      a SQLite file, no Redis          (what most tests use: quick)
    postgres-valkey   PostgreSQL, and Valkey as cache  (`@pytest.mark.both_stores` asks for this one as well)

Both begin as a copy of a template that the migrations made once.
"""

from __future__ import annotations

import enum
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from idp.app import create_app
from idp.oidc.signing_keys import keyring
from idp.platform import clock, paths
from idp.platform.extensions import db
from idp.platform.settings import Settings
from tests.support.postgres import Databases

SECRET_KEY = "5f0c2d9e41b7a836c5d1e0f9284b6a7390ce1d2f3a4b5c6d7e8f90a1b2c3d4e5"
ISSUER = "https://login.informer.example"
KEYS_MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


class StoreKind(enum.StrEnum):
    """The two ways in which the product may be run."""

    SQLITE_ALONE = "sqlite-alone"
    POSTGRES_VALKEY = "postgres-valkey"


@dataclass(frozen=True, slots=True)
class Store:
    """The addresses of one test's stores."""

    kind: StoreKind
    database_url: str
    redis_url: str | None = None

    def settings(self, **changes: object) -> Settings:
        """Settings for an application on these stores; `changes` by the names of `Settings`."""
        values: dict[str, object] = {
            "issuer": ISSUER,
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "secret_keys": SECRET_KEY,
            "metrics_token": "metrics-token-of-the-tests",
        }
        return Settings(**{**values, **changes})  # type: ignore[arg-type]

    def environment(self, issuer: str) -> dict[str, str]:
        """The same settings for a process."""
        values = {"IDP_ISSUER": issuer, "IDP_DATABASE_URL": self.database_url, "IDP_SECRET_KEYS": SECRET_KEY}
        return values | ({"IDP_REDIS_URL": self.redis_url} if self.redis_url else {})


def make_app(settings: Settings) -> Flask:
    """The product, on these settings."""
    return create_app(settings)


def migrate(store: Store) -> None:
    """Bring an empty database to the newest schema, as `idp migrate` does, and make the signing keys."""
    app = make_app(store.settings())
    with app.app_context():
        upgrade(directory=str(paths.MIGRATIONS))
        with clock.source(lambda: KEYS_MADE_AT):
            keyring.ensure_keys()
        dispose()


def dispose() -> None:
    """Close every pooled connection of the running application."""
    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()


class Templates:
    """Migrated databases, made at their first use, of which every test gets a copy."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._sqlite: Path | None = None
        self._postgres: str | None = None

    def sqlite(self, copy: Path) -> Store:
        """A SQLite file of this test's own, in the place of whatever was there."""
        if self._sqlite is None:
            template = self.directory / "template.sqlite"
            migrate(Store(StoreKind.SQLITE_ALONE, f"sqlite:///{template}"))
            self._sqlite = template
        for part in copy.parent.glob(f"{copy.name}*"):
            part.unlink()
        for part in self.directory.glob("template.sqlite*"):
            shutil.copy(part, copy.with_name(part.name.replace("template.sqlite", copy.name)))
        return Store(StoreKind.SQLITE_ALONE, f"sqlite:///{copy}")

    def postgres(self, databases: Databases, redis_url: str | None, name: str | None = None) -> Store:
        """A PostgreSQL database of this test's own, by this name where one is given."""
        if self._postgres is None:
            template = databases.create()
            migrate(Store(StoreKind.POSTGRES_VALKEY, databases.address(template)))
            self._postgres = template
        name = databases.create(self._postgres, name)
        return Store(StoreKind.POSTGRES_VALKEY, databases.address(name), redis_url)


def drop(store: Store, databases: Databases) -> None:
    """Remove a PostgreSQL database that a test is done with."""
    databases.drop(str(make_url(store.database_url).database))
