"""`/console/applications`: the company's own applications, which log people in here.

    list ─▶ register: a name, what kind it is, where people come back to ─▶ its client_id, and its secret once
         └▶ one of them: change · a new secret (the old one works for a day more) · switch off and on
                └▶ connect: what to write in its code, for its client_id (connecting.py)

A form that cannot be taken is shown again as it was typed. The technical word for each kind is the protocol's
(`application_type`, `token_endpoint_auth_method`), and nobody is asked for it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp import settings
from idp.console import authority, connecting, kept_input
from idp.errors import NotFound
from idp.extensions import db
from idp.login.gate import Login
from idp.login.own_pages import render
from idp.oidc import applications
from idp.oidc.applications import Page, Use
from idp.oidc.metadata import InvalidMetadata
from idp.oidc.models import Client
from idp.web.fields import typed

KINDS: Mapping[str, tuple[Any, Mapping[str, str]]] = {
    "server": (
        _l("A website with a server of its own, which can keep a secret"),
        {"application_type": "web", "token_endpoint_auth_method": "client_secret_basic"},
    ),
    "browser": (
        _l("A page that runs in the browser alone"),
        {"application_type": "web", "token_endpoint_auth_method": "none"},
    ),
    "device": (
        _l("An app on a phone or a computer"),
        {"application_type": "native", "token_endpoint_auth_method": "none"},
    ),
}
"""What an application can be: the words, and what the protocol calls it."""

DONE: Mapping[str, Any] = {
    "saved": _l("It is saved."),
    "off": _l("The application is switched off: it logs nobody in any more."),
    "on": _l("The application is switched on again."),
}
FIELDS = ("name", "kind", "redirect_uris", "post_logout_redirect_uris")
_FORM = "application"
_LONGEST_NAME = 200
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class FormPage:
    """The form of a new application, or of one that is there (`client`). `faults`: (field, sentence)."""

    said: Mapping[str, str]
    kinds: Mapping[str, Any]
    client: Client | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)
    unsaved: bool = False


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """One application. `secret`: shown now and never again."""

    client: Client
    kind: str
    use: Use
    secret: str | None
    issuer: str
    done: str | None


def list_applications(login: Login) -> str:
    """Show some of the applications."""
    found: Page = applications.page_of(login.tenant.id, request.args.get("after", ""))
    return render("console/applications.html", login, page=found, begun="after" in request.args)


def new_application(login: Login) -> str:
    """Show the form, or the input that waited for a proof."""
    kept = kept_input.kept(_FORM)
    return _form(login, FormPage(kept or {"kind": "server"}, _kinds(), unsaved=kept is not None))


def register_application(login: Login) -> ResponseReturnValue:
    """Register what the form says, and show its secret."""
    said = _sent()
    faults = _faults(said, with_kind=True)
    if faults:
        return _form(login, FormPage(said, _kinds(), faults=faults))
    authority.act(login)
    try:
        new = applications.register(login.tenant.id, said["name"].strip(), _metadata(said), login.user.id)
    except InvalidMetadata:
        return _form(login, FormPage(said, _kinds(), faults=[_wrong_address()]))
    db.session.commit()
    return _show(login, new.client, secret=new.secret)


def application(login: Login, row_id: uuid.UUID) -> str:
    """Show one application."""
    return _show(login, _one(login, row_id))


def change_application(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of one, filled in."""
    client = _one(login, row_id)
    kept = kept_input.kept(_FORM)
    return _form(login, FormPage(kept or _said_by(client), _kinds(), client, unsaved=kept is not None))


