"""Browser sessions: what a browser has proved, kept on the server; the cookie is only a name.

    completion ──▶ open()    a new secret in the cookie at every rise in privilege, the old one is dead at once
    request ─────▶ current() live, of the user's epoch, the user and the tenant not disabled, and within the limits that
                             the tenant it works for has now (limits.py)
    logout … ────▶ end()     on the server: a copied cookie is worthless; whoever asked to know of it is told, in the
                             unit of work that ends it (when_one_ends). sweep.py does so where nobody was there to end it

A session's secret has 256 random bits and is kept as a digest. What the browser brings is looked up, never adopted.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask, current_app, g, request
from werkzeug.wrappers import Response

from idp.accounts.models import User
from idp.accounts.users.queries import may_log_in
from idp.audit.events import SessionEnded
from idp.audit.record import record
from idp.crypto import opaque
from idp.login.core import session_limits
from idp.login.core.serialization import read_evidence, write_evidence
from idp.login.core.types import Evidence, StepName
from idp.login.models import BrowserSession
from idp.login.trust.network import current_network
from idp.platform import clock, settings
from idp.platform.extensions import changed, db
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Policy
from idp.tenancy.queries import which_security_code
from idp.web.browser import delete_cookie, set_cookie

_SKEW = timedelta(minutes=5)
_SEEN_EVERY = timedelta(minutes=5)
_SEEN_IN_A_LIMIT = 10
"""Use is noted so many times within the limit without use, if that is more often than every five minutes."""
_COOKIE = "idp_session"
_LISTENERS = "idp.login.session.sessions.listeners"
_LONGEST_USER_AGENT = 400


def when_one_ends(app: Flask, listener: Callable[[BrowserSession], None]) -> None:
    """Call `listener` in the unit of work that ends a session; this room does not know who that is."""
    app.extensions.setdefault(_LISTENERS, []).append(listener)


def current() -> BrowserSession | None:
    """The live session of this browser; None when there is none. Looked up once a request."""
    if "browser_session" not in g:
        g.browser_session = _look_up(request.cookies.get(settings.current().cookie_name(_COOKIE), ""))
    found: BrowserSession | None = g.browser_session
    return found


def evidence_of(session: BrowserSession) -> tuple[Evidence, ...]:
    """What the browser of this session has proved, oldest first."""
    return read_evidence(session.evidence)


def user_of(session: BrowserSession) -> User:
    """Whose session it is."""
    return db.session.get_one(User, session.user_id)


def live(session: BrowserSession) -> bool:
    """Whether the session still stands for its user: asked at every use, by tokens too."""
    user, now = user_of(session), clock.now()
    return (
        session.ended_at is None
        and session.epoch == user.epoch
        and session.created_at <= now + _SKEW
        and now
        < min(session.expires_at, session_limits.ends_at(evidence_of(session), session.seen_at, policy_of(session)))
        and may_log_in(user)
    )


def tenant_of(session: BrowserSession) -> Tenant:
    """The tenant that the session works for."""
    return db.session.get_one(Tenant, session.tenant_id)


def policy_of(session: BrowserSession) -> Policy:
    """The policy, as it is now, of the tenant that the session works for."""
    return tenant_of(session).policy


def counts_for(session: BrowserSession, tenant: Tenant) -> bool:
    """Whether what a live session proved counts for this tenant: by its limits, and unless it was ended for it."""
    if str(tenant.id) in (session.ended_for or ()):
        return False
    return session.tenant_id == tenant.id or session_limits.counts_for_another(
        evidence_of(session), tenant.policy, clock.now()
    )


def open_for(user: User, tenant: Tenant, evidence: Sequence[Evidence]) -> BrowserSession:
    """Make the session of a completed login, or raise the one that this browser has of that user.

    Either way the cookie gets a new secret, which `send_cookie` puts on the response. The caller commits.
    """
    session = current()
    if session is not None and session.user_id != user.id:
        end(session, "replaced")
        session = None
    if session is None:
        session = BrowserSession(id=uuid.uuid4(), user_id=user.id, user_agent=_user_agent())
        db.session.add(session)
    renew_secret(session)
    session.tenant_id = tenant.id
    session.ended_for = [other for other in session.ended_for or () if other != str(tenant.id)]
    session.evidence = write_evidence(evidence)
    session.epoch = user.epoch
    session.network = current_network()
    session.seen_at = clock.now()
    session.expires_at = session_limits.lifetime_ends_at(evidence, tenant.policy)
    g.browser_session = session
    return session


def renew_secret(session: BrowserSession) -> None:
    """Give the session a new secret for the cookie, which `send_cookie` puts on the response. The caller commits."""
    g.session_secret = opaque.new()
    session.secret_hash = opaque.digest(g.session_secret)


def knows_security_code(session: BrowserSession, tenant: Tenant, before: str | None) -> None:
    """Carry what the session proved with the security code of before over to the one that it just made.

    The proof grows no younger. The caller commits.
    """
    old = StepName.SECURITY_CODE, tenant.slug, before
    new = which_security_code(tenant)
    evidence = evidence_of(session)
    session.evidence = write_evidence(
        replace(e, code_made=new) if (e.step, e.tenant, e.code_made) == old else e for e in evidence
    )


def send_cookie(response: Response) -> None:
    """Give the browser the secret that this request made; it lasts until the browser is closed."""
    set_cookie(response, _COOKIE, g.session_secret, None)


def forget_cookie(response: Response) -> None:
    """Take the cookie back; the session itself is ended with `end`."""
    delete_cookie(response, _COOKIE)


def end(session: BrowserSession, because: str, actor_id: uuid.UUID | None = None) -> None:
    """End one session on the server; of several requests that do so at once one records it. The caller commits."""
    live = sa.update(BrowserSession).where(BrowserSession.id == session.id, BrowserSession.ended_at.is_(None))
    if changed(live.values(ended_at=clock.now(), ended_because=because)):
        user = user_of(session)
        whose = {"tenant_id": user.tenant_id, "user_id": user.id, "actor_id": actor_id}
        record(SessionEnded(**whose, session_id=str(session.id), because=because))
        for listener in current_app.extensions.get(_LISTENERS, ()):
            listener(session)
    if g.get("browser_session") is session:
        g.browser_session = None


def end_for(session: BrowserSession, tenant: Tenant, because: str, actor_id: uuid.UUID) -> None:
    """End the session for a tenant where its person is a guest: the login is theirs, and goes on for others.

    Nothing that it proved counts there any more, until a login for that tenant is completed in this browser. The caller
    commits.
    """
    user = user_of(session)
    session.ended_for = [*(session.ended_for or ()), str(tenant.id)]
    if session.tenant_id == tenant.id:
        session.tenant_id = user.tenant_id
    whose = {"tenant_id": tenant.id, "user_id": user.id, "actor_id": actor_id}
    record(SessionEnded(**whose, session_id=str(session.id), because=because))


def end_all(user: User, because: str, keep: BrowserSession | None = None, actor_id: uuid.UUID | None = None) -> None:
    """End all sessions of the user, but the one to keep. The caller commits."""
    for session in open_sessions(user):
        if keep is None or session.id != keep.id:
            end(session, because, actor_id)


def open_sessions(user: User) -> list[BrowserSession]:
    """The user's sessions that have not ended, the last used first."""
    mine = sa.select(BrowserSession).where(
        BrowserSession.user_id == user.id,
        BrowserSession.ended_at.is_(None),
        BrowserSession.epoch == user.epoch,
        BrowserSession.expires_at > clock.now(),
    )
    return list(db.session.scalars(mine.order_by(BrowserSession.seen_at.desc())))


def _look_up(secret: str) -> BrowserSession | None:
    if not secret:
        return None
    of_secret = sa.select(BrowserSession).where(BrowserSession.secret_hash == opaque.digest(secret))
    session = db.session.scalar(of_secret)
    if session is None or not live(session):
        return None
    _touch(session)
    return session


def _touch(session: BrowserSession) -> None:
    """Note now and then that the session is in use."""
    now, idle = clock.now(), timedelta(minutes=policy_of(session).session_idle_minutes)
    if now - session.seen_at > min(_SEEN_EVERY, idle / _SEEN_IN_A_LIMIT):
        session.seen_at = now
        db.session.commit()


def _user_agent() -> str:
    return request.user_agent.string[:_LONGEST_USER_AGENT]
