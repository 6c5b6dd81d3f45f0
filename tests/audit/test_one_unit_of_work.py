"""R71: an event is kept if, and only if, the change that it describes is kept; who, whose and when are columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.models import User, UserType
from idp.accounts.users import administration, lifecycle
from idp.accounts.users.lifecycle import NewUser
from idp.audit import events
from idp.audit.events import Event
from idp.audit.models import AuditEvent
from idp.audit.record import record
from idp.login.core.types import Evidence, Factor, StepName
from idp.login.trust import known_ip
from idp.platform import clock
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.tenancy import changes
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Plan, Policy
from tests.support.units import CHANGES, Units
from tests.support.world import KnownUser, World

NETWORK = "203.0.113.7"
SECRET = re.compile(r"password|secret|token|cookie|code|link", re.IGNORECASE)


@pytest.fixture
def anna(in_app: Flask, world: World) -> KnownUser:
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


def user(anna: KnownUser) -> User:
    return db.session.get_one(User, anna.id)


def tenant(anna: KnownUser) -> Tenant:
    return db.session.get_one(Tenant, anna.tenant.id)


def proof(anna: KnownUser) -> Evidence:
    factors = frozenset({Factor.TOTP})
    return Evidence(StepName.TOTP, clock.now(), factors, epoch=user(anna).epoch, network=NETWORK)


def disabled_and_enabled(anna: KnownUser) -> None:
    lifecycle.disable(user(anna))
    lifecycle.enable(user(anna))


def made_and_used(anna: KnownUser) -> None:
    known_ip.earn(user(anna), proof(anna), None)
    known_ip.used(user(anna), NETWORK)


EVENTS = [found for found in vars(events).values() if isinstance(found, type) and issubclass(found, Event)]
Act = Callable[[KnownUser], object]
ACTS: list[tuple[str, Act]] = [
    ("known_ip.granted", lambda anna: known_ip.earn(user(anna), proof(anna), None)),
    ("known_ip.used", made_and_used),
    ("known_ip.revoked", lambda anna: known_ip.revoke_all(user(anna))),
    ("known_ip.chosen", lambda anna: known_ip.choose(user(anna), on=False)),
    (
        "tenant.policy_changed",
        lambda anna: changes.change_policy(tenant(anna), Plan(Policy(session_hours=1))),
    ),
    ("tenant.two_factor_day_set", lambda anna: changes.change_policy(tenant(anna), Plan(Policy(), date(2026, 12, 1)))),
    ("tenant.security_code_rotated", lambda anna: changes.rotate_security_code(tenant(anna))),
    ("user.created", lambda anna: lifecycle.create_user(tenant(anna), NewUser(username="b", name="B", email="b@x"))),
    ("user.password_changed", lambda anna: lifecycle.set_password(user(anna), hasher().hash("zeven gele fietsen"))),
    ("user.disabled", lambda anna: lifecycle.disable(user(anna))),
    ("user.enabled", disabled_and_enabled),
    ("user.type_changed", lambda anna: administration.change_type(user(anna), UserType.ACCOUNTANT, user(anna))),
    ("user.block_new_ip_chosen", lambda anna: administration.choose_block_new_ip(user(anna), True, user(anna))),
    ("two_factor.reset", lambda anna: administration.reset_two_factor(user(anna), user(anna))),
]


def everything() -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables that a change may touch."""
    names = ("tenants", "users", "known_ip_grants", "totp_devices", "audit_events", "outbox")
    tables = [table for name, table in db.metadata.tables.items() if name in names]
    return {table.name: [tuple(row) for row in db.session.execute(sa.select(table))] for table in tables}


def kinds() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEvent.kind)))


@pytest.mark.parametrize(("kind", "act"), ACTS, ids=[kind for kind, _ in ACTS])
def test_with_its_change_or_not_at_all(anna: KnownUser, kind: str, act: Act) -> None:
    """Rolled back, neither is there; committed, both are, and the event says whose it is and when."""
    before = everything()
    act(anna)
    db.session.flush()
    assert kind in kinds()
    db.session.rollback()
    assert everything() == before
    act(anna)
    db.session.commit()
    assert kind in kinds()
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == kind)).one()
    assert (event.tenant_id, event.at) == (anna.tenant.id, clock.now())


def test_every_kind_names_its_change() -> None:
    """A kind without a word about what is written with it is seen here; the stories of `tests/flows` hold it."""
    assert {event.kind for event in EVENTS if event is not Event} == set(CHANGES)


def test_an_event_without_its_change_is_heard(anna: KnownUser) -> None:
    """The ear itself: an event that is committed after its change, in a transaction of its own, is found."""
    with Units().listening() as heard:
        lifecycle.disable(user(anna))
        db.session.commit()
        assert (heard.seen, heard.alone) == ({"user.disabled"}, [])
        record(events.UserEnabled(tenant_id=anna.tenant.id, user_id=anna.id))
        db.session.commit()
    assert heard.alone == ["user.enabled"]


def test_every_kind_has_its_own_name() -> None:
    """Each event is of a kind that no other has, in two parts."""
    named = [event.kind for event in EVENTS if event is not Event]
    assert len(named) == len(set(named))
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", kind) for kind in named)


def test_nothing_secret_has_a_place() -> None:
    """R72: no event has a field for a password, a code, a token, a cookie or a link."""
    names = {f"{event.__name__}.{field.name}" for event in EVENTS for field in fields(event)}
    assert [name for name in names if SECRET.search(name.partition(".")[2])] == []
