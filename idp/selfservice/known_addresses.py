"""The choice "once every 30 days from a known IP address", and the addresses that are known."""

import uuid

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.login.flow.completion import newest_totp
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import oldest_fresh
from idp.login.session import sessions
from idp.login.trust import known_ip
from idp.platform.errors import Forbidden, NotFound
from idp.platform.extensions import db
from idp.selfservice.security import back_with
from idp.web.browser import browser_hash


def choose(login: Login) -> Response:
    """Save the choice. Switching it on is refused while the tenant wants two-factor at every login.

    A TOTP that this browser proved just now makes the first known address, so that the next login here asks none.
    """
    on = bool(request.form.get("two_factor_every_30_days"))
    if on and login.tenant.policy.limit_two_factor_validity:
        barred = _("Your administrator has barred this: two-factor authentication is asked at every login.")
        raise Forbidden("the 30-day choice is barred", person=barred)
    fresh = [proof for proof in sessions.evidence_of(login.session) if proof.at >= oldest_fresh()]
    known_ip.choose(login.user, on=on, recent=newest_totp(fresh), browser_hash=browser_hash())
    db.session.commit()
    return back_with("saved")


def revoke(login: Login, grant_id: uuid.UUID) -> Response:
    """End one known address; somebody else's is as unknown as one that does not exist."""
    if not known_ip.revoke(login.user, grant_id):
        raise NotFound("no such grant of this user")
    db.session.commit()
    return back_with("revoked")


def revoke_all(login: Login) -> Response:
    """End every known address."""
    known_ip.revoke_all(login.user)
    db.session.commit()
    return back_with("all-revoked")
