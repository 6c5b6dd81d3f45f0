"""Where a login that is complete leads: back to whoever asked, past a note where there is one to show.

    two-factor becomes mandatory on a day, and this person has none ─▶ /account/two-factor-soon/<handle> ─▶ back
    else, and to the user page, which says so itself ────────────────────────────────────────────────────▶ back

The login is complete either way, and the note owes nothing: whoever leaves it stands where they would stand without it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from idp import shortlived
from idp.accounts.factors import coming_mandate
from idp.crypto import opaque
from idp.login.transaction.facts import Facts
from idp.login.transaction.transaction import Application, Transaction
from idp.web.browser import browser_hash

KEPT_FOR: Final = timedelta(minutes=30)
_KIND: Final = "way_on"
_SAYS_SO_ITSELF: Final = "/account/"


@dataclass(frozen=True, slots=True)
class WayOn:
    """Where to go on to, an address of our own, and for which application."""

    return_to: str
    application: Application | None


def way_on(t: Transaction, facts: Facts) -> str:
    """The address to go on to. Part of the unit of work."""
    if t.return_to.startswith(_SAYS_SO_ITSELF) or not coming_mandate.asks_now(facts.person, facts.workplace):
        return t.return_to
    name, origin = (t.application.name, t.application.origin) if t.application else (None, "")
    kept = {"browser": browser_hash(), "return_to": t.return_to, "name": name, "origin": origin}
    return f"/account/two-factor-soon/{shortlived.leave(_KIND, kept, KEPT_FOR)}"


def find(handle: str) -> WayOn | None:
    """What waits under that handle for this browser."""
    kept = shortlived.get(_KIND, handle)
    if kept is None or not opaque.same(kept["browser"], browser_hash()):
        return None
    return WayOn(kept["return_to"], Application(kept["name"], kept["origin"]) if kept["name"] else None)
