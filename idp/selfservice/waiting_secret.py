"""A TOTP secret that waits for the code that confirms it: sealed, for half an hour, for this person and session only."""

from datetime import timedelta

from idp import shortlived
from idp.accounts.factors import enrolment
from idp.login.flow.entry import Login
from idp.platform.extensions import db

WAITS_FOR = timedelta(minutes=30)


def make(login: Login, kind: str) -> tuple[str, str]:
    """A new secret: the handle under which it waits, and the sealed text. Commits."""
    pending = enrolment.new_pending(login.user)
    handle = shortlived.put(kind, {"session": str(login.session.id), "pending": pending}, WAITS_FOR)
    db.session.commit()
    return handle, pending


def find(login: Login, kind: str, handle: str) -> str | None:
    """The sealed secret that waits under this handle, if it is this session's."""
    kept = shortlived.get(kind, handle)
    return kept["pending"] if kept and kept["session"] == str(login.session.id) else None


def forget(kind: str, handle: str) -> None:
    """It waits no more. The caller commits."""
    shortlived.take(kind, handle)
