"""What every change of a person's second factors brings with it: whoever else is logged in as them is so no longer."""

from idp.audit.events import Event
from idp.audit.record import record
from idp.extensions import db
from idp.login import known_ip
from idp.login import session as sessions
from idp.login.gate import Login


def seal_change(login: Login, event: Event, because: str) -> None:
    """End the other sessions and all known-IP grants, record the event, and commit all of it with the change itself."""
    sessions.end_all(login.user, because, keep=login.session)
    known_ip.revoke_all(login.user, because)
    record(event)
    db.session.commit()
