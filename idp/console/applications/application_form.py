"""The form of an application: a new one, or one that is there.

    new · change ─▶ the form ─▶ what was sent ─▶ faults? ─┬─ some: shown again as it was typed, with every one of them
                                                          └─ none: registered, or changed ─▶ the page of the application
    check ─▶ the faults alone, for the script that says them while somebody types

The technical word for each kind is the protocol's (`application_type`, `token_endpoint_auth_method`), and nobody is asked
for it. What only some applications need is a choice (`CHOICES`), as it should be for most where nobody touches it.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.console import form_draft, permissions
from idp.console.applications.applications import BROWSER, DEVICE, SERVER, back_to, kind_of, one_of, show, words_of
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.oidc.clients import lifecycle, redirect_uris
from idp.oidc.clients import metadata as registration
from idp.oidc.clients.metadata import AUTHORIZATION_CODE, Registration
from idp.oidc.clients.redirect_uris import Wrong
from idp.oidc.clients.validation import InvalidMetadata, guard_faults
from idp.oidc.models import Client
from idp.platform import settings
from idp.platform.extensions import db

METADATA: Final[Mapping[str, Mapping[str, str]]] = {
    SERVER: {"application_type": "web", "token_endpoint_auth_method": "client_secret_basic"},
    BROWSER: {"application_type": "web", "token_endpoint_auth_method": "none"},
    DEVICE: {"application_type": "native", "token_endpoint_auth_method": "none"},
}
"""What the protocol calls each kind."""

ADDRESSES: Final = ("redirect_uris", "post_logout_redirect_uris")
WITHOUT_PKCE: Final = "cannot_do_pkce"
EITHER_PLACE: Final = "client_secret_in_header_or_form"
IN_ID_TOKEN: Final = "id_token_includes_userinfo"  # noqa: S105 - the name of a choice
CHOICES: Final = (EITHER_PLACE, IN_ID_TOKEN, WITHOUT_PKCE)
"""Checkboxes; the first two by the names of the registration."""
FIELDS: Final = ("name", "kind", *ADDRESSES, *CHOICES)
_ON: Final = "on"
_FORM: Final = "application"
_LONGEST_NAME: Final = 200
_LONGEST: Final = 20_000
_SHOWN: Final = 120
"""So much of an address that is wrong is shown with what is wrong."""

_SENTENCES: Final[Mapping[Wrong, Any]] = {
    Wrong.LONG: _l("An address has at most %(number)s characters.", number=redirect_uris.LONGEST),
    Wrong.SIGNS: _l("There is a space or a letter in it that an address cannot have."),
    Wrong.NO_ADDRESS: _l("This is not the address of a page."),
    Wrong.RELATIVE: _l("Write the whole address, from https:// on."),
    Wrong.FRAGMENT: _l("Leave out the # and what stands behind it."),
    Wrong.USER: _l("Leave out what stands before the @."),
    Wrong.WILDCARD: _l("Write each address in full: a * stands for nothing here."),
}
_WEBSITE: Final = _l("It begins with https://, so that nobody on the way can read along.")
_TWICE: Final = _l("It stands there twice.")
_APP: Final = _l("It begins with https://, with http://127.0.0.1, or like com.example.app:/callback.")

Faults = list[tuple[str, str]]
"""(field, sentence)."""


@dataclass(frozen=True, slots=True)
class FormPage:
    """The form of a new application, or of one that is there (`client`)."""

    said: Mapping[str, str]
    client: Client | None = None
    faults: Faults = field(default_factory=list)
    unsaved: bool = False

    @property
    def comes_back(self) -> bool:
        """Whether people come back to it from a login; a program or a device has no address for that."""
        return self.client is None or AUTHORIZATION_CODE in registration.read(self.client.registration).grant_types

    @property
    def choices(self) -> Sequence[str]:
        """Those of the choices that this application has."""
        if self.client is None:
            return CHOICES
        known = registration.read(self.client.registration)
        fitting = {EITHER_PLACE: known.uses_secret, IN_ID_TOKEN: True, WITHOUT_PKCE: _may_go_without(known)}
        return [name for name in CHOICES if fitting[name]]

    @property
    def kinds(self) -> Mapping[str, str]:
        """What an application can be."""
        return {kind: words_of(kind) for kind in METADATA}


def new_application(login: Login) -> str:
    """Show the form, or the input that waited for a proof."""
    kept = form_draft.kept(_FORM)
    return _form(login, FormPage(kept or {"kind": SERVER, EITHER_PLACE: _ON}, unsaved=kept is not None))


def register_application(login: Login) -> ResponseReturnValue:
    """Register what the form says, and show its secret."""
    said = _sent()
    if faults := _faults(said):
        return _form(login, FormPage(said, faults=faults))
    permissions.act(login)
    chosen = [name for name in (EITHER_PLACE, IN_ID_TOKEN) if said[name] and _fits_kind(name, said["kind"])]
    metadata = {**METADATA[said["kind"]], **_addresses(said), **dict.fromkeys(chosen, True)}
    pkce = not said[WITHOUT_PKCE]
    new = lifecycle.register(login.tenant.id, said["name"].strip(), metadata, login.user.id, require_pkce=pkce)
    db.session.commit()
    return show(login, new.client, secret=new.secret)


def change_application(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of one, filled in."""
    client = one_of(login, row_id)
    kept = form_draft.kept(_FORM)
    return _form(login, FormPage(kept or _said_by(client), client, unsaved=kept is not None))


