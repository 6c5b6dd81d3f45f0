"""What must still be sent: rows that are written in the unit of work that causes them, delivered by `idp worker`.

    mail(PasswordChanged(…)) ─┐                           ┌─ delivered: the payload is cleared
                              ├─▶ row ─▶ a worker claims ─┼─ put off: again after half a minute … four hours
    ask(PasswordForgotten(…)) ┘          it by itself     └─ dead letter: refused for good, too old, or tried 20 times

A mail is a frozen dataclass of facts (`mail/letters.py`); the worker renders it. An errand (`errands.py`) is what has
to be found out first, so that a request does the same work whoever it is about. Both lie sealed in the table: a dump of
the database shows no link and no address. If the unit of work is rolled back there is no row, and no mail.
"""

import json
import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from idp.outbox.items import Item, write
from idp.outbox.jobs import ApplicationToTell, Errand
from idp.outbox.mail.messages import Mail
from idp.outbox.models import Queued, seal_owner
from idp.platform import clock, secrets
from idp.platform.extensions import db

__all__ = ["ask", "ask_all", "mail"]


def mail(letter: Mail) -> None:
    """Send this mail if, and only if, the running unit of work is committed."""
    db.session.add(Queued(**_columns(letter, letter.to.user_id, letter.to.tenant_id)))


def ask(errand: Errand) -> None:
    """Let a worker find out who gets which mail. The caller commits."""
    db.session.add(Queued(**_columns(errand)))


def ask_all(errands: Iterable[Errand]) -> None:
    """As `ask` for many, in one statement; none where there are none."""
    if rows := [_columns(errand) for errand in errands]:
        db.session.execute(sa.insert(Queued), rows)


def _columns(item: Item, user_id: uuid.UUID | None = None, tenant_id: uuid.UUID | None = None) -> dict[str, Any]:
    row_id, now = uuid.uuid4(), clock.now()
    payload = json.dumps(write(item)).encode()
    return {
        "id": row_id,
        "kind": item.kind,
        "user_id": user_id,
        "tenant_id": tenant_id,
        "application_id": uuid.UUID(item.client) if isinstance(item, ApplicationToTell) else None,
        "payload_sealed": secrets.sealer().seal(payload, seal_owner(row_id)),
        "created_at": now,
        "due_at": now,
        "useful_until": now + item.useful_for,
    }
