"""Secrets that stand in our examples until somebody writes their own: whoever reads the example knows them.

is_one           ─▶ `idp import` refuses the text
clients_with_one ─▶ `idp check` names them; of a secret only a digest is kept, so only ours are found
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from idp.crypto import opaque
from idp.oidc.models import Client
from idp.platform.extensions import db

_BEGINS: Final = "replaceme"
_OF_OUR_EXAMPLES: Final = ("REPLACE-ME-by-a-long-random-text", "REPLACE-ME")
"""Each that ever stood in an example of ours."""


def is_one(text: str) -> bool:
    """Whether the text is to be replaced by another, however that is written."""
    return "".join(filter(str.isalnum, text)).lower().startswith(_BEGINS)


def clients_with_one() -> Sequence[str]:
    """The ids of the clients whose secret is of an example, in order."""
    known = [opaque.digest(secret) for secret in _OF_OUR_EXAMPLES]
    theirs = sa.or_(Client.secret_hash.in_(known), Client.old_secret_hash.in_(known))
    return db.session.scalars(sa.select(Client.client_id).where(theirs).order_by(Client.client_id)).all()
