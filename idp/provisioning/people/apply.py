"""Writing what an import file says. Everything was checked before; the caller commits once.

    tenants first (memberships may name any of them) ──▶ users ──▶ memberships

A field is written only where it differs, so the same file again changes nothing.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from idp.accounts.factors.second_factors import add_totp, remove_totp, secret_of
from idp.accounts.models import User, UserType
from idp.accounts.users import lifecycle, usernames
from idp.accounts.users.lifecycle import NewUser
from idp.audit.events import TenantChanged, TenantCreated, TwoFactorSetUp, UserChanged
from idp.audit.record import record
from idp.crypto import opaque
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.provisioning.people.entries import TenantEntry, UserEntry
from idp.provisioning.people.existing import Existing
from idp.provisioning.people.people import People, UserItem
from idp.provisioning.people.report import Change
from idp.tenancy.changes import change_policy, made_up_code, rotate_security_code, seal_security_code
from idp.tenancy.models import Membership, Tenant
from idp.tenancy.policy import ZONE, Plan, decided
from idp.tenancy.queries import security_code_of

PARTICULARS = ("username", "name", "email", "type", "locale", "phone", "two_factor_every_30_days")


@dataclass(slots=True)
class Writer:
    """One import on its way. `set_credentials`: those of owners who exist are looked at, and set where they differ.

    `passwords`: by the key of the username, as `new_passwords` made them.
    """

    existing: Existing
    set_credentials: bool
    passwords: Mapping[str, str]

    def write(self, people: People) -> Iterator[Change]:
        """Write everything; say what changed, in the file's order."""
        tenants = dict(self.existing.tenants)
        for item in people.tenants:
            yield from self._tenant(item.entry, tenants)
        for user in people.users:
            yield from self._user(user, tenants)

    def _tenant(self, entry: TenantEntry, tenants: dict[str, Tenant]) -> Iterator[Change]:
        tenant = tenants.get(entry.slug)
        if tenant is None:
            code = entry.security_code.get_secret_value() if entry.security_code else made_up_code()
            tenants[entry.slug] = _new_tenant(entry, code)
            note = "" if entry.security_code else f"security code {code}, made up"
            yield Change("tenant", entry.slug, created=True, note=note)
        elif fields := [*_renamed(tenant, entry), *_policy(tenant, entry), *self._security_code(tenant, entry)]:
            yield Change("tenant", entry.slug, created=False, fields=fields)

    def _security_code(self, tenant: Tenant, entry: TenantEntry) -> Iterator[str]:
        if entry.security_code is None or not self.set_credentials:
            return
        code = entry.security_code.get_secret_value()
        if not opaque.same(security_code_of(tenant), code):
            rotate_security_code(tenant, code)
            yield "security_code"

    def _user(self, item: UserItem, tenants: dict[str, Tenant]) -> Iterator[Change]:
        user = self.existing.users.get(usernames.key(item.entry.username))
        if user is None:
            user = self._new_user(item.entry, tenants[item.tenant])
            list(self._memberships(user, item.entry, tenants))
            yield Change("user", user.username, created=True)
            return
        fields = [*_particulars(user, item.entry), *self._memberships(user, item.entry, tenants)]
        if fields:
            record(UserChanged(tenant_id=user.tenant_id, user_id=user.id, fields=fields))
        if self.set_credentials:
            fields += [*self._password(user, item.entry), *_totp(user, item.entry)]
        if fields:
            yield Change("user", user.username, created=False, fields=fields)

    def _memberships(self, user: User, entry: UserEntry, tenants: dict[str, Tenant]) -> Iterator[str]:
        """Those that the file names are added; others stay."""
        has = self.existing.memberships.get(user.id, {})
        missing = [tenants[m.tenant] for m in entry.memberships if tenants[m.tenant].id not in has]
        db.session.add_all(Membership(user_id=user.id, tenant_id=tenant.id) for tenant in missing)
        if missing:
            yield "memberships"

    def _new_user(self, entry: UserEntry, tenant: Tenant) -> User:
        new = NewUser(
            username=entry.username,
            name=entry.name or "",
            email=entry.email or "",
            type=entry.type or UserType.EMPLOYEE,
            locale=entry.locale,
            two_factor_every_30_days=bool(entry.two_factor_every_30_days),
            password_hash=self._hash_of(entry),
            phone=entry.phone,
            address=_address(entry),
        )
        user = lifecycle.create_user(tenant, new)
        if entry.totp_secret:
            _set_up(user, entry.totp_secret.get_secret_value())
        return user

    def _password(self, user: User, entry: UserEntry) -> Iterator[str]:
        password_hash = self._hash_of(entry)
        if password_hash and not opaque.same(password_hash, user.password_hash or ""):
            lifecycle.set_password(user, password_hash)
            yield "password" if entry.password else "password_hash"

    def _hash_of(self, entry: UserEntry) -> str | None:
        """What the file says, as a hash: None for nothing, and for the password that the user has."""
        if entry.password:
            return self.passwords.get(usernames.key(entry.username))
        return entry.password_hash.get_secret_value() if entry.password_hash else None


