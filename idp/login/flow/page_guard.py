"""The gate of our own pages, the user page and the console: each page is one line in a table of its room.

    request ─▶ judge ── Challenge ─▶ begin: the owed step, then back to the page
                  ├──── Deny ──────▶ begin without the session's tenant: it is not the person's any more
                  └──── Complete ──▶ allowed? ──no──▶ 403
                                        │ yes
                                        ├─ Proof.LOGIN ─▶ the view, with the login as its first argument
                                        └─ Proof.FRESH ─▶ judge once more: password and second factor
                                                          within the last 15 minutes, else begin

A page works for the tenant of the browser's session, under the policy that this tenant has at this moment.
"""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, assert_never

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from idp.accounts.models import UserType
from idp.login.core.types import Complete, Demand, Deny, Level
from idp.login.flow.entry import Login, Standing, begin, judge
from idp.login.session import sessions
from idp.platform import clock
from idp.platform.errors import Forbidden
from idp.platform.extensions import db
from idp.tenancy.models import Tenant

FRESH_FOR = timedelta(minutes=15)
LONGEST_ADDRESS = 2048
View = Callable[..., ResponseReturnValue]


class Proof(enum.Enum):
    """What a page asks of the login that opens it."""

    LOGIN = "login"
    FRESH = "fresh"


def anybody(login: Login) -> bool:
    """Whoever is logged in."""
    return True


def administers(login: Login) -> bool:
    """Administrators, while they work for their home tenant."""
    return login.user.type is UserType.ADMINISTRATOR and login.tenant.id == login.user.tenant_id


def helps(login: Login) -> bool:
    """The helpdesk, while it works for a tenant that lets it in."""
    return login.user.type is UserType.SUPPORT and login.tenant.id != login.user.tenant_id


def sees_console(login: Login) -> bool:
    """Whoever the console is open to."""
    return administers(login) or helps(login)


def here() -> str:
    """The address of this request, to come back to; without its query where that is longer than any of ours."""
    address = request.full_path.rstrip("?")
    return address if len(address) <= LONGEST_ADDRESS else request.path


@dataclass(frozen=True, slots=True)
class OwnPage:
    """One page: its address, its view, its method, what it asks of the login, and where to go on after a step.

    `back` is called only when a step is owed; a form names the page that it stands on, or keeps its input first.
    """

    rule: str
    view: View
    method: str = "GET"
    proof: Proof = Proof.LOGIN
    back: Callable[[], str] = here
    allowed: Callable[[Login], bool] = anybody

    def answer(self, **values: Any) -> ResponseReturnValue:
        """Answer a request for this page."""
        login = enter(self)
        return self.view(login, **values) if isinstance(login, Login) else login


def add(blueprint: Blueprint, pages: Iterable[OwnPage]) -> None:
    """Give a room its pages; the endpoint is the name of the view."""
    for page in pages:
        blueprint.add_url_rule(page.rule, view_func=_named(page), methods=[page.method])


def _named(page: OwnPage) -> View:
    """Return the page's answer as a function that has the name of its view."""

    @wraps(page.view)
    def answer(**values: Any) -> ResponseReturnValue:
        return page.answer(**values)

    return answer


def enter(page: OwnPage) -> Login | Response:
    """The login that opens the page, or the way to it. Refuses whom the page is not for."""
    login = _judged(demand(Proof.LOGIN), page)
    if not isinstance(login, Login):
        return login
    if not page.allowed(login):
        raise Forbidden("not for this user")
    return login if page.proof is Proof.LOGIN else _judged(demand(page.proof), page)


def demand(proof: Proof) -> Demand:
    """The demand of a page: of the person and for the tenant of this browser's session, if there is one."""
    live = sessions.current()
    tenant = db.session.get(Tenant, live.tenant_id) if live else None
    asked = Demand(tenant=tenant.slug if tenant else None)
    match proof:
        case Proof.LOGIN:
            return asked
        case Proof.FRESH:
            subject = str(live.user_id) if live else None
            return replace(asked, level=Level.TWO_FACTOR, not_before=oldest_fresh(), subject=subject)
        case _:
            assert_never(proof)


def oldest_fresh() -> datetime:
    """The moment before which a proof is not fresh any more."""
    return clock.now() - FRESH_FOR


def render(template: str, login: Login, **context: Any) -> str:
    """One of our own pages, with its frame: who it is, for whom they work, which rooms are open to them."""
    return render_template(template, login=login, sees_console=sees_console(login), helps=helps(login), **context)


def _judged(asked: Demand, page: OwnPage) -> Login | Response:
    standing = judge(asked)
    match standing:
        case Standing(decision=Complete(), login=Login() as login):
            return login
        case Standing(decision=Deny()):
            return _begin(replace(demand(page.proof), tenant=None), page)
        case _:
            return _begin(demand(page.proof), page)


def _begin(asked: Demand, page: OwnPage) -> Response:
    response = begin(asked, return_to=page.back())
    db.session.commit()
    return response
