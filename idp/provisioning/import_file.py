"""The applications of an import file, and the import as a whole.

    import_file ─▶ accounts.importing: tenants, users ─┐
                └▶ here: [[clients]] ──────────────────┴─▶ no fault? ─▶ passwords hashed ─▶ all written ─▶ one commit

The keys of `ClientEntry` are ours; every other key of a client's table is registration metadata by its name in RFC 7591
and OpenID Connect Registration, and `metadata.validated` judges the whole of it: what is stored already, with what
the file names on top.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, SecretStr
from sqlalchemy.exc import IntegrityError

from idp.audit.events import ClientChanged, ClientRegistered
from idp.audit.record import record
from idp.crypto import opaque
from idp.oidc.clients.metadata import Registration
from idp.oidc.clients.validation import InvalidMetadata, guard_faults, validated
from idp.oidc.models import Client
from idp.platform import settings
from idp.platform.errors import Conflict
from idp.platform.extensions import db
from idp.provisioning import placeholders
from idp.provisioning.people.apply import Writer, new_passwords
from idp.provisioning.people.checks import check_people, repeated
from idp.provisioning.people.document import Document, check_top, read
from idp.provisioning.people.entries import LONGEST_NAME, Entry, Slug, read_entry, secret, text
from idp.provisioning.people.existing import look_up, parts_of
from idp.provisioning.people.faults import Faults, Path
from idp.provisioning.people.people import read_people
from idp.provisioning.people.report import Change
from idp.tenancy.models import Tenant

LONGEST_CLIENT_ID, LONGEST_SECRET = 200, 256
SHORTEST_SECRET, FEWEST_CHARACTERS = 12, 5
"""What a person's password must have at the least; ours have 256 random bits (RFC 6749 section 10.10)."""
_CLIENT_ID = re.compile(r"[\x21-\x7e]+")


def _client_id(value: str) -> str:
    """RFC 6749 appendix A.1: visible ASCII; we want no blanks in it."""
    if len(value) > LONGEST_CLIENT_ID or not _CLIENT_ID.fullmatch(value):
        raise ValueError(f"must have 1 to {LONGEST_CLIENT_ID} visible ASCII characters")
    return value


def _client_secret(value: str) -> str:
    """RFC 6749 appendix A.2, and long enough not to be searched for."""
    if not SHORTEST_SECRET <= len(value) <= LONGEST_SECRET or not value.isascii() or not value.isprintable():
        raise ValueError(f"must have {SHORTEST_SECRET} to {LONGEST_SECRET} printable ASCII characters")
    if placeholders.is_one(value):
        raise ValueError("is the placeholder of an example, which everybody knows: write a random text of your own")
    if len(set(value)) < FEWEST_CHARACTERS:
        raise ValueError(f"must have {FEWEST_CHARACTERS} different characters at least: write a random text")
    return value


class ClientEntry(Entry):
    """`[[clients]]`, without its registration metadata."""

    client_id: Annotated[str, AfterValidator(_client_id)]
    client_secret: Annotated[SecretStr, secret(_client_secret)] | None = None
    name: Annotated[str, text(LONGEST_NAME)] | None = None
    tenant: Slug | None = None
    first_party: bool | None = None
    require_pkce: bool | None = None


CLIENT_KEYS = frozenset(ClientEntry.model_fields)


@dataclass(frozen=True, slots=True)
class ClientItem:
    """A client of the file: where it stands, what it says, and the metadata that it names."""

    path: Path
    entry: ClientEntry
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExistingClients:
    """Clients by id, and the ids of the tenants that the file's clients name."""

    clients: Mapping[str, Client]
    tenants: Mapping[str, Tenant]


def import_file(name: str, *, set_credentials: bool = False) -> list[Change]:
    """Create and change what the file of that name says, all of it in one transaction, which this function commits.

    Raises `Refused` with every fault of the file, `Conflict` when somebody else changed the same things meanwhile.
    """
    document, faults = read(name), Faults()
    check_top(document, faults)
    people, clients = read_people(document, faults), read_clients(document, faults)
    existing, existing_clients = look_up(people), look_up_clients(clients)
    check_people(people, existing, faults)
    check_clients(clients, existing_clients, people.slugs, faults, set_credentials=set_credentials)
    document.refuse(faults)
    passwords = new_passwords(people, existing, set_credentials=set_credentials)
    try:
        changes = list(Writer(existing, set_credentials, passwords).write(people))
        changes += write_clients(clients, existing_clients, set_credentials=set_credentials)
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise Conflict("Somebody else changed the same things at this moment; import again.") from error
    return changes


def read_clients(document: Document, faults: Faults) -> tuple[ClientItem, ...]:
    """Every client that can be read."""
    return tuple(_clients(document, faults))


def _clients(document: Document, faults: Faults) -> Iterator[ClientItem]:
    for path, table in document.tables("clients"):
        own = {key: value for key, value in table.items() if key in CLIENT_KEYS}
        metadata = {key: value for key, value in table.items() if key not in CLIENT_KEYS}
        entry = read_entry(ClientEntry, own, path, faults)
        if entry:
            yield ClientItem(path, entry, metadata)


def look_up_clients(items: Sequence[ClientItem]) -> ExistingClients:
    """Read what exists of these items."""
    clients: dict[str, Client] = {}
    tenants: dict[str, Tenant] = {}
    for ids in parts_of(item.entry.client_id for item in items):
        found = db.session.scalars(sa.select(Client).where(Client.client_id.in_(ids)))
        clients.update({client.client_id: client for client in found})
    for slugs in parts_of({item.entry.tenant for item in items if item.entry.tenant}):
        tenants.update({tenant.slug: tenant for tenant in db.session.scalars(_tenants(slugs))})
    return ExistingClients(clients, tenants)


