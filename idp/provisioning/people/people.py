"""The tenants and users of an import file, read table by table. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from idp.provisioning.people.document import Document, check_tables
from idp.provisioning.people.entries import TenantEntry, UserEntry, read_entry
from idp.provisioning.people.faults import Faults, Path

USERS = "users"


@dataclass(frozen=True, slots=True)
class TenantItem:
    """A tenant of the file: where it stands, what it says."""

    path: Path
    entry: TenantEntry


@dataclass(frozen=True, slots=True)
class UserItem:
    """A user of the file: where it stands, what it says, the slug of its tenant (empty: cannot be read).

    `type_unread`: it has a type, which cannot be read.
    """

    path: Path
    entry: UserEntry
    tenant: str
    type_unread: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """All of them, in the file's order. `slugs`: every tenant that the file names."""

    tenants: tuple[TenantItem, ...]
    users: tuple[UserItem, ...]

    @property
    def slugs(self) -> frozenset[str]:
        """The slugs of the file's tenants."""
        return frozenset(item.entry.slug for item in self.tenants)


def read_people(document: Document, faults: Faults) -> People:
    """Every tenant and user whose name can be read. Whatever is wrong in one is a fault."""
    tenants: list[TenantItem] = []
    users: list[UserItem] = []
    for path, table in document.tables("tenants"):
        own = {key: value for key, value in table.items() if key != USERS}
        entry = read_entry(TenantEntry, own, path, faults)
        if entry:
            tenants.append(TenantItem(path, entry))
        check_tables(table.get(USERS, []), (*path, USERS), faults)
        users += _users(document, path, entry.slug if entry else "", faults)
    return People(tuple(tenants), tuple(users))


def _users(document: Document, tenant: Path, slug: str, faults: Faults) -> Iterator[UserItem]:
    for path, table in document.tables(*tenant, USERS):
        entry = read_entry(UserEntry, table, path, faults)
        if entry:
            yield UserItem(path, entry, slug, type_unread="type" in table and entry.type is None)
