"""The pages of a login: what every step's page shows, and the pages for when there is no step to show."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import make_response, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp.login.core.types import Refusal, StepName
from idp.login.session import sessions
from idp.login.steps.base import Context, Page, Rejected
from idp.login.transaction.address_validation import Validation
from idp.login.transaction.transaction import Transaction
from idp.web.security_headers import allow_form_action


def step(
    ctx: Context,
    name: StepName,
    page: Page,
    addresses: Mapping[StepName, str],
    rejected: Rejected | None = None,
) -> Response:
    """The page of a step, with the message of a failed try. `addresses`: of the step and of its alternatives."""
    t = ctx.transaction
    allow(t)
    shown = {
        "step": name.value,
        "action": addresses[name],
        "error": rejected.sentence if rejected else None,
        "application": t.application.name if t.application else None,
        "tenant": ctx.facts.tenant.shown_name if ctx.facts.tenant else None,
        "cancel": url_for("login.cancel", handle=t.handle) if t.cancel_to else None,
        "notice": t.notice or None,
        "alternatives": [(other.value, at) for other, at in addresses.items() if other is not name],
        **page.shows,
        **(rejected.shows if rejected else {}),
    }
    return make_response(render_template(page.template, page=shown), rejected.status if rejected else HTTPStatus.OK)


def once(ctx: Context, page: Page) -> Response:
    """A page that is shown once in answer to a right answer, before the login goes on."""
    allow(ctx.transaction)
    shown = {"step": None, "application": None, "tenant": ctx.facts.tenant.shown_name if ctx.facts.tenant else None}
    return make_response(render_template(page.template, page={**shown, **page.shows}))


def unknown() -> Response:
    """No such login in this browser: it expired long ago, was completed, or belongs to another browser.

    Who went back to it after logging in hears that, and goes on to their own page.
    """
    if sessions.current():
        return make_response(render_template("login/done.html", page={"restart": None}), HTTPStatus.NOT_FOUND)
    return make_response(render_template("login/expired.html", page={"restart": None}), HTTPStatus.NOT_FOUND)


def expired(t: Transaction) -> Response:
    """The 15 minutes are over; the person may begin again with the same request."""
    allow(t)
    restart = url_for("login.restart", handle=t.handle)
    application = t.application.name if t.application else None
    page = {"restart": restart, "application": application}
    return make_response(render_template("login/expired.html", page=page), HTTPStatus.GONE)


def new_ip_link(found: Validation | None, token: str, *, confirmed: bool = False) -> Response:
    """What opens from the mail about a new address: the question, its answer, or that the link is over."""
    page = {"state": "over"}
    if found is not None and not found.confirmed:
        action = url_for("login.confirm_new_ip")
        page = {"state": "ask", "address": found.address, "token": token, "action": action}
    if confirmed:
        page = {"state": "done"}
    status = HTTPStatus.NOT_FOUND if page["state"] == "over" else HTTPStatus.OK
    return make_response(render_template("login/new_ip_link.html", page=page), status)


def refused(refusal: Refusal, go_on: str) -> Response:
    """This login cannot go on, and no application waits for an answer. `go_on`: where it would have led."""
    sentences = {
        Refusal.NOT_A_MEMBER: _("You do not work for this company."),
        Refusal.LEVEL_OUT_OF_REACH: _("This page needs a passkey, and you have none."),
        Refusal.OTHER_USER: _(
            "That is another account than the one that is logged in here. Go on with that one, or log out first."
        ),
    }
    page = {"sentence": sentences[refusal], "go_on": go_on}
    return make_response(render_template("login/refused.html", page=page), HTTPStatus.FORBIDDEN)


def allow(t: Transaction) -> None:
    """Let the redirects that follow this page's form reach the application (the form-action of the page's policy)."""
    if t.application and t.application.origin:
        allow_form_action(t.application.origin)
