"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

    GET  /authorize            read it ─▶ where does this browser stand? ─┬─ Complete ─▶ consent? ─▶ the answer, at once
                                                                          ├─ Challenge ─▶ keep it ─▶ login.begin ─▶ …
                                                                          └─ Deny ─▶ an error for the application;
                                             (prompt=login: another account may come instead)
    POST /authorize            keep it ─▶ resume: a form from elsewhere brings no cookies, the redirect after it does
    GET  /authorize/<handle>   resume: read anew, judged anew, answered once
    POST /authorize/<handle>   Allow or Cancel on the consent page
    GET  …/cancel              the login ended without success: the application is told why

Nothing here decides that a login is complete; `judge` does, at every visit, by what is true then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Response, make_response, redirect, request, url_for

from idp.login.core.types import Assurance, Complete, Demand, Deny, Refusal
from idp.login.flow import tenant_switch
from idp.login.flow.entry import Login, Standing, begin, judge, refuse
from idp.oidc.adapter.oauth2_requests import KeptRequest
from idp.oidc.adapter.server import server
from idp.oidc.authorization import consent, parameters, prompt_none, requests
from idp.oidc.authorization import response as answers
from idp.oidc.authorization.checks import Rejected
from idp.oidc.authorization.requests import Entry, Refused
from idp.platform.extensions import db
from idp.web.browser import browser_hash
from idp.web.languages import prefer
from idp.web.logs import log

_DENIED: Final = {
    Refusal.NOT_A_MEMBER: Rejected("access_denied", "The user does not work for the tenant of this request"),
    Refusal.LEVEL_OUT_OF_REACH: Rejected("unmet_authentication_requirements", "The user has no factor for that acr"),
    Refusal.OTHER_USER: Rejected("login_required", "Another user than the one asked for logged in"),
}
_CANCELLED: Final = Rejected("access_denied", "The user cancelled")
_UNMET: Final = Rejected("unmet_authentication_requirements", "The user cancelled before an essential acr was reached")


def authorize() -> Response:
    """Answer a request, or begin the login that it needs."""
    return _arrive(requests.arrive(parameters.read(request.args)))


def authorize_by_form() -> Response:
    """Keep a request that came by POST, and let the browser fetch the answer (section 3.1.2.1)."""
    kept = requests.keep(requests.arrive(parameters.read(request.args, request.form)), browser=None)
    db.session.commit()
    return _to("oidc.resume", kept)


def resume(handle: str) -> Response:
    """Go on with a kept request: after a login, or as it came by POST."""
    return _arrive(requests.find(handle))


def decide(handle: str) -> Response:
    """The answer of the person whom the consent page was shown to; anything else shows the page again."""
    entry = requests.find(handle)
    match request.form.get("decision"):
        case "cancel":
            return _refuse(entry, _CANCELLED)
        case "allow":
            return _arrive(entry, allowed=True)
        case _:
            return _arrive(entry)


def cancel(handle: str) -> Response:
    """Tell the application that the login ended without success. `because` is the login room's word for why."""
    entry = requests.find(handle)
    because = request.args.get("because", "")
    denied = next((rejected for refusal, rejected in _DENIED.items() if refusal.value == because), None)
    return _refuse(entry, denied or (_UNMET if _essential_is_outstanding(entry) else _CANCELLED))


def refused(error: Refused) -> Response:
    """Send an error to the application that asked."""
    log.info("authorization refused", error=error.error, why=error.description, application=error.to.application)
    return answers.send(error.to, error=error.error, error_description=error.description)


def _arrive(entry: Entry, *, allowed: bool = False) -> Response:
    """Judge where this browser stands towards the request, and do what follows: where in doubt, ask for a login."""
    prefer(ui_locales=entry.request.parameters.get("ui_locales", ""))
    demand = entry.request.demand(entry.asked_at)
    if entry.request.silent:
        demand = prompt_none.demand_without_pages(demand)
        if unasked := _before_consent(entry, demand):
            return _refuse(entry, unasked)
    match standing := judge(demand):
        case Standing(decision=Complete(assurance=worth), login=Login() as login):
            return _complete(entry, login, worth, allowed=allowed)
        case Standing(decision=Deny(refusal=Refusal.NOT_A_MEMBER)) if entry.request.asks_fresh_proof:
            return _ask(entry, demand)
        case Standing(decision=Deny() as denied, login=Login() as login):
            refuse(login, denied, entry.request.application)
            return _refuse(entry, _DENIED[denied.refusal])
        case _ if entry.request.silent:
            return _refuse(entry, prompt_none.missing(demand, standing))
        case _:
            return _ask(entry, demand)


def _before_consent(entry: Entry, demand: Demand) -> Rejected | None:
    """The error of a silent request, where whoever is logged in here has not allowed what it asks."""
    standing = judge(prompt_none.of_whoever_is_here(demand))
    owed = standing.login is not None and consent.owed(entry.request, standing.login)
    return prompt_none.before_consent(demand, standing) if owed else None


def _complete(entry: Entry, login: Login, worth: Assurance, *, allowed: bool) -> Response:
    if allowed and _saw_all(entry, login):
        consent.allow(entry.request, login)
    elif consent.owed(entry.request, login):
        return _ask_consent(entry, login)
    requests.take(entry)
    tenant_switch.follow(login)
    response = server.answer(KeptRequest(entry.request, login, worth))
    db.session.commit()
    return response


def _saw_all(entry: Entry, login: Login) -> bool:
    """Whether this person was shown all that the request asks now: what is registered may have grown meanwhile."""
    return entry.consenting == str(login.user.id) and set(entry.request.wanted_scope) <= set(entry.shown)


def _ask_consent(entry: Entry, login: Login) -> Response:
    asked = replace(entry, consenting=str(login.user.id), shown=entry.request.wanted_scope)
    kept = requests.keep(asked, browser_hash())
    db.session.commit()
    return consent.page(kept) if entry.handle else _to("oidc.resume", kept)


def _ask(entry: Entry, demand: Demand) -> Response:
    """Keep the request and begin the login that it needs."""
    kept = requests.keep(entry, browser_hash())
    response = begin(
        demand,
        return_to=url_for("oidc.resume", handle=kept.handle),
        cancel_to=url_for("oidc.cancel", handle=kept.handle),
        application=entry.request.application,
        hint=entry.request.login_hint,
        ui_locales=entry.request.parameters.get("ui_locales", ""),
    )
    db.session.commit()
    return make_response(response)


def _refuse(entry: Entry, rejected: Rejected) -> Response:
    """Answer with an error; that, too, happens once."""
    requests.take(entry)
    db.session.commit()
    return refused(entry.request.refuse(rejected.error, rejected.description))


def _essential_is_outstanding(entry: Entry) -> bool:
    """Whether the request has an essential demand that this browser's login does not meet."""
    demand = entry.request.demand(entry.asked_at)
    return demand.essential and not isinstance(judge(demand).decision, Complete)


def _to(endpoint: str, entry: Entry) -> Response:
    return make_response(redirect(url_for(endpoint, handle=entry.handle), 303))