def save_application(login: Login, row_id: uuid.UUID) -> ResponseReturnValue:
    """Save what the form says; of what kind it is cannot be changed."""
    permissions.act(login)
    client = one_of(login, row_id)
    said = _sent() | {"kind": kind_of(client)}
    page = FormPage(said, client)
    if faults := _faults(said, come_back=page.comes_back):
        return _form(login, replace(page, faults=faults))
    try:
        pkce = not said[WITHOUT_PKCE] if WITHOUT_PKCE in page.choices else None
        wanted = {**_addresses(said), **_chosen(said, page, client)}
        lifecycle.change(client, said["name"].strip(), wanted, login.user.id, require_pkce=pkce)
    except InvalidMetadata as error:
        return _form(login, replace(page, faults=[_unfitting(error)]))
    db.session.commit()
    return back_to(client, "saved")


def check_addresses(login: Login) -> ResponseReturnValue:
    """Say what is wrong with the addresses that were typed so far, by field."""
    said = _sent()
    return jsonify({name: list(_wrong_lines(name, said)) for name in ADDRESSES})


def keep_new_input() -> str:
    """Keep what was sent until the proof is there, and return the page that will show it."""
    return url_for("console.new_application", kept=form_draft.keep(_FORM, _sent()))


def keep_changed_input() -> str:
    """The same for the form of one that is there."""
    return url_for("console.change_application", kept=form_draft.keep(_FORM, _sent()), **(request.view_args or {}))


def _form(login: Login, page: FormPage) -> str:
    return render("console/application_form.html", login, page=page)


def _said_by(client: Client) -> dict[str, str]:
    lists = {name: "\n".join(client.registration.get(name, ())) for name in ADDRESSES}
    on = {name for name in (EITHER_PLACE, IN_ID_TOKEN) if client.registration.get(name)}
    on |= set() if client.require_pkce else {WITHOUT_PKCE}
    return {"name": client.name, "kind": kind_of(client), **lists, **dict.fromkeys(on, _ON)}


def _sent() -> dict[str, str]:
    return form_draft.sent(FIELDS, _LONGEST)


def _addresses(said: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: _lines(said[name]) for name in ADDRESSES}


def _chosen(said: Mapping[str, str], page: FormPage, client: Client) -> dict[str, bool]:
    """The choices as they are registered. Who does PKCE again needs its nonce again where it did without both."""
    was = client.registration
    chosen = {name: bool(said[name]) for name in (EITHER_PLACE, IN_ID_TOKEN) if name in page.choices}
    if not said[WITHOUT_PKCE] and "require_nonce" in was:
        chosen["require_nonce"] = True
    return {name: on for name, on in chosen.items() if on or name in was}


def _fits_kind(choice: str, kind: str) -> bool:
    """Whether an application of that kind has the choice."""
    return choice == IN_ID_TOKEN or kind == SERVER


def _may_go_without(known: Registration) -> bool:
    """Whether it may be registered to do without PKCE (RFC 9700 section 2.1.1)."""
    return not guard_faults(known, require_pkce=False)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _unfitting(error: InvalidMetadata) -> tuple[str, str]:
    """What an application registered beyond this form may be at odds with its new addresses."""
    sentence = _("These addresses do not fit the rest of what the application registered: %(why)s", why=str(error))
    return "redirect_uris", sentence


def _faults(said: Mapping[str, str], *, come_back: bool = True) -> Faults:
    """Return all that is wrong, from the top of the form to its end."""
    faults: Faults = []
    name = said["name"].strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        faults.append(("name", _("Give the application a name, as people know it.")))
    if said["kind"] not in METADATA:
        faults.append(("kind", _("Say what kind of application it is.")))
    if said[WITHOUT_PKCE] and not _fits_kind(WITHOUT_PKCE, said["kind"]):
        faults.append((WITHOUT_PKCE, _("Only a website with a server of its own can do without PKCE.")))
    if come_back and not _lines(said["redirect_uris"]):
        faults.append(("redirect_uris", _("Give at least one address to come back to.")))
    return faults + [(name, sentence) for name in ADDRESSES for sentence in _wrong_lines(name, said)]


def _wrong_lines(name: str, said: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each address of this field that cannot be taken."""
    native, seen = said["kind"] == DEVICE, set[str]()
    for line in _lines(said[name]):
        wrong = redirect_uris.wrong_with(line, native=native, development=settings.current().development)
        if wrong is not None:
            yield f"{_short(line)}: {_sentence(wrong, native=native)}"
        elif line in seen:
            yield f"{_short(line)}: {_TWICE}"
        seen.add(line)


def _short(address: str) -> str:
    return address if len(address) <= _SHOWN else f"{address[:_SHOWN]}…"


def _sentence(wrong: Wrong, *, native: bool) -> str:
    """Say what is wrong, and what to do."""
    by_kind = _APP if native else _WEBSITE
    return str(by_kind if wrong in {Wrong.HTTP, Wrong.SCHEME} else _SENTENCES[wrong])
