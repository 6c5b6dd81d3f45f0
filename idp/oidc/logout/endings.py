"""Authorizations that end although nobody logs out; their sessions may go on, or may have ended long ago.

    the user's proof moved on (another password, disabled …) ─▶ ProofEnded ─────────┐
    a membership, or the helpdesk's access, is over ──────────▶ RightEnded ─────────┤   idp worker: sessions that cannot
    a user works for no other companies any more ─────────────▶ WorkElsewhereEnded ─┼─▶ go on end by name, authorizations
    a company is disabled ────────────────────────────────────▶ CompanyDisabled ────┘   end, applications are told
    an administrator ends a guest's session for the company ──▶ session_ended_for: at once
    a user takes back what an application was allowed ────────▶ consent_withdrawn: at once
    a code or a refresh token came twice ─────────────────────▶ leaked: told in the unit of work that revokes

All of it is dead at every use from its moment on (authorizations.py). An application hears of each ending once, and of
none that its session's end has told it. It is not told of what it gave back itself (RFC 7009).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from idp.accounts.models import User
from idp.login.models import BrowserSession
from idp.login.session import sweep
from idp.oidc.logout import backchannel
from idp.oidc.models import AuthorizationGrant, Client
from idp.outbox.jobs import CompanyDisabled, ProofEnded, RightEnded, WorkElsewhereEnded
from idp.platform import batches, clock
from idp.platform.extensions import db
from idp.tenancy.models import Membership, SupportAccess

AT_ONCE: Final = 10
"""So many authorizations end by one statement."""
_SAME_UNIT_OF_WORK: Final = timedelta(minutes=1)
_ENDS_NO_SESSION: Final = datetime.max.replace(tzinfo=UTC)


def proof_ended(errand: ProofEnded) -> None:
    """End what rests on a proof of before. Commits."""
    user = db.session.get(User, uuid.UUID(errand.user_id))
    if user is None:
        return
    sweep.outdated(user)
    outdated = AuthorizationGrant.user_id == user.id, AuthorizationGrant.user_epoch != user.epoch
    _end(*outdated, sessions_end=datetime.fromisoformat(errand.at))


def right_ended(errand: RightEnded) -> None:
    """End what was given for a company by this right. The session goes on for another company. Commits."""
    _end(AuthorizationGrant.right_id == uuid.UUID(errand.right_id))


def session_ended_for(session_id: uuid.UUID, tenant_id: uuid.UUID) -> None:
    """End what was given for this company through the session, which goes on for others. Commits where there was anything."""
    _end(AuthorizationGrant.session_id == session_id, AuthorizationGrant.tenant_id == tenant_id)


def work_elsewhere_ended(errand: WorkElsewhereEnded) -> None:
    """End what was given for companies other than the user's own. Commits."""
    before = AuthorizationGrant.created_at <= datetime.fromisoformat(errand.at)
    _end(AuthorizationGrant.user_id == uuid.UUID(errand.user_id), AuthorizationGrant.right_id.is_not(None), before)


def company_disabled(errand: CompanyDisabled) -> None:
    """End what is of the company's people, and what others got for it. Commits."""
    tenant_id, at = uuid.UUID(errand.tenant_id), datetime.fromisoformat(errand.at)
    sweep.of_company(tenant_id, at)
    before = AuthorizationGrant.created_at <= at
    _end(AuthorizationGrant.user_id.in_(sa.select(User.id).where(User.tenant_id == tenant_id)), before, sessions_end=at)
    rights = (sa.select(right.id).where(right.tenant_id == tenant_id) for right in (Membership, SupportAccess))
    _end(AuthorizationGrant.right_id.in_(sa.union_all(*rights)), before, sessions_end=at)


def consent_withdrawn(user_id: uuid.UUID, client_id: uuid.UUID) -> None:
    """End what the application got of this person. Commits where there was anything."""
    _end(AuthorizationGrant.user_id == user_id, AuthorizationGrant.client_id == client_id)


def leaked(grant: AuthorizationGrant) -> None:
    """Let the application know that what it got is revoked, as somebody else has it too. The caller commits."""
    backchannel.ask([(grant.client, grant.user_id, grant.session_id)])


def _end(*which: sa.ColumnElement[bool], sessions_end: datetime = _ENDS_NO_SESSION) -> None:
    """End these authorizations. `sessions_end`: when their sessions did, if they do. Commits, again and again."""
    alive = (*which, AuthorizationGrant.revoked_at.is_(None), AuthorizationGrant.expires_at > clock.now())

    def find(most: int) -> Iterable[Sequence[uuid.UUID]]:
        found = db.session.scalars(sa.select(AuthorizationGrant.id).where(*alive).limit(most)).all()
        return [found[at : at + AT_ONCE] for at in range(0, len(found), AT_ONCE)]

    batches.work_off(find, lambda some: _end_some(some, alive, sessions_end))


def _end_some(some: Sequence[uuid.UUID], alive: tuple[sa.ColumnElement[bool], ...], sessions_end: datetime) -> int:
    """End those of them that are alive, and let their applications know; how many that were."""
    ended = _revoke(some, alive)
    since = sessions_end - _SAME_UNIT_OF_WORK
    over = _ends_of({grant.session_id for grant in ended})
    lost = {(g.client_id, g.user_id, g.session_id) for g in ended if _holds(g) and not _knows(g, over, since)}
    backchannel.ask(
        (db.session.get_one(Client, client_id), user_id, session_id) for client_id, user_id, session_id in lost
    )
    return len(ended)


def _revoke(some: Sequence[uuid.UUID], alive: tuple[sa.ColumnElement[bool], ...]) -> list[Any]:
    """End those that are alive; what there was of each."""
    ended = sa.update(AuthorizationGrant).where(AuthorizationGrant.id.in_(some), *alive).values(revoked_at=clock.now())
    facts = ("client_id", "user_id", "session_id", "scope", "code_used_at", "code_expires_at")
    returning = ended.returning(*(getattr(AuthorizationGrant, name) for name in facts))
    return list(db.session.execute(returning, execution_options={"synchronize_session": False}))


def _holds(grant: Any) -> bool:
    """Whether its application got something, or has a code that it may still redeem."""
    return grant.code_used_at is not None or grant.code_expires_at > clock.now()


def _ends_of(session_ids: set[uuid.UUID | None]) -> Mapping[uuid.UUID, datetime | None]:
    """When these sessions ended. One that was swept away is not among them."""
    found = sa.select(BrowserSession.id, BrowserSession.ended_at).where(BrowserSession.id.in_(session_ids))
    return {row.id: row.ended_at for row in db.session.execute(found)}


def _knows(grant: Any, over: Mapping[uuid.UUID, datetime | None], since: datetime) -> bool:
    """Whether the end of its session has told the application: since then, or with all that it had."""
    ended_at = over.get(grant.session_id, datetime.min.replace(tzinfo=UTC))
    return ended_at is not None and (ended_at > since or "offline_access" not in grant.scope.split())
