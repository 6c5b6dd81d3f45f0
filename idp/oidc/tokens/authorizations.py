"""What was granted: an authorization with everybody that it hangs on, and whether it is still alive.

    code ─▶ spend_code ─▶ used          a second use revokes all that grew from it (RFC 6749 section 4.1.2)
    refresh token ─▶ spend_refresh_token ─▶ used, and the next one made
                            a use within 10 seconds of the first: refused; later: the family is revoked (RFC 9700
                            4.14.2)

`dead_because` is asked at every use of everything, and `nothing_because` wherever what was kept is redeemed. Each question
is one statement; what may be used once is spent by one conditional UPDATE. The caller commits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import aliased, lazyload

from idp.accounts.models import User, UserType
from idp.accounts.users.queries import may_log_in
from idp.audit.events import CodeReused, RefreshTokenReused
from idp.audit.record import record
from idp.crypto import opaque
from idp.login.flow.entry import owes_second_factor
from idp.login.models import BrowserSession
from idp.login.session import sessions
from idp.oidc.logout import endings
from idp.oidc.models import AuthorizationGrant, Consent, RefreshToken
from idp.platform import clock
from idp.platform.extensions import changed, db
from idp.tenancy import support_access
from idp.tenancy.models import Membership, SupportAccess, Tenant

CODE_LIFETIME: Final = timedelta(seconds=60)
FAMILY_LIFETIME: Final = timedelta(days=90)
REFRESH_IDLE: Final = timedelta(days=30)
ONLINE_LIFETIME: Final = timedelta(days=1)
REUSE_GRACE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Authorization:
    """A grant, whose it is, for which tenant, and the browser session that it came from (None: swept away since).

    `allowed_scope`: what the person has allowed the application by now; None where nobody asked them.
    """

    grant: AuthorizationGrant
    user: User
    tenant: Tenant
    session: BrowserSession | None
    is_member: bool
    is_let_in: bool
    allowed_scope: str | None

    @property
    def offline(self) -> bool:
        """Whether it outlives the browser session (OpenID Connect Core section 11)."""
        return "offline_access" in self.grant.scope.split()


@dataclass(frozen=True, slots=True)
class Refreshable:
    """A refresh token and the authorization that it belongs to."""

    token: RefreshToken
    authorization: Authorization


def by_code(code: str) -> Authorization | None:
    """The authorization of that code, used or not."""
    return by_hash(opaque.digest(code))


def by_hash(code_hash: str) -> Authorization | None:
    """The authorization whose code has this digest."""
    found = db.session.execute(_select().where(AuthorizationGrant.code_hash == code_hash)).one_or_none()
    return None if found is None else Authorization(*found)


def by_id(grant_id: uuid.UUID) -> Authorization | None:
    """The authorization of that id."""
    found = db.session.execute(_select().where(AuthorizationGrant.id == grant_id)).one_or_none()
    return None if found is None else Authorization(*found)


def by_refresh_token(value: str) -> Refreshable | None:
    """The refresh token, used or not."""
    wanted = _select(RefreshToken).join(RefreshToken, RefreshToken.grant_id == AuthorizationGrant.id)
    found = db.session.execute(wanted.where(RefreshToken.token_hash == opaque.digest(value))).one_or_none()
    return None if found is None else Refreshable(found[0], Authorization(*found[1:]))


def _select(*first: type[RefreshToken]) -> Any:
    """Everything about a grant in one statement; a user's factors only when somebody asks for them.

    The second name of the tenants is made anew each time: one for all would make its columns at its first use, and the
    first requests of a process, which come at the same moment, would make them twice.
    """
    working_tenant = aliased(Tenant, name="working_tenant")
    is_member = sa.exists().where(Membership.id == AuthorizationGrant.right_id).correlate(AuthorizationGrant)
    is_let_in = (
        sa.exists()
        .where(SupportAccess.id == AuthorizationGrant.right_id, support_access.is_live(clock.now()))
        .correlate(AuthorizationGrant)
    )
    allowed = Consent.user_id == AuthorizationGrant.user_id, Consent.client_id == AuthorizationGrant.client_id
    return (
        sa.select(*first, AuthorizationGrant, User, working_tenant, BrowserSession, is_member, is_let_in, Consent.scope)
        .select_from(AuthorizationGrant)
        .join(User, User.id == AuthorizationGrant.user_id)
        .join(working_tenant, working_tenant.id == AuthorizationGrant.tenant_id)
        .outerjoin(BrowserSession, BrowserSession.id == AuthorizationGrant.session_id)
        .outerjoin(Consent, sa.and_(*allowed))
        .options(lazyload(User.totp_devices))
    )


# Alive or dead


def _revoked(a: Authorization) -> bool:
    return a.grant.revoked_at is not None


def _application_disabled(a: Authorization) -> bool:
    return a.grant.client.disabled_at is not None


def _user_disabled(a: Authorization) -> bool:
    return not may_log_in(a.user)


def _user_changed(a: Authorization) -> bool:
    """The user's proof changed since: password, factors, signing out everywhere."""
    return a.grant.user_epoch != a.user.epoch


def _tenant_disabled(a: Authorization) -> bool:
    return a.tenant.disabled_at is not None


def _no_member(a: Authorization) -> bool:
    """Accountants work for another tenant by a membership, the helpdesk by an access; one that ended does not come back."""
    at_home = a.user.tenant_id == a.tenant.id
    right = {UserType.ACCOUNTANT: a.is_member, UserType.SUPPORT: a.is_let_in}
    return not at_home and not right.get(a.user.type, False)


def _of_another_tenants_application(a: Authorization) -> bool:
    return a.grant.client.tenant_id not in (None, a.tenant.id)


