"""How a worker invites the people of an import, batch by batch.

    errand (import, after n) ─▶ one UPDATE takes the people n … n + 50, if n of them are handled and nobody said stop
      │                           └─ no row: another worker had them, or it is stopped or over; nothing is done
      ▼
    users, invitations, mails, how far it is ─▶ the errand for the next batch ─┐ all of it in one unit of work
      └─ no more of them ─▶ the end; those left out are kept ──────────────────┘

Whoever is killed in between has done nothing, and what was committed is not done again. The next errand stands in the
outbox behind the mails of this batch: other companies' mails wait for one batch, not for five thousand people.

A company that is disabled gets nobody. Nor does it go on for an administrator who is none any more: their employment may
have ended because of what they did. Another administrator can let it go on; people who were made are not unmade so easily.
"""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from idp import outbox
from idp.accounts import invitations
from idp.accounts.bulk_invite.csv_file import Newcomer
from idp.accounts.bulk_invite.models import PeopleImport, State, Stop
from idp.accounts.bulk_invite.sealed import people_of, seal
from idp.accounts.models import User, UserType
from idp.accounts.users import usernames
from idp.accounts.users.queries import by_id, may_log_in
from idp.audit.events import PeopleImportStopped
from idp.audit.record import record
from idp.outbox.jobs import PeopleToInvite
from idp.platform import clock
from idp.platform.extensions import changed, db
from idp.tenancy.models import Tenant

BATCH = 50
"""So many in one unit of work: its lock is held for as long as it takes to write them down."""


def carry_out(errand: PeopleToInvite) -> None:
    """Invite the next people of the import, and ask for those after them. The caller commits."""
    row = db.session.get(PeopleImport, uuid.UUID(errand.import_id))
    if row is None:
        return
    tenant, actor = db.session.get_one(Tenant, row.tenant_id), by_id(row.actor_id)
    if hindrance := _hindrance(tenant, actor):
        stop(row, hindrance)
    elif actor and (people := people_of(row)) and _take(row, errand.after):
        _invite(tenant, row, people[errand.after : row.handled], actor)
        _go_on(row, people)


def stop(row: PeopleImport, why: Stop, actor: User | None = None) -> bool:
    """Let no other batch begin; False when it does not go on anyway. Waits for the batch that is under way."""
    if not changed(going_on(row).values(stopped=why)):
        return False
    record(PeopleImportStopped(tenant_id=row.tenant_id, actor_id=actor.id if actor else None, why=why.value))
    return True


def going_on(row: PeopleImport) -> sa.Update:
    """An UPDATE of this import, if it goes on."""
    waits = PeopleImport.state == State.WAITING, PeopleImport.stopped.is_(None)
    return sa.update(PeopleImport).where(PeopleImport.id == row.id, *waits)


def _hindrance(tenant: Tenant, actor: User | None) -> Stop | None:
    """Why nobody is invited for this administrator any more."""
    if tenant.disabled_at is not None:
        return Stop.COMPANY_DISABLED
    is_one = actor is not None and actor.type is UserType.ADMINISTRATOR and actor.tenant_id == tenant.id
    return None if actor and is_one and may_log_in(actor) else Stop.NO_ADMINISTRATOR


def _take(row: PeopleImport, after: int) -> bool:
    """Take the people of the next batch; False when they are somebody else's. Holds the import until the end of the unit."""
    upto = min(after + BATCH, row.people)
    taken = going_on(row).where(PeopleImport.handled == after).values(handled=upto, moved_at=clock.now())
    if not changed(taken):
        return False
    db.session.refresh(row)
    return True


def _invite(tenant: Tenant, row: PeopleImport, batch: Sequence[Newcomer], actor: User) -> None:
    """Invite them, all but those whose username is somebody's by now."""
    invited = invitations.invite_all(tenant, [newcomer.new for newcomer in batch], actor)
    if lines := [newcomer.line for newcomer in batch if usernames.key(newcomer.new.username) not in invited]:
        row.left_out = [*row.left_out, *lines]


def _go_on(row: PeopleImport, people: Sequence[Newcomer]) -> None:
    """Ask for the next batch. After the last one say how it ended, and keep of the people only those left out."""
    if row.handled < row.people:
        outbox.ask(PeopleToInvite(import_id=str(row.id), after=row.handled))
        return
    lines = frozenset(row.left_out)
    left_out = [newcomer for newcomer in people if newcomer.line in lines]
    row.state = State.DONE if len(left_out) < row.people else State.FAILED
    row.people_sealed = seal(row.id, left_out) if left_out else None
    row.finished_at = clock.now()