def save_application(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Save what the form says."""
    authority.act(login)
    client, said = _one(login, row_id), _sent()
    faults = _faults(said, with_kind=False)
    if faults:
        return _form(login, FormPage(said, _kinds(), client, faults))
    try:
        applications.change(client, said["name"].strip(), _addresses(said), login.user.id)
    except InvalidMetadata:
        return _form(login, FormPage(said, _kinds(), client, [_wrong_address()]))
    db.session.commit()
    return _back(client, "saved")


def ask_new_secret(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Ask whether it is to have another secret."""
    return render("console/application_secret.html", login, client=_with_secret(login, row_id))


def renew_secret(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Make another secret, and show it once."""
    authority.act(login)
    client = _with_secret(login, row_id)
    secret = applications.new_secret(client, login.user.id)
    db.session.commit()
    return _show(login, client, secret=secret)


def switch_application(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Switch it off, or on again: as the button said."""
    authority.act(login)
    client = _one(login, row_id)
    on = typed("on") == "yes"
    (applications.switch_on if on else applications.switch_off)(client, login.user.id)
    db.session.commit()
    return _back(client, "on" if on else "off")


def connect_application(login: Login, row_id: uuid.UUID) -> str:
    """Show what to write in the application's code."""
    client = _one(login, row_id)
    return render("console/application_connect.html", login, client=client, ways=connecting.ways(client))


def keep_new_input() -> str:
    """Keep what was sent until the proof is there, and return the page that will show it."""
    return url_for("console.new_application", kept=kept_input.keep(_FORM, _sent()))


def keep_changed_input() -> str:
    """The same for the form of one that is there."""
    return url_for("console.change_application", kept=kept_input.keep(_FORM, _sent()), **(request.view_args or {}))


def application_page() -> str:
    """Return the page on which the buttons of this application stand."""
    return url_for("console.application", **(request.view_args or {}))


def _one(login: Login, row_id: uuid.UUID) -> Client:
    client = applications.one_of(login.tenant.id, row_id)
    if client is None:
        raise NotFound("no such application of this tenant")
    return client


def _with_secret(login: Login, row_id: uuid.UUID) -> Client:
    client = _one(login, row_id)
    if client.secret_hash is None:
        raise NotFound("this application has no secret")
    return client


def _show(login: Login, client: Client, secret: str | None = None) -> str:
    page = ApplicationPage(
        client=client,
        kind=str(KINDS[_kind_of(client)][0]),
        use=applications.use_of(client),
        secret=secret,
        issuer=settings.current().issuer,
        done=DONE.get(request.args.get("done", "")),
    )
    return render("console/application.html", login, page=page)


def _form(login: Login, page: FormPage) -> str:
    return render("console/application_form.html", login, page=page)


def _back(client: Client, done: str) -> Response:
    return redirect(url_for("console.application", row_id=client.id, done=done), 303)


def _kinds() -> dict[str, Any]:
    return {kind: words for kind, (words, _metadata) in KINDS.items()}


def _kind_of(client: Client) -> str:
    if client.registration.get("application_type") == "native":
        return "device"
    return "browser" if client.registration.get("token_endpoint_auth_method") == "none" else "server"


def _said_by(client: Client) -> dict[str, str]:
    lists = {name: "\n".join(client.registration.get(name, ())) for name in FIELDS[2:]}
    return {"name": client.name, "kind": _kind_of(client), **lists}


def _sent() -> dict[str, str]:
    return {name: typed(name)[:_LONGEST] for name in FIELDS}


def _faults(said: Mapping[str, str], *, with_kind: bool) -> list[tuple[str, str]]:
    faults = []
    name = said["name"].strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        faults.append(("name", _("Give the application a name, as people know it.")))
    if with_kind and said["kind"] not in KINDS:
        faults.append(("kind", _("Say what kind of application it is.")))
    if not _lines(said["redirect_uris"]):
        faults.append(("redirect_uris", _("Give at least one address to come back to.")))
    return faults


def _wrong_address() -> tuple[str, str]:
    sentence = _(
        "An address begins with https:// and has no # in it, and each stands there once. "
        "Only an app on a device may use http://127.0.0.1 or an address like com.example.app:/callback."
    )
    return "redirect_uris", sentence


def _metadata(said: Mapping[str, str]) -> dict[str, Any]:
    return {**KINDS[said["kind"]][1], **_addresses(said)}


def _addresses(said: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: _lines(said[name]) for name in FIELDS[2:]}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
