"""What a person says of themselves: the two parts of their name, and their time zone. Applications are told of it."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.accounts.users.profile import LONGEST_NAME, is_line
from idp.audit.events import UserChanged
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.platform.errors import BadRequest
from idp.platform.extensions import db
from idp.tenancy import zones
from idp.web.fields import typed

FIELDS = ("given_name", "family_name", "zoneinfo")


def say_particulars(login: Login) -> Response:
    """Keep what was said; an empty field says nothing, an empty zone is the company's. Refuses what no form of ours sends."""
    said = {field: typed(field).strip() for field in FIELDS}
    if any(said[name] and not is_line(said[name], LONGEST_NAME) for name in ("given_name", "family_name")):
        raise BadRequest("no part of a name")
    if said["zoneinfo"] and not zones.is_zone(said["zoneinfo"]):
        raise BadRequest("no time zone")
    user = login.user
    changed = [field for field in FIELDS if (getattr(user, field) or "") != said[field]]
    for field in changed:
        setattr(user, field, said[field] or None)
    if changed:
        record(UserChanged(tenant_id=user.tenant_id, user_id=user.id, actor_id=user.id, fields=changed))
    db.session.commit()
    return redirect(url_for("account.overview", done="particulars"), 303)
