"""`/forgot-password`: a new password for whoever reads the user's mail, and nothing besides.

    GET  /forgot-password            asks the username
    POST /forgot-password            queues the question, the same for every name, and says the same
    GET  /forgot-password/<token>    the mailed link: asks the new password, changes nothing (mail scanners open links)
    POST /forgot-password/<token>    the password is changed; log in

Nobody is logged in here, and no second factor is touched. The log writes no token: it leaves out such a part of a path.
"""

from http import HTTPStatus

from flask import Blueprint, Flask, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.accounts.links import FoundLink
from idp.accounts.passwords import password_reset
from idp.accounts.passwords.password_rules import Verdict, judge, shortest_of
from idp.accounts.users.usernames import LONGEST
from idp.login.session import sessions
from idp.login.trust import known_ip
from idp.login.trust.network import current_network
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.tenancy.branding import looks
from idp.web.fields import typed
from idp.web.languages import prefer

blueprint = Blueprint("forgot_password", __name__, url_prefix=password_reset.PATH)


def set_up(app: Flask) -> None:
    """Open the pages."""
    app.register_blueprint(blueprint)


@blueprint.get("")
def ask() -> Response:
    """Ask the username, or say what was done."""
    match request.args.get("done"):
        case "asked":
            return _page("asked", minutes=int(password_reset.LIFETIME.total_seconds()) // 60)
        case "changed":
            return _page("changed")
        case _:
            return _page("ask", username="")


@blueprint.post("")
def asked() -> Response:
    """Queue the question. The answer does not tell whether there is such a user."""
    username = typed("username")
    if not username.strip() or len(username) > LONGEST:
        return _page("ask", error=_("Type the username with which you log in."), username=username[:LONGEST])
    password_reset.ask(username, current_network())
    db.session.commit()
    return redirect(url_for("forgot_password.ask", done="asked"), 303)


@blueprint.get("/<token>")
def choose(token: str) -> Response:
    """Ask the new password of whoever has a link that works."""
    link = _find(token)
    return _choose(link, token) if link else _over()


@blueprint.post("/<token>")
def chosen(token: str) -> Response:
    """Change the password and spend the link. A password that is not taken leaves the link as it is."""
    link = _find(token)
    if link is None:
        return _over()
    verdict = judge(link.user, typed("new_password"))
    if verdict.faults:
        return _choose(link, token, verdict.faults)
    return redirect(url_for("forgot_password.ask", done="changed"), 303) if _redeemed(link, verdict) else _over()


def _find(token: str) -> FoundLink | None:
    link = password_reset.find(token)
    if link:
        looks.wear(link.user.tenant)
        prefer(user=link.user.locale)
    return link


def _redeemed(link: FoundLink, verdict: Verdict) -> bool:
    """Whether this request was the one that spent the link; then everything of before ends with the old password."""
    password_hash = hasher().hash(typed("new_password"))
    sessions.end_all(link.user, "password_reset")
    known_ip.revoke_all(link.user, "password_reset")
    if password_reset.redeem(link, password_hash, checked=verdict.checked) is None:
        db.session.rollback()
        return False
    db.session.commit()
    return True


def _choose(link: FoundLink, token: str, problems: list[str] | None = None) -> Response:
    action = url_for("forgot_password.chosen", token=token)
    return _page("choose", action=action, problems=problems or [], shortest=shortest_of(link.user))


def _over() -> Response:
    response = _page("over")
    response.status_code = HTTPStatus.GONE
    return response


def _page(name: str, **shows: object) -> Response:
    """One of the pages; `error` is what is wrong with a form."""
    page = {"action": url_for("forgot_password.asked"), "error": None, **shows}
    return make_response(render_template(f"forgot_password/{name}.html", page=page))
