"""What people find in their mailbox, read from the outbox before a worker sends it."""

import json
import uuid
from typing import Any

import sqlalchemy as sa
from flask import Flask

from idp.outbox.models import Queued, seal_owner
from idp.platform import secrets
from idp.platform.extensions import db


def mails(app: Flask, user_id: uuid.UUID, kind: str | None = None) -> list[dict[str, Any]]:
    """The facts of the mails to a user that are not sent yet, the newest last; `kind` picks."""
    with app.app_context():
        rows = sa.select(Queued).where(Queued.user_id == user_id).order_by(Queued.created_at)
        found = [row for row in db.session.scalars(rows) if kind in (None, row.kind)]
        opened = [secrets.sealer().open(row.payload_sealed or "", seal_owner(row.id)) for row in found]
        return [{"kind": row.kind, **json.loads(body)} for row, body in zip(found, opened, strict=True)]
