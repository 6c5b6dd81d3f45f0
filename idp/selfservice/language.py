"""The language that a person reads: their own choice, or their company's."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.audit.events import UserChanged
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.platform.errors import BadRequest
from idp.platform.extensions import db
from idp.web.fields import typed
from idp.web.languages import SPOKEN


def choose_language(login: Login) -> Response:
    """Keep the choice; an empty one is the company's language. Refuses what nobody here speaks."""
    wanted = typed("locale")
    if wanted not in {"", *SPOKEN}:
        raise BadRequest("no language of ours")
    user = login.user
    if (user.locale or "") != wanted:
        user.locale = wanted or None
        record(UserChanged(tenant_id=user.tenant_id, user_id=user.id, actor_id=user.id, fields=["locale"]))
    db.session.commit()
    return redirect(url_for("account.overview", done="language"), 303)


def overview_page() -> str:
    """Return where the form stands."""
    return url_for("account.overview")
