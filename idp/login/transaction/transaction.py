"""Login transactions: what a browser has proved so far, kept on the server for 15 minutes.

    begin ──▶ (empty) ── Proved ─▶ evidence grows ── Complete ─▶ taken: gone
                 │                       │
                 └── 15 minutes ─────────┴─▶ expired: begins again with the same request

A transaction is bound to the browser that began it, holds evidence and never a plan, and its handle names nothing else.
An expired one is remembered for a day so that the person can begin again without going back to the application.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from idp import shortlived
from idp.crypto import opaque
from idp.login.core.serialization import read_demand, read_evidence, write_demand, write_evidence
from idp.login.core.types import Demand, Evidence
from idp.platform import clock
from idp.platform.extensions import db
from idp.web.browser import browser_hash

LIFETIME = timedelta(minutes=15)
_REMEMBERED = timedelta(days=1)
_SKEW = timedelta(minutes=2)
_KIND = "login"


@dataclass(frozen=True, slots=True)
class Application:
    """Whom the login is for: its name, and where the browser goes at the end (empty for our own pages)."""

    name: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One login under way.

    `user_id` is fixed by the first proof. `without_session`: what this browser's session proved counts for nothing.
    `pending` is the sealed TOTP secret that is being set up.
    """

    browser: str
    demand: Demand
    return_to: str
    begun_at: datetime
    cancel_to: str | None = None
    application: Application | None = None
    hint: str = ""
    ui_locales: str = ""
    notice: str = ""
    without_session: bool = False
    user_id: str | None = None
    evidence: tuple[Evidence, ...] = ()
    pending: str | None = None
    handle: str = ""

    @property
    def expired(self) -> bool:
        """Whether its 15 minutes are over. One from the future is expired as well: the clock was set back."""
        return not -_SKEW <= clock.now() - self.begun_at < LIFETIME


def begin(transaction: Transaction) -> Transaction:
    """Keep a new transaction and give it its handle."""
    handle = shortlived.leave(_KIND, _write(transaction), _REMEMBERED)
    db.session.commit()
    return replace(transaction, handle=handle)


def find(handle: str) -> Transaction | None:
    """The transaction of that handle, also when expired; None when it is unknown or another browser's."""
    record = shortlived.get(_KIND, handle)
    if record is None or not opaque.same(record["browser"], browser_hash()):
        return None
    return _read(record, handle)


def keep(transaction: Transaction) -> None:
    """Keep what changed; nothing is kept of a transaction that is gone in the meantime. Commits."""
    shortlived.replace(_KIND, transaction.handle, _write(transaction))
    db.session.commit()


def take(transaction: Transaction) -> bool:
    """Spend the transaction; of any number of simultaneous callers one gets True. The caller commits."""
    return shortlived.take(_KIND, transaction.handle) is not None


def _write(t: Transaction) -> dict[str, Any]:
    return {
        "browser": t.browser,
        "demand": write_demand(t.demand),
        "return_to": t.return_to,
        "begun_at": t.begun_at.isoformat(),
        "cancel_to": t.cancel_to,
        "application": asdict(t.application) if t.application else None,
        "hint": t.hint,
        "ui_locales": t.ui_locales,
        "notice": t.notice,
        "without_session": t.without_session,
        "user_id": t.user_id,
        "evidence": write_evidence(t.evidence),
        "pending": t.pending,
    }


def _read(record: Mapping[str, Any], handle: str) -> Transaction:
    application = record["application"]
    return Transaction(
        browser=record["browser"],
        demand=read_demand(record["demand"]),
        return_to=record["return_to"],
        begun_at=datetime.fromisoformat(record["begun_at"]),
        cancel_to=record["cancel_to"],
        application=Application(**application) if application else None,
        hint=record["hint"],
        ui_locales=record["ui_locales"],
        notice=record["notice"],
        without_session=record["without_session"],
        user_id=record["user_id"],
        evidence=read_evidence(record["evidence"]),
        pending=record["pending"],
        handle=handle,
    )
