"""A company of very many people, made by the database itself in a few seconds.

    fill ─────▶ a company's users, factors, sessions, grants, events, applications
    connect ──▶ accountants of another office
    surround ─▶ other companies, so that a company is a small part of all
    busy ─────▶ what one person did, in years

Ages and kinds differ as in life: most people logged in lately, a third never did, most events are logins. The first
hundred people did and suffered the most, the rarest kinds of event happened in one of ten thousand cases.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

PEOPLE: Final = 20_000
EVENTS: Final = 200_000

_PEOPLE: Final = """INSERT INTO users (id, tenant_id, username, username_key, name, email, type, two_factor_every_30_days,
           epoch, grants_epoch, created_at, updated_at, last_login_at, disabled_at, invited_at)
       SELECT CAST(md5(:name || n) AS uuid), :tenant, u, u, 'Person ' || n, u || '@x.example', 'employee', n % 2 = 0, 1, 1,
           CAST(:now AS timestamptz) - n * interval '20 minutes', :now,
           CASE WHEN n % 3 > 0 THEN CAST(:now AS timestamptz) - n * interval '10 minutes' END,
           CASE WHEN n % 50 = 7 THEN CAST(:now AS timestamptz) END,
           CASE WHEN n % 50 = 8 THEN CAST(:now AS timestamptz) END
       FROM (SELECT n, :name || lpad(n::text, 5, '0') AS u FROM generate_series(1, :people) AS n) AS them"""
_APPLICATIONS: Final = """INSERT INTO clients (id, client_id, tenant_id, name, secret_hash, first_party, require_pkce,
           registration, created_at)
       SELECT gen_random_uuid(), :name || '-application-' || n, :tenant, 'Application ' || n, 'x', false, true,
           '{"redirect_uris": ["https://books.example/cb"], "token_endpoint_auth_method": "client_secret_basic"}', :now
       FROM generate_series(1, 500) AS n"""
_PHONES: Final = """INSERT INTO totp_devices (id, user_id, name, secret_sealed, last_step, created_at)
       SELECT gen_random_uuid(), id, '', 'x', 0, :now FROM users WHERE tenant_id = :tenant AND last_login_at IS NOT NULL"""
_STATEMENTS: Final = (
    _PEOPLE,
    _APPLICATIONS,
    _PHONES,
    """INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, synced, transports, created_at)
       SELECT gen_random_uuid(), id, 'key', decode(md5(id::text), 'hex'), '', 0, true, '[]', :now
       FROM users WHERE tenant_id = :tenant AND username_key LIKE '%1'""",
    """INSERT INTO known_ip_grants (id, user_id, network, user_epoch, tenant_epochs, earned_at, expires_at)
       SELECT gen_random_uuid(), id, '203.0.113.7', 1, '{}', :now, CAST(:now AS timestamptz) + interval '20 days'
       FROM users WHERE tenant_id = :tenant AND two_factor_every_30_days""",
    """INSERT INTO familiar_networks (user_id, network, since, used_at, validated_by_mail)
       SELECT id, '198.51.100.7', :now, :now, false FROM users WHERE tenant_id = :tenant""",
    """INSERT INTO one_time_links (id, user_id, purpose, token_hash, epoch, created_at, expires_at)
       SELECT gen_random_uuid(), id, 'invitation', md5(id::text), 1, :now, :now FROM users WHERE tenant_id = :tenant""",
    """INSERT INTO browser_sessions (id, secret_hash, user_id, tenant_id, evidence, epoch, network, user_agent,
           created_at, seen_at, expires_at, ended_at)
       SELECT gen_random_uuid(), md5(id::text), id, :tenant, '[]', 1, '203.0.113.9', 'Mozilla/5.0', :now,
           CAST(:now AS timestamptz) - random() * interval '8 hours', CAST(:now AS timestamptz) + interval '1 day',
           CASE WHEN username_key LIKE '%5' THEN CAST(:now AS timestamptz) END FROM users WHERE tenant_id = :tenant""",
    """INSERT INTO audit_events (at, kind, tenant_id, user_id, actor_id, network, request_id, detail)
       SELECT CAST(:now AS timestamptz) - n * interval '1 minute',
           CASE WHEN n % 10 < 7 THEN 'login.completed' WHEN n % 10 < 9 THEN 'login.step_failed'
                WHEN n % 10000 = 9 THEN 'client.registered' ELSE 'known_ip.used' END,
           :tenant, CAST(md5(:name || CASE WHEN n % 5 = 0 THEN 1 + n / 5 % 100 ELSE 1 + n % :people END) AS uuid),
           CASE WHEN n % 100 = 1 THEN CAST(md5(:name || 1 + n / 100 % 20) AS uuid) END,
           '203.0.' || n % 100 || '.' || n % 250, 'r' || n, '{"reasons": []}'
       FROM generate_series(1, :events) AS n""",
    """INSERT INTO authorization_grants (id, client_id, user_id, tenant_id, user_epoch, scope, login, request,
           redirect_uri, code_hash, code_expires_at, created_at, expires_at)
       SELECT gen_random_uuid(), c.id, u.id, :tenant, 1, 'openid', '{}', '{}', '', md5(u.id::text), :now, :now, :now
       FROM users AS u, clients AS c WHERE u.tenant_id = :tenant
           AND c.client_id = :name || '-application-' || 1 + abs(hashtext(u.username_key)) % 20""",
    """INSERT INTO support_looks (tenant_id, user_id, name, what, at)
       SELECT :tenant, gen_random_uuid(), 'Hanna', '/console/settings', :now FROM generate_series(1, 3000)""",
    """INSERT INTO people_imports (id, tenant_id, actor_id, state, people, faults, created_at)
       SELECT gen_random_uuid(), :tenant, gen_random_uuid(), 'done', 1, '[]', :now FROM generate_series(1, 3000)""",
    """INSERT INTO initial_access_tokens (id, tenant_id, token_hash, created_at, expires_at)
       SELECT gen_random_uuid(), :tenant, md5(:name || n), :now, :now FROM generate_series(1, 3000) AS n""",
)
_ACCOUNTANTS: Final = """INSERT INTO memberships (id, user_id, tenant_id, created_at)
    SELECT gen_random_uuid(), id, :tenant, :now FROM users WHERE tenant_id = :office AND username_key LIKE '%33'"""

_BUSY: Final = (
    """INSERT INTO audit_events (at, kind, tenant_id, user_id, network, detail)
       SELECT CAST(:now AS timestamptz) - n * interval '10 minutes', CASE WHEN n % 4 = 0 THEN 'login.completed' ELSE
           'known_ip.used' END, :tenant, :user, '203.0.113.7', '{}' FROM generate_series(1, 20000) AS n""",
    """INSERT INTO browser_sessions (id, secret_hash, user_id, tenant_id, evidence, epoch, user_agent, created_at, seen_at,
           expires_at, ended_at)
       SELECT gen_random_uuid(), md5(:user || '-' || n), :user, :tenant, '[]', 1, '', :now, :now, :now,
           CASE WHEN n > 20 THEN CAST(:now AS timestamptz) END FROM generate_series(1, 3000) AS n""",
    """INSERT INTO familiar_networks (user_id, network, since, used_at, validated_by_mail)
       SELECT :user, '192.0.' || n % 8 || '.' || n, :now, :now, false FROM generate_series(1, 200) AS n""",
    """INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, synced, transports, created_at)
       VALUES (gen_random_uuid(), :user, 'key', 'k', '', 0, true, '[]', :now)""",
)


def surround(session: scoped_session[Session], tenant_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Fill other companies with people and applications only: one company is then a small part of all there are."""
    for number, tenant_id in enumerate(tenant_ids):
        facts = {"tenant": tenant_id, "name": f"{number}-", "now": now, "people": PEOPLE}
        for statement in (_PEOPLE, _APPLICATIONS, _PHONES):
            _execute(session, statement, facts)


def fill(session: scoped_session[Session], tenant_id: uuid.UUID, name: str, now: datetime) -> None:
    """Give the company its people, whose usernames begin with `name`, and all that they did."""
    facts = {"tenant": tenant_id, "name": name, "now": now, "people": PEOPLE, "events": EVENTS}
    for statement in _STATEMENTS:
        _execute(session, statement, facts)


def busy(session: scoped_session[Session], user_id: uuid.UUID, tenant_id: uuid.UUID, now: datetime) -> None:
    """Let one person have logged in thousands of times, from many places."""
    for statement in _BUSY:
        _execute(session, statement, {"user": user_id, "tenant": tenant_id, "now": now})


def connect(session: scoped_session[Session], tenant_id: uuid.UUID, office: uuid.UUID, now: datetime) -> None:
    """Let some hundred people of the office work for the company."""
    session.execute(sa.text(_ACCOUNTANTS), {"tenant": tenant_id, "office": office, "now": now})


def _execute(session: scoped_session[Session], statement: str, facts: dict[str, Any]) -> None:
    session.execute(sa.text("SET LOCAL statement_timeout = 0"))
    clause = sa.text(statement)
    session.execute(clause, {name: facts[name] for name in clause._bindparams})
