"""Who the people of an import are, as they lie in its row: sealed, so that a dump of the database tells nobody."""

import json
import uuid
from collections.abc import Sequence

from idp.accounts.bulk_invite.csv_file import Newcomer
from idp.accounts.bulk_invite.models import PeopleImport
from idp.accounts.models import UserType
from idp.accounts.users.lifecycle import NewUser
from idp.platform.secrets import sealer


def seal(import_id: uuid.UUID, newcomers: Sequence[Newcomer]) -> str:
    """Seal them for this import."""
    return sealer().seal(json.dumps([_written(n) for n in newcomers]).encode(), seal_owner(import_id))


def people_of(row: PeopleImport) -> list[Newcomer]:
    """The people that lie in it: all of the file, and at the end only those left out."""
    if row.people_sealed is None:
        return []
    return [_read(written) for written in json.loads(sealer().open(row.people_sealed, seal_owner(row.id)))]


def seal_owner(import_id: uuid.UUID) -> str:
    """Whom the people of an import are sealed for."""
    return f"people-import:{import_id}"


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
