"""Both databases keep the same promises; a database that is gone is 503 and comes back alone."""

import stat
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, StatementError

from idp.platform.extensions import changed, changed_rows, db
from idp.platform.settings import Settings
from idp.tenancy.models import Tenant
from tests.support.postgres import PostgresServer, free_port
from tests.support.stores import ISSUER, SECRET_KEY, make_app
from tests.support.world import World

SIXTEEN = 16
both = pytest.mark.both_stores


@both
def test_of_sixteen_conditional_updates_one_wins(app: Flask, world: World) -> None:
    """One-time things are spent by UPDATE … WHERE unused, also after a read in the same unit of work."""
    slug = world.tenant("de-zon").slug
    ready = threading.Barrier(SIXTEEN)

    def spend(number: int) -> int:
        with app.app_context():
            name = db.session.scalars(sa.select(Tenant.name).where(Tenant.slug == slug)).one()
            ready.wait(10)
            changed = sa.update(Tenant).where(Tenant.slug == slug, Tenant.name == name).values(name=f"spent {number}")
            won: int = db.session.execute(changed).rowcount  # type: ignore[attr-defined]
            db.session.commit()
            return won

    with ThreadPoolExecutor(SIXTEEN) as threads:
        assert sum(threads.map(spend, range(SIXTEEN))) == 1


@both
def test_what_is_done_once_is_of_one_row(in_app: Flask, world: World) -> None:
    """`changed` says whether one row was; of several rows it is no answer, and `changed_rows` says how many."""
    for slug in ("a", "b"):
        world.tenant(slug)
    every, one = sa.update(Tenant).values(name="same"), sa.update(Tenant).where(Tenant.slug == "a").values(name="one")
    assert changed(one.where(Tenant.name != "one"))
    assert not changed(one.where(Tenant.name != "one"))
    with pytest.raises(MultipleResultsFound):
        changed(every)
    db.session.rollback()
    assert changed_rows(every) == 2
    assert changed_rows(every.where(Tenant.slug == "c")) == 0


@both
def test_a_read_sees_what_was_committed_since(app: Flask, world: World) -> None:
    """READ COMMITTED: a unit of work that has only read holds no snapshot."""
    slug = world.tenant("de-zon").slug
    name = sa.select(Tenant.name).where(Tenant.slug == slug)
    with app.app_context():
        first = db.session.execute(name).scalar_one()
        with ThreadPoolExecutor(1) as other:
            other.submit(_rename, app, slug, "renamed").result()
        assert db.session.execute(name).scalar_one() == "renamed" != first


def _rename(app: Flask, slug: str, name: str) -> None:
    with app.app_context():
        db.session.execute(sa.update(Tenant).where(Tenant.slug == slug).values(name=name))
        db.session.commit()


@both
def test_what_is_not_committed_is_rolled_back(app: Flask, world: World) -> None:
    """The end of a request undoes what no view committed."""
    slug = world.tenant("de-zon").slug
    with app.app_context():
        db.session.execute(sa.update(Tenant).where(Tenant.slug == slug).values(name="half"))
    with app.app_context():
        assert db.session.execute(sa.select(Tenant.name).where(Tenant.slug == slug)).scalar_one() != "half"


@both
@pytest.mark.own_app
@pytest.mark.parametrize("text", ["de-zon\0", "\0", "\ud800", "de-\udfffzon"], ids=ascii)
def test_what_is_no_text_reaches_no_database(app: Flask, world: World, text: str) -> None:
    """R85: whatever brought it here, to look for or to keep, one row or many: 400, never an error of the driver."""
    tenant = world.tenant("de-zon")

    @app.get("/looks")
    def looks() -> str:
        return str(db.session.scalar(sa.select(Tenant.id).where(Tenant.slug == text)))

    @app.get("/writes")
    def writes() -> str:
        db.session.execute(sa.update(Tenant).where(Tenant.id == tenant.id).values(name=text))
        return "written"

    @app.get("/writes-many")
    def writes_many() -> str:
        db.session.execute(sa.insert(Tenant), [{"slug": "a", "name": "a"}, {"slug": "b", "name": text}])
        return "written"

    client = app.test_client()
    assert [client.get(path).status_code for path in ("/looks", "/writes", "/writes-many")] == [400, 400, 400]


