"""The tables of an import file together, and against what exists. Each check is one function."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain

from idp.accounts.models import User, UserType
from idp.accounts.users import usernames
from idp.provisioning.people.entries import UserEntry
from idp.provisioning.people.existing import Existing
from idp.provisioning.people.faults import Faults, Path, spelled
from idp.provisioning.people.people import People, UserItem

Found = Iterator[tuple[Path, str]]


def check_people(people: People, existing: Existing, faults: Faults) -> None:
    """Add what is wrong with them together."""
    checks = (
        *(check(people) for check in AMONG_THEMSELVES),
        *(check(people, existing) for check in AGAINST_WHAT_EXISTS),
        _unknown_memberships(people, people.slugs | existing.tenants.keys()),
    )
    for path, problem in chain.from_iterable(checks):
        faults.add(path, problem)


def repeated(named: Iterator[tuple[str, Path]]) -> Found:
    """Every name that came before, at its second and later places."""
    first: dict[str, Path] = {}
    for name, path in named:
        if name in first:
            yield path, f"is already the name of {spelled(first[name][:-1])}"
        first.setdefault(name, path)


def _slug_twice(people: People) -> Found:
    yield from repeated((item.entry.slug, (*item.path, "slug")) for item in people.tenants)


def _username_twice(people: People) -> Found:
    """Usernames are unique over all tenants, whatever the case of their letters."""
    named = ((usernames.key(item.entry.username), (*item.path, "username")) for item in people.users)
    yield from repeated(named)


def _new_tenant_needs(people: People, existing: Existing) -> Found:
    for item in people.tenants:
        if item.entry.slug not in existing.tenants and item.entry.name is None:
            yield (*item.path, "name"), "is missing: a new tenant needs it"


def _new_user_needs(people: People, existing: Existing) -> Found:
    for item in people.users:
        if _user(item, existing) is None:
            missing = [key for key in ("name", "email") if getattr(item.entry, key) is None]
            yield from (((*item.path, key), "is missing: a new user needs it") for key in missing)


def _username_taken(people: People, existing: Existing) -> Found:
    """A user stays with their tenant; a name that is taken elsewhere cannot be given again."""
    for item in people.users:
        user = _user(item, existing)
        if user is not None and item.tenant and user.tenant.slug != item.tenant:
            yield (*item.path, "username"), f"is already the name of a user of {user.tenant.slug}"


def _two_passwords(people: People) -> Found:
    for item in people.users:
        if item.entry.password and item.entry.password_hash:
            yield (*item.path, "password_hash"), "cannot stand beside password"


def _memberships_of_accountants(people: People, existing: Existing) -> Found:
    for item in people.users:
        user = _user(item, existing)
        if item.type_unread or _type(item.entry, user) is UserType.ACCOUNTANT:
            continue
        if item.entry.memberships:
            yield (*item.path, "memberships"), "only an accountant may work for other tenants"
        elif user is not None and existing.memberships.get(user.id):
            others = ", ".join(sorted(existing.memberships[user.id].values()))
            yield (*item.path, "type"), f"must stay accountant: the user works for {others}"


def _membership_twice(people: People) -> Found:
    for item in people.users:
        places = [(entry.tenant, _membership(item, place)) for place, entry in enumerate(item.entry.memberships)]
        yield from repeated(iter(places))
        yield from ((path, "is the user's own tenant") for slug, path in places if slug == item.tenant)


def _unknown_memberships(people: People, known: AbstractSet[str]) -> Found:
    """A membership is of a tenant that exists or that the file names."""
    for item in people.users:
        for place, entry in enumerate(item.entry.memberships):
            if entry.tenant not in known:
                yield _membership(item, place), "no tenant of this slug exists or is in the file"


def _user(item: UserItem, existing: Existing) -> User | None:
    return existing.users.get(usernames.key(item.entry.username))


def _type(entry: UserEntry, user: User | None) -> UserType:
    return entry.type or (user.type if user else UserType.EMPLOYEE)


def _membership(item: UserItem, place: int) -> Path:
    return (*item.path, "memberships", place, "tenant")


AMONG_THEMSELVES: tuple[Callable[[People], Found], ...] = (
    _slug_twice,
    _username_twice,
    _two_passwords,
    _membership_twice,
)
AGAINST_WHAT_EXISTS: tuple[Callable[[People, Existing], Found], ...] = (
    _new_tenant_needs,
    _new_user_needs,
    _username_taken,
    _memberships_of_accountants,
)
