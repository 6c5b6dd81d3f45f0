"""Who of a company is safe: the people who can log in, and what protects them, page by page.

    everybody · unsafe: no second factor that counts · absent: no login for ninety days      (Which)
    unconfirmed: nothing mailed to the address came back · unchecked: no breach service was asked for the password
    by username · by last login, those who never logged in first                             (Order)

A second factor counts as it does in a login: a passkey only where the company takes them and this provider can. Both
orders go on after the last person of the page before, by an index; the second one has two parts, since databases do
not agree where "never" sorts.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from idp.accounts.models import User
from idp.accounts.users import directory, mailbox, queries, usernames
from idp.accounts.users.directory import Page
from idp.platform import clock
from idp.platform.extensions import db
from idp.tenancy.models import Tenant

PAGE = 50
ABSENT_AFTER = timedelta(days=90)


class Which(enum.StrEnum):
    """Whom the list shows."""

    EVERYBODY = "everybody"
    UNSAFE = "unsafe"
    ABSENT = "absent"
    UNCONFIRMED = "unconfirmed"
    UNCHECKED = "unchecked"


class Order(enum.StrEnum):
    """Who comes first."""

    USERNAME = "username"
    LAST_LOGIN = "last_login"


@dataclass(frozen=True, slots=True)
class Question:
    """What the list is asked. `after`: the username that the page before ended with."""

    which: Which = Which.EVERYBODY
    order: Order = Order.USERNAME
    search: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """How many people can log in, how many of them have a second factor that counts, how many were absent."""

    people: int
    safe: int
    absent: int


def page_of(tenant: Tenant, asked: Question, size: int = PAGE) -> Page:
    """Some of the people whom the question is about."""
    found: list[User] = []
    for part in _parts(tenant, asked):
        found += db.session.scalars(part.limit(size + 1 - len(found)))
        if len(found) > size:
            return Page(found[:size], found[size - 1].username)
    return Page(found, None)


def everyone(tenant: Tenant, asked: Question, size: int = 500) -> Iterator[Sequence[User]]:
    """All of them, heap by heap; no transaction is open between two heaps."""
    page = page_of(tenant, asked, size)
    while page.people:
        yield page.people
        db.session.rollback()
        if page.after is None:
            return
        page = page_of(tenant, replace(asked, after=page.after), size)


def figures(tenant: Tenant) -> Figures:
    """The figures of this moment, in one statement."""
    number = sa.func.count()
    counted = sa.select(number, number.filter(queries.has_second_factor(tenant)), number.filter(_absent()))
    return Figures(*db.session.execute(counted.where(*queries.able_in(tenant.id))).one())


def _parts(tenant: Tenant, asked: Question) -> Iterator[sa.Select[User]]:
    people = _wanted(tenant, asked)
    key = directory.by_code_points(User.username_key)
    later = key > usernames.key(asked.after[: usernames.LONGEST])
    match asked.order:
        case Order.USERNAME:
            yield people.where(later).order_by(key)
        case Order.LAST_LOGIN:
            last = _last_login_of(tenant, asked.after)
            never = people.where(User.last_login_at.is_(None)).order_by(key)
            once = people.where(User.last_login_at.is_not(None)).order_by(User.last_login_at, key)
            if last is None:
                yield never.where(later)
                yield once
            else:
                same = sa.and_(User.last_login_at == last, later)
                yield once.where(User.last_login_at >= last, sa.or_(User.last_login_at > last, same))


def _wanted(tenant: Tenant, asked: Question) -> sa.Select[User]:
    people = sa.select(User).options(selectinload(User.passkeys)).where(*queries.able_in(tenant.id))
    if words := asked.search[: directory.LONGEST_SEARCH].strip():
        people = people.where(directory.found_by(words))
    match asked.which:
        case Which.EVERYBODY:
            return people
        case Which.UNSAFE:
            return people.where(~queries.has_second_factor(tenant))
        case Which.ABSENT:
            return people.where(_absent())
        case Which.UNCONFIRMED:
            return people.where(~mailbox.confirmed())
        case Which.UNCHECKED:
            return people.where(User.password_hash.is_not(None), User.password_checked_at.is_(None))


def _absent() -> sa.ColumnElement[bool]:
    return sa.func.coalesce(User.last_login_at, User.created_at) < clock.now() - ABSENT_AFTER


def _last_login_of(tenant: Tenant, username: str) -> sa.ColumnElement[object] | None:
    key = usernames.key(username[: usernames.LONGEST])
    of = sa.select(User.last_login_at).where(User.tenant_id == tenant.id, User.username_key == key)
    found = db.session.scalar(of)
    return None if found is None else sa.literal(found, User.last_login_at.type)