@pytest.mark.own_app
@pytest.mark.postgres_valkey
def test_what_does_not_fit_a_column_is_400(app: Flask, world: World) -> None:
    """R85: a value that is too long is whoever's who sent it."""
    tenant = world.tenant("de-zon")

    @app.get("/writes")
    def writes() -> str:
        db.session.execute(sa.update(Tenant).where(Tenant.id == tenant.id).values(name="x" * 1000))
        return "written"

    answer = app.test_client().get("/writes", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@both
def test_foreign_keys_are_kept(in_app: Flask) -> None:
    """Nobody belongs to a tenant that does not exist."""
    users = sa.inspect(db.engine).get_foreign_keys("users")
    assert users
    with pytest.raises(IntegrityError):
        db.session.execute(
            sa.text(
                "INSERT INTO totp_devices (id, user_id, name, secret_sealed, last_step, created_at)"
                " VALUES (:id, :user, '', '', 0, :now)"
            ),
            {"id": uuid.uuid4().hex, "user": uuid.uuid4().hex, "now": "2026-11-24 00:00:00"},
        )


@both
def test_a_moment_comes_back_as_it_was(in_app: Flask, world: World) -> None:
    """Aware, in UTC, to the microsecond, whatever zone it was given in."""
    slug = world.tenant("de-zon").slug
    moment = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    db.session.execute(sa.update(Tenant).where(Tenant.slug == slug).values(created_at=moment))
    found = db.session.execute(sa.select(Tenant.created_at).where(Tenant.slug == slug)).scalar_one()
    assert found == moment
    assert found.tzinfo is UTC


def test_a_moment_without_a_zone_is_a_mistake(in_app: Flask) -> None:
    """A naive datetime is refused, not guessed at."""
    with pytest.raises(StatementError, match="time zone"):
        db.session.execute(sa.select(Tenant).where(Tenant.created_at < datetime(2026, 1, 1)))  # noqa: DTZ001


def test_the_file_of_sqlite_is_private(in_app: Flask, tmp_path: Path) -> None:
    """Readable for its owner only, and so are its journals."""
    app = make_app(Settings(issuer=ISSUER, secret_keys=(SECRET_KEY,), database_url=f"sqlite:///{tmp_path}/new.db"))
    with app.app_context():
        db.session.execute(sa.text("CREATE TABLE t (n INTEGER)"))
        db.session.commit()
        files = list(tmp_path.glob("new.db*"))
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        db.engine.dispose()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


def test_a_database_that_never_was_is_503(tmp_path: Path) -> None:
    """With Retry-After, in the form of whoever asks; and the process lives."""
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    client = make_app(Settings(issuer=ISSUER, secret_keys=(SECRET_KEY,), database_url=url)).test_client()
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["database"]) == (503, "unavailable")
    assert ready.headers["Retry-After"]
    assert client.get("/healthz").status_code == 200


def test_a_database_that_dies_is_503_and_comes_back_alone(app: Flask, own_postgres: PostgresServer) -> None:
    """A killed connection and a stopped server are 503; the next request after the start is answered."""
    settings = Settings(issuer=ISSUER, secret_keys=(SECRET_KEY,), database_url=own_postgres.url())
    app = make_app(settings)

    @app.get("/asks")
    def asks() -> str:
        return str(db.session.execute(sa.text("SELECT 41 + 1")).scalar_one())

    client = app.test_client()
    assert client.get("/asks").text == "42"
    own_postgres.stop()
    page = client.get("/asks")
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "try again" in page.text
    own_postgres.start()
    assert client.get("/asks").text == "42"
    with app.app_context():
        db.engine.dispose()
