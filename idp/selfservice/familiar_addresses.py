"""The card of the addresses that a person has logged in from before: told apart from strange ones, and never trusted more.

They are no known-IP grants: they spare no step. A login from any other address is told by mail; where the company asks for
it, that address is validated by mail first. One that is removed is strange again.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.audit.events import FamiliarNetworkForgotten
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.login.transaction.facts import policy_for
from idp.login.trust import known_places
from idp.login.trust.network import current_network
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.web.fields import typed

SHOWN = 20


@dataclass(frozen=True, slots=True)
class FamiliarRow:
    """One of the addresses. `here`: the one of this request."""

    network: str
    since: datetime
    used_at: datetime
    validated_by_mail: bool
    here: bool


@dataclass(frozen=True, slots=True)
class FamiliarCard:
    """The addresses that were used last; `more` are not shown. `blocks`: another one must be validated first."""

    rows: tuple[FamiliarRow, ...]
    more: int
    blocks: bool


def card(login: Login) -> FamiliarCard:
    """What the card shows."""
    found = known_places.of(login.user.id)
    here = current_network()
    rows = tuple(
        FamiliarRow(row.network, row.since, row.used_at, row.validated_by_mail, row.network == here) for row in found
    )
    blocks = policy_for(login.user, login.tenant).block_new_ip
    return FamiliarCard(rows[:SHOWN], len(rows[SHOWN:]), blocks)


def remove_familiar_address(login: Login) -> Response:
    """Make one of the addresses strange again; one that is none of the person's is unknown."""
    network = typed("network")
    if network not in {row.network for row in known_places.of(login.user.id)}:
        raise NotFound("no such familiar network of this user")
    if known_places.forget(login.user.id, network):
        record(
            FamiliarNetworkForgotten(tenant_id=login.user.tenant_id, user_id=login.user.id, forgotten_network=network)
        )
    db.session.commit()
    return redirect(url_for("account.security", done="familiar-removed"), 303)
