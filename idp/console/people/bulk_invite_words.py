"""What the console tells of an import of people: at which stage it is, how far, and who confirmed it."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from idp.accounts import bulk_invite
from idp.accounts.bulk_invite import PeopleImport, State
from idp.accounts.users import directory
from idp.login.flow.entry import Login


class Stage(enum.StrEnum):
    """How an import stands, in one word."""

    PREVIEWED = "previewed"
    RUNNING = "running"
    STILL = "still"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """An import. `by`: the name of whoever kept or confirmed it; None where the company may not know it."""

    row: PeopleImport
    stage: Stage
    by: str | None


def tell(login: Login, rows: Sequence[PeopleImport]) -> list[Told]:
    """Tell of these imports of the company."""
    names = directory.names_in(login.tenant.id, {row.actor_id for row in rows}) if rows else {}
    return [Told(row, stage_of(row), names.get(row.actor_id)) for row in rows]


def stage_of(row: PeopleImport) -> Stage:
    """At which stage it is."""
    match row.state:
        case State.PREVIEWED:
            return Stage.PREVIEWED
        case State.WAITING:
            return _of_waiting(row)
        case State.DONE:
            return Stage.DONE
        case State.FAILED:
            return Stage.FAILED
        case _:
            assert_never(row.state)


def _of_waiting(row: PeopleImport) -> Stage:
    if row.stopped:
        return Stage.STOPPED
    return Stage.STILL if bulk_invite.stands_still(row) else Stage.RUNNING
