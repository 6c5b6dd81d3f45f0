"""Many people invited at once, from a CSV file.

    keep ─────▶ the people of a file without faults wait, sealed, for somebody to look at them
    confirm ──▶ an errand in the outbox; the request that confirms makes nobody
    carry_out ▶ (a worker, platform/batches.py) the next 50 are users with an invitation; the row says how far it is
    stop ─────▶ no other batch begins; go_on lets them

    PREVIEWED ── confirm ──▶ WAITING ⟲ batches ──▶ DONE    some may be left out: a username was taken in between
        └── discard ─▶ gone     stop │ ▲ go_on └─▶ FAILED  all of them were
                                     ▼ │
                                  (stopped)

What is committed is never done again, and nobody is made twice, whoever is killed. The caller commits.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import defer

from idp import outbox
from idp.accounts.bulk_invite.batches import carry_out, stop
from idp.accounts.bulk_invite.csv_file import LineFault, Newcomer
from idp.accounts.bulk_invite.models import PeopleImport, State, Stop
from idp.accounts.bulk_invite.sealed import people_of, seal, seal_owner
from idp.accounts.models import User
from idp.accounts.users import profile, usernames
from idp.audit.events import PeopleImportConfirmed
from idp.audit.record import record
from idp.outbox.jobs import PeopleToInvite
from idp.platform import clock
from idp.platform.extensions import changed, db
from idp.tenancy.models import Tenant

__all__ = [
    "PeopleImport",
    "State",
    "Stop",
    "carry_out",
    "confirm",
    "discard",
    "go_on",
    "keep",
    "latest",
    "left_out_of",
    "not_invited",
    "of",
    "people_of",
    "seal_owner",
    "stands_still",
    "stop",
    "taken",
]

LATEST = 5
PATIENCE = timedelta(minutes=5)
"""So long other mails may go first before an import is said to stand still."""
_AT_ONCE = 500
_WITHOUT_PEOPLE = defer(PeopleImport.people_sealed)
"""Up to a megabyte, which a page that only says how far an import is has no use for."""


def taken(newcomers: Sequence[Newcomer]) -> list[LineFault]:
    """Whose username is somebody's already, whichever company they are of. A few questions for thousands of names."""
    names = {usernames.key(newcomer.new.username): newcomer for newcomer in newcomers}
    found = [key for some in _portions(list(names)) for key in db.session.scalars(_of_keys(some))]
    wrong = sorted((names[key] for key in found), key=lambda newcomer: newcomer.line)
    return [LineFault(newcomer.line, profile.taken(newcomer.new.username).sentence) for newcomer in wrong]


def keep(tenant: Tenant, newcomers: Sequence[Newcomer], actor: User) -> PeopleImport:
    """Let them wait for somebody to look at them."""
    row = PeopleImport(id=uuid.uuid4(), tenant_id=tenant.id, actor_id=actor.id, people=len(newcomers))
    row.people_sealed = seal(row.id, newcomers)
    db.session.add(row)
    return row


def of(tenant_id: uuid.UUID, import_id: uuid.UUID) -> PeopleImport | None:
    """The import of that id; another company's is as unknown as one that does not exist."""
    mine = sa.select(PeopleImport).where(PeopleImport.id == import_id, PeopleImport.tenant_id == tenant_id)
    return db.session.scalar(mine.options(_WITHOUT_PEOPLE))


def latest(tenant_id: uuid.UUID, most: int = LATEST) -> Sequence[PeopleImport]:
    """The newest imports of the company."""
    mine = sa.select(PeopleImport).where(PeopleImport.tenant_id == tenant_id).options(_WITHOUT_PEOPLE)
    return db.session.scalars(mine.order_by(PeopleImport.created_at.desc()).limit(most)).all()


def left_out_of(row: PeopleImport) -> list[Newcomer]:
    """Whose username was somebody's when their turn came."""
    lines = frozenset(row.left_out)
    return [newcomer for newcomer in people_of(row) if newcomer.line in lines] if lines else []


def not_invited(row: PeopleImport) -> list[Newcomer]:
    """Those left out, and those whose turn has not come."""
    if row.state is not State.WAITING:
        return left_out_of(row)
    lines = frozenset(row.left_out)
    people = people_of(row)
    return [newcomer for n, newcomer in enumerate(people) if n >= row.handled or newcomer.line in lines]


def confirm(row: PeopleImport, actor: User) -> bool:
    """Let workers invite them; False when that was done already."""
    previewed = sa.update(PeopleImport).where(PeopleImport.id == row.id, PeopleImport.state == State.PREVIEWED)
    return _begin(row, previewed, actor)


def go_on(row: PeopleImport, actor: User) -> bool:
    """Let workers invite the others, in this administrator's name; False when it was not stopped."""
    waits = PeopleImport.state == State.WAITING, PeopleImport.stopped.is_not(None)
    return _begin(row, sa.update(PeopleImport).where(PeopleImport.id == row.id, *waits), actor)


def discard(row: PeopleImport) -> bool:
    """Forget an import that nobody confirmed; False when somebody did."""
    return changed(sa.delete(PeopleImport).where(PeopleImport.id == row.id, PeopleImport.state == State.PREVIEWED))


def stands_still(row: PeopleImport) -> bool:
    """Whether it should go on and has not for a while: no worker runs, or the mail server is out of reach."""
    moved_at = row.moved_at or row.created_at
    return row.state is State.WAITING and row.stopped is None and clock.now() - moved_at > PATIENCE


def _begin(row: PeopleImport, update: sa.Update, actor: User) -> bool:
    now = {"state": State.WAITING, "stopped": None, "actor_id": actor.id, "moved_at": clock.now()}
    if not changed(update.values(**now)):
        return False
    db.session.refresh(row)
    outbox.ask(PeopleToInvite(import_id=str(row.id), after=row.handled))
    record(PeopleImportConfirmed(tenant_id=row.tenant_id, actor_id=actor.id, people=row.people - row.handled))
    return True


def _of_keys(keys: Sequence[str]) -> sa.Select[str]:
    return sa.select(User.username_key).where(User.username_key.in_(keys))


def _portions(keys: list[str]) -> Iterable[list[str]]:
    return (keys[at : at + _AT_ONCE] for at in range(0, len(keys), _AT_ONCE))