def _tenants(slugs: Sequence[str]) -> sa.Select[Tenant]:
    return sa.select(Tenant).where(Tenant.slug.in_(slugs))


def check_clients(
    items: Sequence[ClientItem],
    existing: ExistingClients,
    slugs: frozenset[str],
    faults: Faults,
    *,
    set_credentials: bool,
) -> None:
    """Add what is wrong with the clients, among themselves and against what exists. `slugs`: the file's tenants."""
    known = slugs | existing.tenants.keys()
    for path, problem in repeated((item.entry.client_id, (*item.path, "client_id")) for item in items):
        faults.add(path, problem)
    for item in items:
        if item.entry.tenant and item.entry.tenant not in known:
            faults.add((*item.path, "tenant"), "no tenant of this slug exists or is in the file")
        client = existing.clients.get(item.entry.client_id)
        if client is None and item.entry.name is None:
            faults.add((*item.path, "name"), "is missing: a new client needs it")
        registration = _registration(item, client, faults)
        if registration:
            _check_secret(item, client, registration, faults, set_credentials=set_credentials)
            _check_pkce(item, client, registration, faults)


def _registration(item: ClientItem, client: Client | None, faults: Faults) -> Registration | None:
    merged = _merged(item, client)
    try:
        registration = validated(merged, issuer_is_loopback=settings.current().development)
        json.dumps(merged, allow_nan=False)
    except InvalidMetadata as error:
        for key, problem in error.faults:
            faults.add((*item.path, key), problem)
    except (TypeError, ValueError):
        faults.add(item.path, "holds a value that JSON does not have, such as a date")
    else:
        return registration
    return None


def _merged(item: ClientItem, client: Client | None) -> dict[str, Any]:
    return {**(client.registration if client else {}), **item.metadata}


def _check_secret(
    item: ClientItem, client: Client | None, registration: Registration, faults: Faults, *, set_credentials: bool
) -> None:
    """A client that authenticates with a secret has one; another has no use for it."""
    path, method = (*item.path, "client_secret"), registration.token_endpoint_auth_method
    if not registration.uses_secret:
        if item.entry.client_secret:
            faults.add(path, f"is of no use with token_endpoint_auth_method {method}")
    elif client is None or client.secret_hash is None:
        if item.entry.client_secret is None:
            faults.add(path, f"is missing: token_endpoint_auth_method is {method}")
        elif client is not None and not set_credentials:
            faults.add(path, "the client exists and has none yet: import with --set-credentials")


def _check_pkce(item: ClientItem, client: Client | None, registration: Registration, faults: Faults) -> None:
    """RFC 9700 section 2.1.1, for what the file names and what is stored already."""
    required = item.entry.require_pkce
    if required is None:
        required = client.require_pkce if client else True
    for key, problem in guard_faults(registration, require_pkce=required):
        faults.add((*item.path, key), problem)


def write_clients(items: Sequence[ClientItem], existing: ExistingClients, *, set_credentials: bool) -> Iterator[Change]:
    """Write the clients; say what changed, in the file's order. The tenants of the file are written already."""
    tenants = dict(existing.tenants)
    for item in items:
        client = existing.clients.get(item.entry.client_id)
        tenant_id = _tenant(item.entry.tenant, tenants).id if item.entry.tenant else None
        named: dict[str, Any] = {"tenant_id": tenant_id, "name": item.entry.name, "first_party": item.entry.first_party}
        named |= {"require_pkce": item.entry.require_pkce, "registration": _merged(item, client)}
        if client is None or set_credentials:
            named["secret_hash"] = _digest(item.entry)
        named = {column: value for column, value in named.items() if value is not None}
        if client is None:
            db.session.add(Client(client_id=item.entry.client_id, **named))
            made = ClientRegistered(tenant_id=tenant_id, client_id=item.entry.client_id, without=_without(item))
            record(made)
            yield Change("client", item.entry.client_id, created=True)
        elif fields := list(_differing(client, named, item)):
            record(ClientChanged(tenant_id=client.tenant_id, client_id=client.client_id, fields=fields))
            yield Change("client", client.client_id, created=False, fields=fields)
    db.session.flush()


def _without(item: ClientItem) -> list[str]:
    """The guards against injected codes that a new client is registered without."""
    said = {"require_pkce": item.entry.require_pkce, "require_nonce": item.metadata.get("require_nonce")}
    return [key for key, value in said.items() if value is False]


def _tenant(slug: str, tenants: dict[str, Tenant]) -> Tenant:
    if slug not in tenants:
        tenants[slug] = db.session.scalars(_tenants([slug])).one()
    return tenants[slug]


def _digest(entry: ClientEntry) -> str | None:
    return opaque.digest(entry.client_secret.get_secret_value()) if entry.client_secret else None


_CALLED = {"tenant_id": "tenant", "secret_hash": "client_secret"}


def _differing(client: Client, named: Mapping[str, Any], item: ClientItem) -> Iterator[str]:
    """Set what differs, and name it as the file does."""
    before = client.registration
    for column, value in named.items():
        if value != getattr(client, column):
            setattr(client, column, value)
            if column == "secret_hash":
                client.old_secret_hash = None
            if column == "registration":
                yield from (key for key in item.metadata if item.metadata[key] != before.get(key))
            else:
                yield _CALLED.get(column, column)
