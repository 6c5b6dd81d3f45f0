"""A user comes to be, gets another password, is disabled and enabled: what ends with each, and what is written down."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from idp.accounts.models import User
from idp.accounts.users import lifecycle
from idp.accounts.users.lifecycle import NewUser
from idp.accounts.users.queries import by_username
from idp.audit.models import AuditEvent
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.tenancy.models import Tenant
from tests.support.world import KnownTenant, KnownUser, World

NEW = NewUser(username="Bert", name="Bert", email="bert@de-zon.example")
ACTOR = uuid.UUID(int=7)


@pytest.fixture
def zon(world: World) -> KnownTenant:
    return world.tenant("de-zon")


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon)


@pytest.fixture
def row(in_app: Flask, anna: KnownUser) -> User:
    """Anna's row."""
    return db.session.get_one(User, anna.id)


def events(kind: str) -> list[tuple[Any, ...]]:
    """The audit events of that kind: whose, and by whom."""
    db.session.commit()
    return [(event.user_id, event.actor_id) for event in db.session.query(AuditEvent).filter_by(kind=kind)]


def epochs(anna: KnownUser) -> tuple[int, int]:
    """What the database has of Anna's two epochs."""
    db.session.commit()
    found = db.session.get_one(User, anna.id, populate_existing=True)
    return found.epoch, found.grants_epoch


def test_a_user_comes_to_be(in_app: Flask, zon: KnownTenant) -> None:
    """Known by the name however it is written; without a password nobody can log in; it is written down by whom."""
    made = lifecycle.create_user(db.session.get_one(Tenant, zon.id), NEW, ACTOR)
    assert events("user.created") == [(made.id, ACTOR)]
    assert by_username("BERT") is made
    assert made.password_hash is None


def test_a_name_is_one_persons(in_app: Flask, zon: KnownTenant) -> None:
    """In all tenants, and in whatever case."""
    tenant = db.session.get_one(Tenant, zon.id)
    lifecycle.create_user(tenant, NEW)
    with pytest.raises(IntegrityError):
        lifecycle.create_user(tenant, NewUser(username="bert", name="Other", email="o@de-zon.example"))


def test_another_password(row: User, anna: KnownUser) -> None:
    """What hung on the old one ends, it is written down by whom, and the person is told."""
    before = epochs(anna)
    lifecycle.set_password(row, hasher().hash("koude-krentenbol"), ACTOR)
    assert epochs(anna) == (before[0] + 1, before[1] + 1)
    assert events("user.password_changed") == [(anna.id, ACTOR)]
    assert [type(mail).__name__ for mail in anna.mails()] == ["PasswordChanged"]
    assert hasher().verify(row.password_hash, "koude-krentenbol")
    assert not hasher().verify(row.password_hash, anna.password)


def test_a_user_is_disabled(row: User, anna: KnownUser) -> None:
    """Sessions, evidence, grants and tokens end at once and for good; doing it again does nothing."""
    before = epochs(anna)
    assert lifecycle.disable(row, ACTOR)
    ended = epochs(anna)
    assert ended == (before[0] + 1, before[1] + 1)
    assert row.disabled_at
    assert not lifecycle.disable(row, ACTOR)
    assert epochs(anna) == ended
    assert events("user.disabled") == [(anna.id, ACTOR)]


def test_a_user_is_enabled_again(row: User, anna: KnownUser) -> None:
    """From nothing: what ended stays ended; who is not disabled is not enabled."""
    assert not lifecycle.enable(row, ACTOR)
    lifecycle.disable(row)
    ended = epochs(anna)
    assert lifecycle.enable(row, ACTOR)
    assert row.disabled_at is None
    assert epochs(anna) == ended
    assert events("user.enabled") == [(anna.id, ACTOR)]


def test_no_step_of_the_epochs_is_lost(row: User, anna: KnownUser, world: World) -> None:
    """Two changes that began from the same row count as two, and what was changed before is kept."""
    first = row.epoch
    with world.unit_of_work() as other:
        lifecycle.next_epoch(other.get(User, anna.id))
    row.name = "Anna Bakker"
    lifecycle.next_epoch(row)
    assert (row.epoch, row.name) == (first + 2, "Anna Bakker")
    assert epochs(anna)[0] == first + 2