def new_passwords(people: People, existing: Existing, *, set_credentials: bool) -> Mapping[str, str]:
    """The hashes of the passwords to set, by the key of the username: made before the first write, as they take long.

    Whoever exists and has that password already is not among them.
    """
    named = {usernames.key(item.entry.username): item.entry.password for item in people.users if item.entry.password}
    return {
        key: hasher().hash(password.get_secret_value())
        for key, password in named.items()
        if _sets(existing.users.get(key), password.get_secret_value(), set_credentials=set_credentials)
    }


def _sets(user: User | None, password: str, *, set_credentials: bool) -> bool:
    return user is None or (set_credentials and not hasher().verify(user.password_hash, password))


def _new_tenant(entry: TenantEntry, code: str) -> Tenant:
    tenant_id, plan = uuid.uuid4(), _asked(entry, Plan())
    tenant = Tenant(
        id=tenant_id,
        slug=entry.slug,
        name=entry.name,
        locale=entry.locale or "nl",
        timezone=entry.timezone or ZONE,
        security_code_sealed=seal_security_code(tenant_id, code),
        **asdict(plan.policy),
    )
    db.session.add(tenant)
    db.session.flush()
    record(TenantCreated(tenant_id=tenant_id, slug=entry.slug))
    change_policy(tenant, plan)
    return tenant


def _renamed(tenant: Tenant, entry: TenantEntry) -> list[str]:
    named = {field: getattr(entry, field) for field in ("name", "locale", "timezone")}
    fields = [field for field, value in named.items() if value not in (None, getattr(tenant, field))]
    for field in fields:
        setattr(tenant, field, named[field])
    if fields:
        record(TenantChanged(tenant_id=tenant.id, fields=fields))
    return fields


def _policy(tenant: Tenant, entry: TenantEntry) -> Iterator[str]:
    before, after = tenant.plan, _asked(entry, tenant.plan)
    if change_policy(tenant, after):
        was = _fields(before)
        yield from (f"policy.{name}" for name, value in _fields(after).items() if value != was[name])


def _asked(entry: TenantEntry, plan: Plan) -> Plan:
    """The plan with what the file names. The switch and the day are one decision: a day is one for two-factor."""
    named = entry.policy.model_dump(exclude_none=True)
    day, mandatory = named.pop("two_factor_mandatory_from", None), named.pop("two_factor_mandatory", None)
    policy = replace(plan.policy, **named)
    if day is None and mandatory is None:
        return replace(plan, policy=policy)
    return decided(policy, mandatory=bool(day or mandatory), since=day)


def _fields(plan: Plan) -> Mapping[str, object]:
    return {**asdict(plan.policy), "two_factor_mandatory_from": plan.two_factor_mandatory_from}


def _address(entry: UserEntry) -> dict[str, str] | None:
    return entry.address.model_dump(exclude_none=True) if entry.address else None


def _particulars(user: User, entry: UserEntry) -> Iterator[str]:
    named = {**{field: getattr(entry, field) for field in PARTICULARS}, "address": _address(entry)}
    for field, value in named.items():
        if value is not None and value != getattr(user, field):
            _set_particular(user, field, value)
            if field == "two_factor_every_30_days" and not value:
                lifecycle.next_epoch(user)  # known-IP grants end with the choice, and do not come back with it
            yield field


def _set_particular(user: User, field: str, value: Any) -> None:
    if field == "type":
        lifecycle.set_type(user, value)
    else:
        setattr(user, field, value)


def _totp(user: User, entry: UserEntry) -> Iterator[str]:
    if entry.totp_secret is None:
        return
    secret = entry.totp_secret.get_secret_value()
    known = [secret_of(device) for device in user.totp_devices]
    if len(known) == 1 and opaque.same(known[0], secret):
        return
    remove_totp(user)
    _set_up(user, secret)
    lifecycle.next_epoch(user)
    yield "totp_secret"


def _set_up(user: User, secret: str) -> None:
    add_totp(user, secret)
    record(TwoFactorSetUp(tenant_id=user.tenant_id, user_id=user.id, factor="totp"))
