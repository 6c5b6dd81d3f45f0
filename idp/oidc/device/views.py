"""`/device` (RFC 8628 section 3.3): the person types the code that the device shows, logs in, and allows it or not."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from idp import shortlived
from idp.audit.events import DeviceAllowed
from idp.audit.record import record
from idp.crypto import opaque
from idp.login.core.types import Complete, Demand, Deny, Refusal
from idp.login.flow import tenant_switch
from idp.login.flow.entry import Application, Login, Standing, begin, judge
from idp.login.trust.network import current_network
from idp.oidc.adapter.oauth2_requests import KeptRequest
from idp.oidc.authorization import consent
from idp.oidc.authorization.requests import AuthorizationRequest
from idp.oidc.clients import usage
from idp.oidc.device import waiting
from idp.oidc.models import DeviceAuthorization, DeviceState
from idp.oidc.tokens import actor
from idp.oidc.tokens.grants.authorization_code import granted
from idp.platform import settings
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.web.browser import browser_hash
from idp.web.fields import typed

TRIES_OF_A_BROWSER: Final = (10, timedelta(minutes=10))
TRIES_OF_A_NETWORK: Final = (60, timedelta(minutes=10))
"""So many codes may be typed in that time, right ones included."""
_KIND: Final = "device_confirmation"
_LONGEST: Final = 40


class OverDevice(NotFound):
    """The device was answered, its time is over, or the code was typed in another browser."""

    default_person = "This code was answered already, or it is too old. Ask the device for a new one."


def ask() -> Response:
    """Ask which code the device shows; one that came with the address stands there to be compared."""
    return _enter(request.args.get("user_code", "")[:_LONGEST])


def typed_code() -> Response:
    """Look for the device. Says the same of every code that is not waiting."""
    given = typed("user_code")[:_LONGEST]
    if not _may_try():
        return _enter(given, _("Those were many codes. Wait ten minutes, then try again."))
    code = waiting.typed(given)
    device = waiting.by_user_code(code) if code else None
    if code is None or device is None:
        db.session.commit()
        return _enter(given, _("No device waits with this code. Compare it, or ask the device for a new one."))
    kept: dict[str, Any] = {
        "device": str(device.id),
        "browser": browser_hash(),
        "code": waiting.shown(code),
        "consenting": None,
        "shown": [],
    }
    handle = shortlived.leave(_KIND, kept, waiting.LIFETIME)
    db.session.commit()
    return make_response(redirect(url_for("oidc.device_confirm", handle=handle), 303))


def confirm(handle: str) -> Response:
    """Log in, and see what is asked."""
    return _arrive(handle, allowed=False)


def decide(handle: str) -> Response:
    """The person's answer; anything else shows the page again."""
    match request.form.get("decision"):
        case "cancel":
            return cancel(handle)
        case "allow":
            return _arrive(handle, allowed=True)
        case _:
            return _arrive(handle, allowed=False)


def cancel(handle: str) -> Response:
    """The login ended without success, or the person does not want the device: it is told so."""
    device, asked = _waiting(_kept(handle))
    return _deny(handle, device, asked)


def _may_try() -> bool:
    of_network = shortlived.room("device_network", current_network() or "", *TRIES_OF_A_NETWORK)
    return of_network and shortlived.room("device_browser", browser_hash(), *TRIES_OF_A_BROWSER)


def _arrive(handle: str, *, allowed: bool) -> Response:
    kept = _kept(handle)
    device, asked = _waiting(kept)
    demand = asked.demand(device.created_at)
    match judge(demand):
        case Standing(decision=Complete(assurance=worth), login=Login() as login):
            if allowed and _saw_all(kept, asked, login):
                return _allow(handle, device, KeptRequest(asked, login, worth))
            return _show(handle, kept, asked, login)
        case Standing(decision=Deny(refusal=refusal)) if refusal is not Refusal.NOT_A_MEMBER:
            return _deny(handle, device, asked)
        case _:
            return _log_in(handle, asked, demand)


def _saw_all(kept: Mapping[str, Any], asked: AuthorizationRequest, login: Login) -> bool:
    """Whether this person was shown all that the device's application asks now."""
    return kept["consenting"] == str(login.user.id) and set(asked.wanted_scope) <= set(kept.get("shown", ()))


def _log_in(handle: str, asked: AuthorizationRequest, demand: Demand) -> Response:
    response = begin(
        demand,
        return_to=url_for("oidc.device_confirm", handle=handle),
        cancel_to=url_for("oidc.device_cancel", handle=handle),
        application=Application(asked.client.row.name, settings.current().issuer),
    )
    db.session.commit()
    return make_response(response)


def _show(handle: str, kept: Mapping[str, Any], asked: AuthorizationRequest, login: Login) -> Response:
    """Section 5.4: which application, which code, who is logged in, and what is wrong with a code that was sent."""
    shown = {"consenting": str(login.user.id), "shown": list(asked.wanted_scope)}
    shortlived.replace(_KIND, handle, {**kept, **shown})
    db.session.commit()
    page = {
        "step": "consent",
        "action": url_for("oidc.device_decide", handle=handle),
        "client": asked.client.row.name,
        "code": kept["code"],
        "username": login.user.username,
        "tenant": login.tenant.name,
        "scopes": consent.sentences(asked),
    }
    return make_response(render_template("device/confirm.html", page=page))


def _allow(handle: str, device: DeviceAuthorization, answered: KeptRequest) -> Response:
    """Make the authorization that the device's next question gets its tokens from."""
    asked, login = answered.asked, answered.login
    if shortlived.take(_KIND, handle) is None or not waiting.answer(device, DeviceState.ALLOWED):
        raise OverDevice("the device was answered at the same time")
    tenant_switch.follow(login)
    grant = granted(answered, opaque.new())
    grant.code_hash, grant.code_expires_at = device.device_code_hash, device.expires_at
    db.session.add(grant)
    usage.remember(asked.client.row, login.user.id)
    if not asked.client.row.first_party:
        consent.allow(asked, login)
    actor.keep_look(login, asked.application.name)
    record(
        DeviceAllowed(
            tenant_id=login.tenant.id,
            user_id=login.user.id,
            client_id=asked.client.client_id,
            scope=" ".join(asked.wanted_scope),
        )
    )
    db.session.commit()
    return _done("allowed", asked)


def _deny(handle: str, device: DeviceAuthorization, asked: AuthorizationRequest) -> Response:
    shortlived.take(_KIND, handle)
    waiting.answer(device, DeviceState.DENIED)
    db.session.commit()
    return _done("denied", asked)


def _kept(handle: str) -> Mapping[str, Any]:
    kept = shortlived.get(_KIND, handle)
    if kept is None or not opaque.same(kept["browser"], browser_hash()):
        raise OverDevice("no such device confirmation in this browser")
    return kept


def _waiting(kept: Mapping[str, Any]) -> tuple[DeviceAuthorization, AuthorizationRequest]:
    device = waiting.by_id(uuid.UUID(kept["device"]))
    asked = waiting.request_of(device) if device else None
    if device is None or asked is None:
        raise OverDevice("the device does not wait any more")
    return device, asked


def _enter(code: str, error: str | None = None) -> Response:
    page = {"action": url_for("oidc.device_typed"), "code": code, "error": error}
    return make_response(render_template("device/enter.html", page=page))


def _done(how: str, asked: AuthorizationRequest) -> Response:
    page = {"how": how, "client": asked.client.row.name}
    return make_response(render_template("device/done.html", page=page))
