"""`/invitation/<token>`: the mailed link of an invitation, where somebody becomes a user.

    GET  asks a first password; changes nothing, because mail scanners open links
    POST the password is chosen and the link spent; the company's security code is shown, this once; log in

Nobody is logged in here: the login that follows asks what it asks of everybody, and leads to two-factor where the
company makes it mandatory. The log writes no token: it leaves out such a part of a path.
"""

from http import HTTPStatus

from flask import Blueprint, Flask, make_response, render_template, url_for
from werkzeug.wrappers import Response

from idp.accounts import invitations
from idp.accounts.links import FoundLink
from idp.accounts.models import UserType
from idp.accounts.passwords.password_rules import judge, shortest_of
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.tenancy.branding import looks
from idp.tenancy.queries import security_code_of
from idp.web.fields import typed
from idp.web.languages import prefer

blueprint = Blueprint("invitation", __name__, url_prefix=invitations.PATH)


def set_up(app: Flask) -> None:
    """Open the page."""
    app.register_blueprint(blueprint)


@blueprint.get("/<token>")
def ask(token: str) -> Response:
    """Ask the first password of whoever has a link that works."""
    link = _find(token)
    return _choose(link, token) if link else _over()


@blueprint.post("/<token>")
def accept(token: str) -> Response:
    """Make the invited person a user. A password that is not taken leaves the link as it is."""
    link = _find(token)
    if link is None:
        return _over()
    verdict = judge(link.user, typed("new_password"))
    if verdict.faults:
        return _choose(link, token, verdict.faults)
    if not invitations.accept(link, hasher().hash(typed("new_password")), checked=verdict.checked):
        db.session.rollback()
        return _over()
    db.session.commit()
    return _welcome(link)


def _find(token: str) -> FoundLink | None:
    link = invitations.find(token)
    if link:
        looks.wear(link.user.tenant)
        prefer(user=link.user.locale)
    return link


def _choose(link: FoundLink, token: str, problems: list[str] | None = None) -> Response:
    return _page(
        "choose",
        action=url_for("invitation.accept", token=token),
        username=link.user.username,
        tenant=link.user.tenant.name,
        problems=problems,
        shortest=shortest_of(link.user),
    )


def _welcome(link: FoundLink) -> Response:
    """The one page that shows the code, where the company asks it, to somebody who is not logged in."""
    tenant = link.user.tenant
    code = security_code_of(tenant) if tenant.policy.security_code else None
    return _page(
        "welcome",
        username=link.user.username,
        tenant=tenant.name,
        security_code=code,
        two_factor=tenant.policy.two_factor_mandatory,
        two_factor_from=tenant.mandatory_soon,
        begin=url_for("console.settings" if link.user.type is UserType.ADMINISTRATOR else "account.overview"),
    )


def _over() -> Response:
    response = _page("over")
    response.status_code = HTTPStatus.GONE
    return response


def _page(name: str, **shows: object) -> Response:
    return make_response(render_template(f"invitation/{name}.html", page={"error": None, **shows}))
