"""Many people invited at once, from a CSV file.

    keep ─────▶ the people of a file without faults wait, sealed, for somebody to look at them
    confirm ──▶ an errand in the outbox; the request that confirms makes nobody
    carry_out ▶ (a worker) all of them are users with an invitation, or none is and the reasons are kept

    PREVIEWED ── confirm ──▶ WAITING ──▶ DONE
        └── discard ─▶ gone      └─────▶ FAILED   a username was taken in between

One unit of work makes them all, so that nothing is ever half imported. The caller commits.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from idp import clock, outbox
from idp.accounts import invitations, particulars, usernames
from idp.accounts.lifecycle import NewUser
from idp.accounts.models import User, UserType
from idp.accounts.newcomers.csv_file import LineFault, Newcomer
from idp.accounts.newcomers.models import PeopleImport, State
from idp.accounts.queries import by_id
from idp.audit.events import PeopleImportConfirmed
from idp.audit.record import record
from idp.extensions import changed, db
from idp.outbox.errands import PeopleToInvite
from idp.tenancy.models import Tenant
from idp.vault import sealer

__all__ = ["PeopleImport", "carry_out", "confirm", "discard", "keep", "latest", "of", "people_of", "taken"]

_LATEST = 5
_AT_ONCE = 500


def taken(newcomers: Sequence[Newcomer]) -> list[LineFault]:
    """Whose username is somebody's already, whichever company they are of. A few questions for thousands of names."""
    names = {usernames.key(newcomer.new.username): newcomer for newcomer in newcomers}
    found = [key for some in _portions(list(names)) for key in db.session.scalars(_of_keys(some))]
    wrong = sorted((names[key] for key in found), key=lambda newcomer: newcomer.line)
    return [LineFault(newcomer.line, particulars.taken(newcomer.new.username).sentence) for newcomer in wrong]


def keep(tenant: Tenant, newcomers: Sequence[Newcomer], actor: User) -> PeopleImport:
    """Let them wait for somebody to look at them."""
    row = PeopleImport(id=uuid.uuid4(), tenant_id=tenant.id, actor_id=actor.id, people=len(newcomers))
    row.people_sealed = sealer().seal(json.dumps([_written(n) for n in newcomers]).encode(), seal_owner(row.id))
    db.session.add(row)
    return row


def of(tenant_id: uuid.UUID, import_id: uuid.UUID) -> PeopleImport | None:
    """The import of that id; another company's is as unknown as one that does not exist."""
    mine = sa.select(PeopleImport).where(PeopleImport.id == import_id, PeopleImport.tenant_id == tenant_id)
    return db.session.scalar(mine)


def latest(tenant_id: uuid.UUID) -> Sequence[PeopleImport]:
    """The newest imports of the company."""
    mine = sa.select(PeopleImport).where(PeopleImport.tenant_id == tenant_id)
    return db.session.scalars(mine.order_by(PeopleImport.created_at.desc()).limit(_LATEST)).all()


def people_of(row: PeopleImport) -> list[Newcomer]:
    """The people that wait in it; none once they are users."""
    if row.people_sealed is None:
        return []
    return [_read(written) for written in json.loads(sealer().open(row.people_sealed, seal_owner(row.id)))]


def confirm(row: PeopleImport, actor: User) -> bool:
    """Let a worker invite them; False when that was done already."""
    previewed = sa.update(PeopleImport).where(PeopleImport.id == row.id, PeopleImport.state == State.PREVIEWED)
    if not changed(previewed.values(state=State.WAITING, actor_id=actor.id)):
        return False
    outbox.ask(PeopleToInvite(import_id=str(row.id)))
    record(PeopleImportConfirmed(tenant_id=row.tenant_id, actor_id=actor.id, people=row.people))
    return True


def discard(row: PeopleImport) -> bool:
    """Forget an import that nobody confirmed; False when somebody did."""
    return changed(sa.delete(PeopleImport).where(PeopleImport.id == row.id, PeopleImport.state == State.PREVIEWED))


def carry_out(errand: PeopleToInvite) -> None:
    """Make all of them users with an invitation, or none. An import that is done or gone is left alone.

    A username that is taken while this goes on raises `IntegrityError`: the next try finds it, and says so.
    """
    row = db.session.get(PeopleImport, uuid.UUID(errand.import_id))
    if row is None or row.state is not State.WAITING:
        return
    newcomers = people_of(row)
    if faults := taken(newcomers):
        _finish(row, State.FAILED, faults)
    elif _finish(row, State.DONE):
        tenant, actor = db.session.get_one(Tenant, row.tenant_id), by_id(row.actor_id)
        by = actor.name if actor else tenant.name
        invitations.invite_all(tenant, [newcomer.new for newcomer in newcomers], row.actor_id, by)


def seal_owner(import_id: uuid.UUID) -> str:
    """Whom the people of an import are sealed for."""
    return f"people-import:{import_id}"


def _finish(row: PeopleImport, state: State, faults: Sequence[LineFault] = ()) -> bool:
    """Say how it ended; False when another worker did."""
    waiting = sa.update(PeopleImport).where(PeopleImport.id == row.id, PeopleImport.state == State.WAITING)
    ended = {"state": state, "faults": [asdict(f) for f in faults], "people_sealed": None, "finished_at": clock.now()}
    return changed(waiting.values(**ended))


def _of_keys(keys: Sequence[str]) -> sa.Select[str]:
    return sa.select(User.username_key).where(User.username_key.in_(keys))


def _portions(keys: list[str]) -> Iterable[list[str]]:
    return (keys[at : at + _AT_ONCE] for at in range(0, len(keys), _AT_ONCE))


def _written(newcomer: Newcomer) -> dict[str, object]:
    new = newcomer.new
    return {
        "line": newcomer.line,
        "username": new.username,
        "name": new.name,
        "email": new.email,
        "type": new.type.value,
        "locale": new.locale,
    }


def _read(written: dict[str, str]) -> Newcomer:
    new = NewUser(
        username=written["username"],
        name=written["name"],
        email=written["email"],
        type=UserType(written["type"]),
        locale=written["locale"],
    )
    return Newcomer(int(written["line"]), new)