def _logged_out(a: Authorization) -> bool:
    """Without `offline_access` an authorization ends with its browser session."""
    return not a.offline and (a.session is None or a.session.ended_at is not None)


ENDINGS: Final[tuple[Callable[[Authorization], bool], ...]] = (
    _revoked,
    _application_disabled,
    _user_disabled,
    _user_changed,
    _tenant_disabled,
    _no_member,
    _of_another_tenants_application,
    _logged_out,
)
"""Everything that ends an authorization before its time."""


def dead_because(a: Authorization, now: datetime) -> str | None:
    """What ended the authorization, for the log; None while it is alive."""
    if now >= a.grant.expires_at:
        return "over"
    return next((ending.__name__.strip("_") for ending in ENDINGS if ending(a)), None)


def session_lives(a: Authorization) -> bool:
    """Whether the browser session that the authorization came from is live."""
    return a.session is not None and sessions.live(a.session)


def nothing_because(a: Authorization, now: datetime) -> str | None:
    """Why what is kept of the authorization for later gives nothing now, for the log; None where it gives tokens.

    The policy of this moment is asked, not that of the login: whoever must set up a second factor does so first.
    """
    if because := dead_because(a, now):
        return because
    return "second_factor_owed" if owes_second_factor(a.user, a.tenant) else None


def no_first_tokens_because(a: Authorization, now: datetime) -> str | None:
    """The same of a code, or a device's: these are as good as the browser session that allowed them."""
    return nothing_because(a, now) or (None if session_lives(a) else "session_ended")


# Making and spending


def new_refresh_token(grant: AuthorizationGrant, now: datetime) -> str:
    """The family's next refresh token; the family's own end is the last moment for any of them."""
    value = opaque.new()
    expires_at = min(now + REFRESH_IDLE, grant.expires_at)
    db.session.add(
        RefreshToken(grant_id=grant.id, token_hash=opaque.digest(value), issued_at=now, expires_at=expires_at)
    )
    return value


def spend_code(grant: AuthorizationGrant, now: datetime) -> bool:
    """Whether this is the first use of the code, which it then is."""
    unused = sa.update(AuthorizationGrant).where(
        AuthorizationGrant.id == grant.id, AuthorizationGrant.code_used_at.is_(None)
    )
    return changed(unused.values(code_used_at=now))


def spend_refresh_token(token: RefreshToken, now: datetime) -> bool:
    """Whether this is the first use of the refresh token, which it then is."""
    unused = sa.update(RefreshToken).where(RefreshToken.id == token.id, RefreshToken.used_at.is_(None))
    return changed(unused.values(used_at=now))


def prolong(token: RefreshToken, grant: AuthorizationGrant, now: datetime) -> None:
    """Let an unused refresh token live on as a new one would."""
    unused = sa.update(RefreshToken).where(RefreshToken.id == token.id, RefreshToken.used_at.is_(None))
    db.session.execute(unused.values(expires_at=min(now + REFRESH_IDLE, grant.expires_at)))


def revoke(grant: AuthorizationGrant, now: datetime) -> bool:
    """End the authorization and all of its tokens; whether it had not ended yet."""
    unended = sa.update(AuthorizationGrant).where(
        AuthorizationGrant.id == grant.id, AuthorizationGrant.revoked_at.is_(None)
    )
    return changed(unended.values(revoked_at=now))


def revoke_those_of(session_ids: Collection[uuid.UUID], now: datetime) -> None:
    """End whatever applications got through these browser sessions, offline access too, for whichever tenant."""
    _revoke_all(AuthorizationGrant.session_id.in_(session_ids), now=now)


def revoke_those_for(tenant_id: uuid.UUID, session_id: uuid.UUID, now: datetime) -> None:
    """End what applications got for this tenant through the browser session, offline access too; nothing of another's."""
    _revoke_all(AuthorizationGrant.session_id == session_id, AuthorizationGrant.tenant_id == tenant_id, now=now)


def _revoke_all(*which: sa.ColumnElement[bool], now: datetime) -> None:
    alive = sa.update(AuthorizationGrant).where(*which, AuthorizationGrant.revoked_at.is_(None))
    db.session.execute(alive.values(revoked_at=now))


def session_of(tenant_id: uuid.UUID, session_id: uuid.UUID) -> BrowserSession | None:
    """The open browser session of that id, if an application has something for this tenant through it."""
    for_tenant = sa.exists().where(
        AuthorizationGrant.session_id == session_id,
        AuthorizationGrant.tenant_id == tenant_id,
        AuthorizationGrant.revoked_at.is_(None),
        AuthorizationGrant.expires_at > clock.now(),
    )
    mine = BrowserSession.id == session_id, BrowserSession.ended_at.is_(None), for_tenant
    return db.session.scalar(sa.select(BrowserSession).where(*mine))


def punish_code_reuse(a: Authorization, now: datetime) -> None:
    """RFC 6749 section 4.1.2: a code used twice has leaked; what it gave is revoked, and its application told."""
    if revoke(a.grant, now):
        record(CodeReused(**_whose(a)))
        endings.leaked(a.grant)


def punish_refresh_reuse(a: Authorization, now: datetime) -> None:
    """RFC 9700 section 4.14.2: a refresh token used twice has leaked; its family is revoked, and its application told."""
    if revoke(a.grant, now):
        record(RefreshTokenReused(**_whose(a)))
        endings.leaked(a.grant)


def _whose(a: Authorization) -> dict[str, Any]:
    return {
        "tenant_id": a.tenant.id,
        "user_id": a.user.id,
        "client_id": a.grant.client.client_id,
        "grant_id": str(a.grant.id),
    }
