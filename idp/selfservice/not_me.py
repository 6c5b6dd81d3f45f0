"""`/not-me/<token>`: the mail about a login from a new place leads whoever it was not here.

    GET  asks; changes nothing, because mail scanners open links
    POST everything ends, the password too, and a link for a new one is mailed

Nobody is logged in here. The log writes no token: it leaves out such a part of a path.
"""

from http import HTTPStatus

from flask import Blueprint, Flask, make_response, render_template, url_for
from werkzeug.wrappers import Response

from idp.accounts import links
from idp.accounts.links import FoundLink, Purpose
from idp.accounts.users.notices import NOT_ME_PATH
from idp.login.session import sign_out
from idp.platform.extensions import db
from idp.tenancy.branding import looks
from idp.web.languages import prefer

blueprint = Blueprint("not_me", __name__, url_prefix=NOT_ME_PATH)


def set_up(app: Flask) -> None:
    """Open the page."""
    app.register_blueprint(blueprint)


@blueprint.get("/<token>")
def ask(token: str) -> Response:
    """Ask whether everything shall end."""
    link = _find(token)
    return _page("ask", action=url_for("not_me.confirm", token=token)) if link else _page("over", HTTPStatus.GONE)


@blueprint.post("/<token>")
def confirm(token: str) -> Response:
    """End everything, once."""
    link = _find(token)
    if link is None or not sign_out.disown(link):
        db.session.rollback()
        return _page("over", HTTPStatus.GONE)
    db.session.commit()
    return _page("done")


def _find(token: str) -> FoundLink | None:
    link = links.find(token, Purpose.NOT_ME)
    if link:
        looks.wear(link.user.tenant)
        prefer(user=link.user.locale)
    return link


def _page(state: str, status: HTTPStatus = HTTPStatus.OK, action: str = "") -> Response:
    return make_response(render_template("not_me.html", page={"state": state, "action": action}), status)
