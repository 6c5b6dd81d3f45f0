"""Consent: what a person allows an application that is not Informer's (OpenID Connect Core section 3.1.2.4).

    first-party ─────────────────────────▶ never asked
    third-party, every scope allowed before ─▶ not asked, unless `prompt=consent`
    third-party, something new ──────────▶ a page: Allow, Cancel

A claim that is asked by name counts as its scope does (section 5.5): it stands on the page, and is allowed as that scope.

It is kept per person and application, and grows; it is never taken for another scope than those that were shown. The
person takes it back on the security page: whatever the application got ends with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _

from idp.audit.events import ConsentGiven, ConsentWithdrawn
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.oidc.authorization.checks import Prompt
from idp.oidc.authorization.requests import AuthorizationRequest, Entry
from idp.oidc.logout import endings
from idp.oidc.models import Client, Consent
from idp.platform import clock
from idp.platform.extensions import changed, db, upsert
from idp.web.security_headers import allow_form_action

_SHOWN: Final = 100
_IN_ORDER: Final = ("openid", "profile", "email", "phone", "address", "offline_access")


def owed(asked: AuthorizationRequest, login: Login) -> bool:
    """Whether this person must be asked before the application gets an answer."""
    if asked.client.row.first_party:
        return False
    return Prompt.CONSENT in asked.prompt or not set(asked.wanted_scope) <= _allowed(asked, login)


def page(entry: Entry) -> Response:
    """What the application asks for, with Allow and Cancel."""
    asked = entry.request
    allow_form_action(asked.to.redirect_uri)
    shown = {
        "step": "consent",
        "action": url_for("oidc.decide", handle=entry.handle),
        "client": asked.client.row.name,
        "scopes": sentences(asked),
        "links": _links(asked.client.row.registration),
    }
    return make_response(render_template("login/consent.html", page=shown))


def allow(asked: AuthorizationRequest, login: Login) -> None:
    """Keep what was allowed, with what was allowed before. The caller commits."""
    scope = " ".join(sorted(_allowed(asked, login) | set(asked.wanted_scope)))
    given = {"scope": scope, "granted_at": clock.now()}
    first = upsert(Consent).values(user_id=login.user.id, client_id=asked.client.id, **given)
    again = first.on_conflict_do_update(index_elements=[Consent.user_id, Consent.client_id], set_=given)
    db.session.execute(again, execution_options={"synchronize_session": False})
    record(
        ConsentGiven(
            tenant_id=login.tenant.id,
            user_id=login.user.id,
            client_id=asked.client.client_id,
            scope=" ".join(asked.wanted_scope),
        )
    )


def given_by(user_id: uuid.UUID) -> Iterator[tuple[Client, Sequence[str], datetime]]:
    """The applications that this person allowed something, what, and when last; the newest first, as many as fit a page."""
    mine = sa.select(Client, Consent).join(Consent, Consent.client_id == Client.id).where(Consent.user_id == user_id)
    for client, given in db.session.execute(mine.order_by(Consent.granted_at.desc(), Client.name).limit(_SHOWN)):
        yield client, sorted(given.scope.split(), key=_place), given.granted_at


def withdraw(login: Login, client_id: uuid.UUID) -> bool:
    """Take back what this application was allowed, with all that it got; whether there was anything. Commits."""
    mine = Consent.user_id == login.user.id, Consent.client_id == client_id
    if not changed(sa.delete(Consent).where(*mine)):
        return False
    client = db.session.get_one(Client, client_id)
    record(ConsentWithdrawn(tenant_id=login.tenant.id, user_id=login.user.id, client_id=client.client_id))
    endings.consent_withdrawn(login.user.id, client_id)
    db.session.commit()
    return True


def _allowed(asked: AuthorizationRequest, login: Login) -> set[str]:
    kept = db.session.scalar(sa.select(Consent.scope).where(_mine(asked, login)))
    return set((kept or "").split())


def _mine(asked: AuthorizationRequest, login: Login) -> sa.ColumnElement[bool]:
    return sa.and_(Consent.user_id == login.user.id, Consent.client_id == asked.client.id)


def _links(registration: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the application says of itself, on pages of its own (RFC 7591 section 2). Its logo is not loaded."""
    named = (
        ("client_uri", _("Its website")),
        ("policy_uri", _("What it does with your data")),
        ("tos_uri", _("Its terms")),
    )
    return [(registration[key], words) for key, words in named if key in registration]


def _place(scope: str) -> tuple[int, str]:
    """Where the sentence of a scope stands: who somebody is before how to reach them, what is nobody's standard last."""
    return (_IN_ORDER.index(scope) if scope in _IN_ORDER else len(_IN_ORDER)), scope


def sentences(asked: AuthorizationRequest) -> list[str]:
    """What a request asks of the person, in words, in the order of the scopes."""
    return [sentence(scope) for scope in sorted(asked.wanted_scope, key=_place)]


def sentence(scope: str) -> str:
    """What a scope means to the person; one that only the application knows is shown by its name."""
    sentences = {
        "openid": _("who you are: a number that stands for you, and the company you work for"),
        "profile": _("your name, username, language and time zone"),
        "email": _("your e-mail address"),
        "phone": _("your phone number"),
        "address": _("your postal address"),
        "offline_access": _("all of this also while you are away, for up to 90 days"),
    }
    return sentences.get(scope) or scope
