"""`POST /register` (RFC 7591 section 3) and `GET|PUT|DELETE /register/<client_id>` (RFC 7592 section 2).

Refuses: a token that is missing, unknown, over or another client's (401 `invalid_token`, one wording, RFC 7592 section 2.1);
more than twenty tries an hour with one token, or twenty changes of one client (429); what is not a JSON object; metadata that
cannot be registered (400 `invalid_redirect_uri`, `invalid_client_metadata`); a software statement (400
`invalid_software_statement`). A client that was switched off, or whose tenant was, is unknown here.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

import sqlalchemy as sa
from flask import Response, request

from idp.audit.events import ClientChanged, ClientDeleted
from idp.audit.record import record
from idp.crypto import opaque
from idp.oidc.adapter.server import NO_STORE
from idp.oidc.clients import lifecycle, repository
from idp.oidc.clients.registration import initial_tokens, open_metadata, sector
from idp.oidc.clients.registration.open_metadata import Wanted
from idp.oidc.clients.registration.refusal import Refused, no_token, too_many, wrong_metadata
from idp.oidc.models import Client
from idp.platform import settings
from idp.platform.extensions import changed, db
from idp.web.error_pages import for_programs

_NOT_TO_BE_SENT: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


@for_programs
def register() -> Response:
    """Register a client."""
    try:
        allowed = initial_tokens.permit(_bearer())
        if allowed is None:
            raise no_token()
        if not initial_tokens.take_place(allowed):
            raise too_many()
        db.session.commit()
        wanted = _wanted(open_metadata.parse(request.get_data()))
    except Refused as refused:
        return refused.response()
    made = lifecycle.register(allowed.tenant_id, wanted.name, wanted.metadata)
    token = opaque.new()
    made.client.registration_token_hash = opaque.digest(token)
    db.session.flush()
    answer = _answer(made.client, token, made.secret, HTTPStatus.CREATED)
    db.session.commit()
    return answer


@for_programs
def read(client_id: str) -> Response:
    """What is registered (RFC 7592 section 2.1); the secret is not kept, so it is not told again."""
    try:
        client = _own(client_id)
    except Refused as refused:
        return refused.response()
    return _answer(client, _bearer())


@for_programs
def update(client_id: str) -> Response:
    """Replace all that is registered; what is left out is as if it had never been said (RFC 7592 section 2.2)."""
    try:
        client = _own(client_id)
        given = open_metadata.parse(request.get_data())
        _fits(given, client)
        if not initial_tokens.take_place_of(client.id):
            raise too_many()
        mine = Client.id == client.id
        db.session.commit()
        wanted = _wanted(given)
        client = _still(mine)
        before = client.registration
        secret = _replace(client, wanted)
    except Refused as refused:
        return refused.response()
    keys = sorted(key for key in before.keys() | wanted.metadata if before.get(key) != wanted.metadata.get(key))
    record(ClientChanged(tenant_id=client.tenant_id, client_id=client.client_id, fields=keys))
    answer = _answer(client, _bearer(), secret)
    db.session.commit()
    return answer


@for_programs
def delete(client_id: str) -> Response:
    """Delete the client with everything that was given to it (RFC 7592 section 2.3)."""
    try:
        client = _own(client_id)
    except Refused as refused:
        return refused.response()
    tenant_id = client.tenant_id
    if not changed(sa.delete(Client).where(Client.id == client.id)):
        return no_token().response()
    record(ClientDeleted(tenant_id=tenant_id, client_id=client_id))
    db.session.commit()
    return Response("", HTTPStatus.NO_CONTENT, NO_STORE)


def _bearer() -> str:
    """The token of the request; an empty text where there is none: that is nobody's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _own(client_id: str) -> Client:
    """The client whose registration token came with the request."""
    client = repository.by_client_id(client_id)
    expected = client.row.registration_token_hash if client else None
    if client is None or not opaque.same(opaque.digest(_bearer()), expected or ""):
        raise no_token()
    return client.row


def _still(mine: sa.ColumnElement[bool]) -> Client:
    """The client as it is after the seconds that a fetch may take, unless it has gone in them."""
    client = db.session.scalar(sa.select(Client).where(mine))
    if client is None:
        raise no_token()
    return client


def _wanted(given: dict[str, Any]) -> Wanted:
    wanted = open_metadata.read(given, development=settings.current().development)
    sector.check(wanted.registration)
    return wanted


def _fits(given: dict[str, Any], client: Client) -> None:
    """RFC 7592 section 2.2: the request is about this client, and chooses nothing that is ours to choose."""
    if given.get("client_id") != client.client_id:
        raise wrong_metadata("client_id: must be that of the client")
    if sent := [name for name in _NOT_TO_BE_SENT if name in given]:
        raise wrong_metadata(f"{sent[0]}: must not be sent")
    secret = given.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and lifecycle.secret_is(client, secret)):
        raise wrong_metadata("client_secret: must be that of the client, or left out")


def _replace(client: Client, wanted: Wanted) -> str | None:
    """Write it, unless the client was deleted meanwhile; a secret where the client needs one and has none."""
    secret = opaque.new() if wanted.registration.uses_secret and client.secret_hash is None else None
    kept = client.secret_hash if wanted.registration.uses_secret else None
    values = {
        "name": wanted.name,
        "registration": dict(wanted.metadata),
        "secret_hash": opaque.digest(secret) if secret else kept,
    }
    if not wanted.registration.uses_secret:
        values |= {"old_secret_hash": None, "old_secret_ends_at": None}
    if not changed(sa.update(Client).where(Client.id == client.id).values(values)):
        raise no_token()
    db.session.refresh(client)
    return secret


def _answer(client: Client, token: str, secret: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3)."""
    body = open_metadata.told(client)
    body["registration_access_token"] = token
    body["registration_client_uri"] = f"{settings.current().issuer}/register/{client.client_id}"
    if secret is not None:
        body |= {"client_secret": secret, "client_secret_expires_at": 0}
    return Response(json.dumps(body), status, NO_STORE, mimetype="application/json")
