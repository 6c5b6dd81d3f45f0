"""Working for another tenant in a running session: it works for one at a time, for every application and page.

    judge by the other policy ── Complete ─▶ the session is for that tenant from now on; its cookie gets a new secret
                              ├─ Challenge ▶ begin: what that tenant owes on top, then on
                              └─ Deny ─────▶ not a tenant of theirs: as unknown as one that does not exist

    an application's answer for another tenant, all of which is proved ─▶ follow: the session is for that one from now on

A switch proves nothing: it earns no known-IP grant and forgives no failures.
"""

from flask import redirect
from werkzeug.wrappers import Response

from idp.audit.events import TenantSwitched
from idp.audit.record import record
from idp.login.core.types import Challenge, Complete, Demand
from idp.login.flow.entry import Login, Standing, begin, judge
from idp.login.session import sessions
from idp.platform.errors import NotFound
from idp.platform.extensions import db


def work_for(login: Login, slug: str, *, return_to: str) -> Response:
    """Go on for that tenant, at once or after the steps that it owes on top. Commits.

    Raises `NotFound` for a tenant that the person does not work for.
    """
    demand = Demand(tenant=slug, subject=str(login.user.id))
    match judge(demand):
        case Standing(decision=Complete(), login=Login() as there):
            return _switched(there, return_to)
        case Standing(decision=Challenge()):
            response = begin(demand, return_to=return_to)
            db.session.commit()
            return response
        case _:
            raise NotFound("not a tenant of this user", person="You do not work for this company.")


def follow(there: Login) -> None:
    """Let the session work for the tenant of this login, if it does not. The caller commits.

    The cookie's secret stays: nothing is proved by it, and answers to two applications at once would end the session.
    """
    if there.session.tenant_id == there.tenant.id:
        return
    there.session.tenant_id = there.tenant.id
    session_id = str(there.session.id)
    record(TenantSwitched(tenant_id=there.tenant.id, user_id=there.user.id, session_id=session_id))


def _switched(there: Login, return_to: str) -> Response:
    follow(there)
    sessions.renew_secret(there.session)
    db.session.commit()
    response = redirect(return_to, 303)
    sessions.send_cookie(response)
    return response
