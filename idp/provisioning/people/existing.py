"""What exists already of all that an import file names, read in a few queries."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa

from idp.accounts.models import User
from idp.accounts.users import usernames
from idp.platform.extensions import db
from idp.provisioning.people.people import People
from idp.tenancy.models import Membership, Tenant

AT_ONCE = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Existing:
    """Tenants by slug, users by the key of their name, and for each user the tenants they are a member of."""

    tenants: Mapping[str, Tenant]
    users: Mapping[str, User]
    memberships: Mapping[uuid.UUID, Mapping[uuid.UUID, str]]


def look_up(people: People) -> Existing:
    """Read what exists of these people, disabled or not: an operator sees all."""
    users = {user.username_key: user for user in _users(people)}
    memberships: dict[uuid.UUID, dict[uuid.UUID, str]] = {}
    for user_id, tenant_id, slug in _memberships(user.id for user in users.values()):
        memberships.setdefault(user_id, {})[tenant_id] = slug
    return Existing({tenant.slug: tenant for tenant in _tenants(people)}, users, memberships)


def _tenants(people: People) -> Iterator[Tenant]:
    named = {membership.tenant for user in people.users for membership in user.entry.memberships}
    for slugs in parts_of(named | people.slugs):
        yield from db.session.scalars(sa.select(Tenant).where(Tenant.slug.in_(slugs)))


def _users(people: People) -> Iterator[User]:
    for keys in parts_of({usernames.key(item.entry.username) for item in people.users}):
        yield from db.session.scalars(sa.select(User).where(User.username_key.in_(keys)))


def _memberships(user_ids: Iterable[uuid.UUID]) -> Iterator[tuple[uuid.UUID, uuid.UUID, str]]:
    named = sa.select(Membership.user_id, Tenant.id, Tenant.slug).join(Tenant, Tenant.id == Membership.tenant_id)
    for ids in parts_of(user_ids):
        yield from db.session.execute(named.where(Membership.user_id.in_(ids)))


def parts_of(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in parts that fit into one statement."""
    rest = iter(values)
    while part := list(islice(rest, AT_ONCE)):
        yield part
