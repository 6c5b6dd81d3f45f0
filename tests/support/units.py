"""Which events of the audit log are written in one transaction with the change that they describe.

`Units()` listens to every engine of this process. A transaction that is committed with an event in it, and without a write
to a table that the event is about, is kept in `alone`; `seen` has the kinds that were committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

ATTEMPT: tuple[str, ...] = ()
"""The event is all that is kept: something was tried and refused, or looked at, and nothing changed."""

CHANGES: Mapping[str, tuple[str, ...]] = {
    "client.changed": ("clients",),
    "client.deleted": ("clients",),
    "client.device_allowed": ("device_authorizations",),
    "client.disabled": ("clients",),
    "client.enabled": ("clients",),
    "client.logouts_retried": ("outbox",),
    "client.registered": ("clients",),
    "client.registration_allowed": ("initial_access_tokens",),
    "client.registration_stopped": ("initial_access_tokens",),
    "client.secret_renewed": ("clients",),
    "consent.given": ("consents",),
    "consent.withdrawn": ("consents",),
    "familiar_network.forgotten": ("familiar_networks",),
    "familiar_network.validated": ATTEMPT,
    "helpdesk.access_given": ("support_accesses",),
    "helpdesk.access_revoked": ("support_accesses",),
    "keys.revoked": ("signing_keys",),
    "keys.rotated": ("signing_keys",),
    "known_ip.chosen": ("users",),
    "known_ip.granted": ("known_ip_grants",),
    "known_ip.revoked": ("known_ip_grants",),
    "known_ip.used": ("known_ip_grants",),
    "login.completed": ("browser_sessions",),
    "login.refused": ATTEMPT,
    "login.step_failed": ATTEMPT,
    "login.tries_delayed": ATTEMPT,
    "membership.begun": ("memberships",),
    "membership.code_made": ("connect_codes",),
    "membership.code_refused": ATTEMPT,
    "membership.ended": ("memberships",),
    "passkey.copied": ATTEMPT,
    "passkey.renamed": ("passkeys",),
    "recovery_codes.renewed": ("recovery_codes",),
    "recovery_codes.used": ("recovery_codes",),
    "session.ended": ("browser_sessions",),
    "session.tenant_switched": ("browser_sessions",),
    "tenant.audit_retention_chosen": ("tenants",),
    "tenant.changed": ("tenants",),
    "tenant.created": ("tenants",),
    "tenant.disabled": ("tenants",),
    "tenant.enabled": ("tenants",),
    "tenant.people_import_confirmed": ("people_imports",),
    "tenant.people_import_stopped": ("people_imports",),
    "tenant.policy_changed": ("tenants",),
    "tenant.security_code_rotated": ("tenants",),
    "tenant.security_code_shown": ATTEMPT,
    "tenant.two_factor_day_moved": ("tenants",),
    "tenant.two_factor_day_removed": ("tenants",),
    "tenant.two_factor_day_set": ("tenants",),
    "token.code_reused": ("authorization_grants",),
    "token.refresh_token_reused": ("authorization_grants",),
    "two_factor.authenticator_added": ("totp_devices",),
    "two_factor.authenticator_removed": ("totp_devices",),
    "two_factor.authenticator_renamed": ("totp_devices",),
    "two_factor.reminded": ("outbox",),
    "two_factor.removed": ("totp_devices", "passkeys"),
    "two_factor.reset": ("totp_devices", "passkeys"),
    "two_factor.set_up": ("totp_devices", "passkeys"),
    "user.block_new_ip_chosen": ("users",),
    "user.changed": ("users", "memberships"),
    "user.created": ("users",),
    "user.disabled": ("users",),
    "user.enabled": ("users",),
    "user.invitation_accepted": ("users",),
    "user.invitation_mailed": ("one_time_links",),
    "user.invitation_withdrawn": ("users",),
    "user.invited": ("outbox",),
    "user.login_disowned": ("users",),
    "user.password_changed": ("users",),
    "user.password_reset_mailed": ("one_time_links",),
    "user.signed_out_everywhere": ("users",),
    "user.type_changed": ("users",),
}
"""Of each kind the tables of which one, at least, is written in the same transaction."""

_WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')
_UNIT = "tests.unit"


@dataclass(eq=False)
class Units:
    """What was committed together, on every engine of this process."""

    seen: set[str] = field(default_factory=set)
    alone: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[Units]:
        """Listen until the end of the block."""
        ears: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._write,
            "commit": self._commit,
            "rollback": _forget,
        }
        for name, ear in ears.items():
            sa.event.listen(sa.Engine, name, ear)
        yield self
        for name, ear in ears.items():
            sa.event.remove(sa.Engine, name, ear)

    def _write(self, connection: sa.Connection, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if found := _WRITE.match(statement):
            unit: set[str] = connection.info.setdefault(_UNIT, set())
            unit.add(found[1])
            if found[1] == "audit_events":
                unit |= CHANGES.keys() & _texts(values)

    def _commit(self, connection: sa.Connection) -> None:
        unit: set[str] = connection.info.pop(_UNIT, set())
        kinds = unit & CHANGES.keys()
        self.seen |= kinds
        self.alone += [kind for kind in kinds if CHANGES[kind] and not unit & set(CHANGES[kind])]


def _forget(connection: sa.Connection) -> None:
    connection.info.pop(_UNIT, None)


def _texts(values: Any) -> set[str]:
    """The texts among the values of a statement, however they are nested."""
    match values:
        case str():
            return {values}
        case dict():
            return set().union(*(_texts(value) for value in values.values()))
        case list() | tuple():
            return set().union(*(_texts(value) for value in values))
        case _:
            return set()
