"""`/console/applications`: the company's own applications, which log people in here.

list ─▶ register (application_form.py) ─▶ its client_id, and its secret once
     └▶ one of them: change · a new secret (the old one works for a day more) · switch off and on
            └▶ connect: what to write in its code, for its client_id (connecting.py)
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts.users import directory
from idp.audit.events import LogoutsRetried
from idp.audit.record import record
from idp.console import permissions
from idp.console.applications import refusals, undelivered
from idp.console.applications.refusals import Refusal
from idp.console.applications.undelivered import Untold
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.oidc.clients import lifecycle, usage
from idp.oidc.clients.lifecycle import Page
from idp.oidc.models import Client
from idp.outbox import state
from idp.outbox.models import Queued
from idp.platform import settings
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.web.fields import typed

SERVER: Final = "server"
BROWSER: Final = "browser"
DEVICE: Final = "device"
_KINDS: Final[Mapping[str, Any]] = {
    SERVER: _l("A website with a server of its own, which can keep a secret"),
    BROWSER: _l("A page that runs in the browser alone"),
    DEVICE: _l("An app on a phone or a computer"),
}
DONE: Final[Mapping[str, Any]] = {
    "saved": _l("It is saved."),
    "off": _l("The application is switched off: it logs nobody in any more."),
    "on": _l("The application is switched on again."),
    "retried": _l("We tell the application again. Look here in a few minutes."),
}


@dataclass(frozen=True, slots=True)
class Used:
    """Who uses an application. `latest`: their names, and when they were last there."""

    people: int
    latest: Sequence[tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """One application. `secret`: shown now and never again. `untold`: the newest logouts that it does not know of.

    `refusal`: why it could not prove who it is, the last time that it could not.
    """

    client: Client
    kind: str
    refusal: Refusal | None
    used: Used
    untold: Sequence[Untold]
    secret: str | None
    issuer: str
    done: str | None


def list_applications(login: Login) -> str:
    """Show some of the applications."""
    found: Page = lifecycle.page_of(login.tenant.id, request.args.get("after", ""))
    untold = state.untold([client.id for client in found.clients])
    return render("console/applications.html", login, page=found, untold=untold, begun="after" in request.args)


def application(login: Login, row_id: uuid.UUID) -> str:
    """Show one application."""
    return show(login, one_of(login, row_id))


def ask_new_secret(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Ask whether it is to have another secret."""
    return render("console/application_secret.html", login, client=_with_secret(login, row_id))


def renew_secret(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Make another secret, and show it once."""
    permissions.act(login)
    client = _with_secret(login, row_id)
    secret = lifecycle.new_secret(client, login.user.id)
    db.session.commit()
    return show(login, client, secret=secret)


def switch_application(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Switch it off, or on again: as the button said."""
    permissions.act(login)
    client = one_of(login, row_id)
    on = typed("on") == "yes"
    (lifecycle.switch_on if on else lifecycle.switch_off)(client, login.user.id)
    db.session.commit()
    return back_to(client, "on" if on else "off")


def retry_logouts(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Let the worker try again what was given up."""
    permissions.act(login)
    client = one_of(login, row_id)
    tried = state.try_again(Queued.application_id == client.id)
    if tried:
        record(
            LogoutsRetried(
                tenant_id=client.tenant_id, actor_id=login.user.id, client_id=client.client_id, logouts=tried
            )
        )
    db.session.commit()
    return back_to(client, "retried")


def application_page() -> str:
    """Return the page on which the buttons of this application stand."""
    return url_for("console.application", **(request.view_args or {}))


def one_of(login: Login, row_id: uuid.UUID) -> Client:
    """The company's application of that row; whatever else there is is unknown."""
    client = lifecycle.one_of(login.tenant.id, row_id)
    if client is None:
        raise NotFound("no such application of this tenant")
    return client


def show(login: Login, client: Client, secret: str | None = None) -> str:
    """Show the page of an application."""
    page = ApplicationPage(
        client=client,
        kind=words_of(kind_of(client)),
        refusal=refusals.of(client),
        used=_used(login, client),
        untold=undelivered.of(client),
        secret=secret,
        issuer=settings.current().issuer,
        done=DONE.get(request.args.get("done", "")),
    )
    return render("console/application.html", login, page=page)


def back_to(client: Client, done: str) -> Response:
    """Lead to the page of an application, which says what was done."""
    return redirect(url_for("console.application", row_id=client.id, done=done), 303)


def kind_of(client: Client) -> str:
    """What kind of application it is, in our word for it."""
    if client.registration.get("application_type") == "native":
        return DEVICE
    return BROWSER if client.registration.get("token_endpoint_auth_method") == "none" else SERVER


def words_of(kind: str) -> str:
    """The same in words."""
    return str(_KINDS[kind])


def _used(login: Login, client: Client) -> Used:
    found = usage.of(client)
    names = directory.names_in(login.tenant.id, [user_id for user_id, _ in found.latest])
    somebody = gettext("somebody who does not work here any more")
    return Used(found.people, [(names.get(user_id, somebody), at) for user_id, at in found.latest])


def _with_secret(login: Login, row_id: uuid.UUID) -> Client:
    client = one_of(login, row_id)
    if client.secret_hash is None:
        raise NotFound("this application has no secret")
    return client
