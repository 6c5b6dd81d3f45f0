"""What the stores hold: neither a handle nor a value that anybody could read, move or make."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
from flask import Flask
from sqlalchemy import select, update

from idp import shortlived
from idp.crypto import opaque
from idp.platform.extensions import db
from idp.shortlived.models import ShortLivedValue
from tests.shortlived.conftest import Where

LIFETIME = timedelta(minutes=1)
on_valkey = pytest.mark.parametrize("where", [Where.VALKEY_AND_SQLITE], ids=str)
on_sql = pytest.mark.parametrize("where", [Where.SQLITE, Where.POSTGRES], ids=str)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def client(stores: Flask) -> redis.Redis:
    return redis.Redis.from_url(stores.extensions["idp.platform.settings"].redis_url)


@on_valkey
def test_redis_knows_neither_handle_nor_value(client: redis.Redis) -> None:
    """The key is the digest of the handle; the value is sealed; it leaves by itself some minutes after its end."""
    handle = shortlived.put("code", {"nonce": "n-0S6_WzA2Mj"}, LIFETIME)
    (key,) = client.keys()
    assert key == f"idp:shortlived:code:{opaque.digest(handle)}".encode()
    assert handle[1:].encode() not in key
    assert b"n-0S6" not in (client.get(key) or b"n-0S6")
    assert 60 < client.ttl(key) <= 60 + 600


@on_sql
@pytest.mark.usefixtures("stores")
def test_sql_knows_neither_handle_nor_value() -> None:
    """The row has the digest of the handle and a sealed value."""
    handle = shortlived.put("code", {"nonce": "n-0S6_WzA2Mj"}, LIFETIME)
    row = db.session.execute(select(ShortLivedValue)).scalar_one()
    assert row.digest == opaque.digest(handle)
    assert "n-0S6" not in row.sealed


@on_valkey
@pytest.mark.parametrize("poison", [b"", b"{}", b"\xff\xfe", b"A" * 1000], ids=["empty", "json", "no text", "letters"])
def test_a_poisoned_key_is_no_value(client: redis.Redis, poison: bytes) -> None:
    """What somebody else wrote under our key is not a value: it cannot say that a password was proved."""
    handle = shortlived.put("login", {"proved": []}, LIFETIME)
    client.set(f"idp:shortlived:login:{opaque.digest(handle)}", poison)
    assert shortlived.get("login", handle) is None
    assert not shortlived.replace("login", handle, {})
    assert shortlived.take("login", handle) is None


@on_valkey
def test_a_value_moved_to_another_key_is_no_value(client: redis.Redis) -> None:
    """A sealed value opens only under its own handle: one login's evidence cannot be copied over another's."""
    mine = shortlived.put("login", {"proved": []}, LIFETIME)
    theirs = shortlived.put("login", {"proved": ["password"]}, LIFETIME)
    client.copy(
        f"idp:shortlived:login:{opaque.digest(theirs)}", f"idp:shortlived:login:{opaque.digest(mine)}", replace=True
    )
    assert shortlived.get("login", mine) is None
    assert shortlived.get("login", theirs) == {"proved": ["password"]}


@on_valkey
def test_a_key_of_another_type_is_no_value(client: redis.Redis) -> None:
    """A list under our key is a refusal of the server, and so nothing."""
    handle = "r" + opaque.new()
    client.lpush(f"idp:shortlived:login:{opaque.digest(handle)}", "x")
    assert shortlived.get("login", handle) is None
    assert shortlived.take("login", handle) is None


@on_sql
@pytest.mark.usefixtures("stores")
def test_the_end_in_the_column_is_not_the_end() -> None:
    """The end is sealed with the value: a row that is made to live longer does not."""
    handle = shortlived.put("code", {}, timedelta(0))
    db.session.execute(update(ShortLivedValue).values(expires_at=ShortLivedValue.expires_at))
    assert shortlived.get("code", handle) is None


@on_valkey
def test_redis_forgetting_a_take_gives_nothing_a_second_time(client: redis.Redis) -> None:
    """A server that comes back from an older snapshot, or a replica that had not heard: what was taken stays taken."""
    handle = shortlived.put("code", {"n": 1}, LIFETIME)
    key = f"idp:shortlived:code:{opaque.digest(handle)}"
    snapshot = client.dump(key)
    assert shortlived.take("code", handle) == {"n": 1}
    db.session.commit()
    assert snapshot
    client.restore(key, 0, snapshot)
    assert shortlived.take("code", handle) is None


@on_sql
@pytest.mark.usefixtures("stores")
def test_a_take_that_is_rolled_back_did_not_happen() -> None:
    """In SQL the value is spent with what was made of it, or not at all."""
    handle = shortlived.put("code", {"n": 1}, LIFETIME)
    db.session.commit()
    assert shortlived.take("code", handle) == {"n": 1}
    db.session.rollback()
    assert shortlived.take("code", handle) == {"n": 1}
