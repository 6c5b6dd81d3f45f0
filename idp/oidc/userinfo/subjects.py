"""Who a person is to an application (OpenID Connect Core section 8): one function for every place that says `sub`.

    subject_type public      the user's id, the same for everybody
    subject_type pairwise    AES-SIV(key, user's id, sector)      the same for all applications of a sector, for no other
                                  ▲ section 8.1: deterministic, and read back by us alone

A sector is the host of `sector_identifier_uri`, or the one host of the redirect URIs. The key is made once, by the
migration, and stands in the database as it is: it keeps applications from comparing whom they know, and who reads the
database sees the ids anyway. So no change of the secret keys ever makes anybody somebody else.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import current_app

from idp.oidc.clients import metadata
from idp.oidc.models import THE_PAIRWISE_KEY, Client, PairwiseKey
from idp.platform.extensions import db

NOBODY: Final = ""
"""The id of no user."""
_CIPHER: Final = "idp.oidc.pairwise"


def subject_of(client: Client, user_id: uuid.UUID) -> str:
    """The `sub` of this person for this application: ID tokens, userinfo, access and logout tokens, introspection."""
    sector = metadata.read(client.registration).sector
    if sector is None:
        return str(user_id)
    return _text(_cipher().encrypt(user_id.bytes, [sector.encode("ascii")]))


def user_id_of(client: Client, subject: str) -> str:
    """The id of the person whom this application calls so; `NOBODY` where it knows nobody of that name.

    Of a public subject it is the text itself: whether there is such a user is not asked.
    """
    sector = metadata.read(client.registration).sector
    if sector is None:
        return subject
    try:
        return str(uuid.UUID(bytes=_cipher().decrypt(_bytes(subject), [sector.encode("ascii")])))
    except (InvalidTag, ValueError):
        return NOBODY


def _cipher() -> AESSIV:
    """The cipher with the key of the installation; each process reads it once."""
    kept = current_app.extensions.get(_CIPHER)
    if kept is None:
        row = db.session.get_one(PairwiseKey, THE_PAIRWISE_KEY)
        kept = current_app.extensions[_CIPHER] = AESSIV(bytes.fromhex(row.key))
    return cast("AESSIV", kept)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    """What was made a text. Raises `ValueError` for another text."""
    if not text.isascii():
        raise ValueError("not a subject")
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(raw) != text:
        raise binascii.Error("not the one way to write it")
    return raw
