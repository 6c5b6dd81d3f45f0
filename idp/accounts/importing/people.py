"""The tenants and users of an import file, read table by table. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from idp.accounts.importing.document import Document, check_tables
from idp.accounts.importing.entries import TenantEntry, UserEntry, read_entry
from idp.accounts.importing.faults import Faults, Path

USERS = "users"


@dataclass(frozen=True, slots=True)
class UserItem:
    """A user of the file: where it stands, what it says, the slug of its tenant."""

    path: Path
    entry: UserEntry
    tenant: str


@dataclass(frozen=True, slots=True)
class TenantItem:
    """A tenant of the file, with those of its users that can be read."""

    path: Path
    entry: TenantEntry
    users: Sequence[UserItem]


def read_people(document: Document, faults: Faults) -> tuple[TenantItem, ...]:
    """Every tenant that can be read, with its users. Whatever is wrong in one that cannot is a fault."""
    return tuple(_tenants(document, faults))


def _tenants(document: Document, faults: Faults) -> Iterator[TenantItem]:
    for path, table in document.tables("tenants"):
        own = {key: value for key, value in table.items() if key != USERS}
        entry = read_entry(TenantEntry, own, path, faults)
        check_tables(table.get(USERS, []), (*path, USERS), faults)
        users = tuple(_users(document, path, entry.slug if entry else "", faults))
        if entry:
            yield TenantItem(path, entry, users)


def _users(document: Document, tenant: Path, slug: str, faults: Faults) -> Iterator[UserItem]:
    for path, table in document.tables(*tenant, USERS):
        entry = read_entry(UserEntry, table, path, faults)
        if entry:
            yield UserItem(path, entry, slug)


def slugs_named(document: Document) -> frozenset[str]:
    """The slugs of all tenants in the file, also of those that cannot be read."""
    return frozenset(str(table.get("slug")) for _, table in document.tables("tenants"))


def all_users(tenants: Sequence[TenantItem]) -> Iterator[UserItem]:
    """The users of all tenants, in the file's order."""
    for tenant in tenants:
        yield from tenant.users
