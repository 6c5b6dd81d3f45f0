"""`/account/two-factor-soon/<handle>`: after a login, the note that two-factor becomes mandatory on a day.

    Set up now ─▶ the setting up as a step of a login, which goes on where this one would have
    Later ──────▶ the note rests for a while (`accounts/factors/coming_mandate.py`), and the login goes on

A handle that is over, another browser's, or a note that concerns nobody any more lead on without a word.
"""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from idp.accounts.factors import coming_mandate
from idp.login.core.types import Demand, Level
from idp.login.flow import page_guard, way_back
from idp.login.flow.entry import Login, begin
from idp.login.flow.page_guard import render
from idp.login.flow.way_back import WayOn
from idp.platform.extensions import db
from idp.web.security_headers import allow_form_action


def two_factor_soon(login: Login, handle: str) -> str | Response:
    """Show the note."""
    on = _way_on(handle)
    day = coming_mandate.concerns(login.user, login.tenant)
    if day is None:
        return redirect(on.return_to, 303)
    if on.application and on.application.origin:
        allow_form_action(on.application.origin)
    name = on.application.name if on.application else None
    return render("account/two_factor_soon.html", login, day=day, handle=handle, application=name)


def answer_two_factor_soon(login: Login, handle: str) -> Response:
    """Set it up now, or put it off and go on."""
    on = _way_on(handle)
    if request.form.get("decision") == "set_up" and coming_mandate.concerns(login.user, login.tenant):
        response = _set_up(login, handle, on)
    else:
        coming_mandate.put_off(login.user)
        response = redirect(on.return_to, 303)
    db.session.commit()
    return response


def note_page() -> str:
    """Return where the form stands."""
    return url_for("account.two_factor_soon", **(request.view_args or {}))


def _set_up(login: Login, handle: str, on: WayOn) -> Response:
    demand = Demand(
        level=Level.TWO_FACTOR,
        essential=True,
        not_before=page_guard.oldest_fresh(),
        tenant=login.tenant.slug,
        subject=str(login.user.id),
    )
    note = url_for("account.two_factor_soon", handle=handle)
    return begin(demand, return_to=on.return_to, cancel_to=note, application=on.application)


def _way_on(handle: str) -> WayOn:
    return way_back.find(handle) or WayOn(url_for("account.overview"), None)
