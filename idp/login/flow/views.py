"""The hosted login pages: `/login/<handle>/<step>`. Thin: find the transaction, ask whose turn it is, answer."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from idp.login.core.types import StepName
from idp.login.flow import dispatcher, pages, verification
from idp.login.steps import STEPS
from idp.login.steps.base import Context, Rejected
from idp.login.transaction import address_validation, transaction
from idp.login.transaction.transaction import Transaction
from idp.platform import clock
from idp.platform.extensions import db
from idp.web.browser import browser_hash

blueprint = Blueprint("login", __name__, url_prefix="/login")


@blueprint.get("/new-ip")
def new_ip_link() -> Response:
    """Ask whoever opens the link of a mail whether it is them: a mail scanner that follows links confirms nothing."""
    return pages.new_ip_link(address_validation.of_link(request.args.get("token", "")), request.args.get("token", ""))


@blueprint.post("/new-ip")
def confirm_new_ip() -> Response:
    """Validate the address for the login that asked for it; that login goes on in its own tab."""
    return pages.new_ip_link(None, "", confirmed=address_validation.confirm(request.form.get("token", "")))


@blueprint.get("/<handle>")
def resume(handle: str) -> Response:
    """Go to where this login stands."""
    found = dispatcher.find(handle)
    return found if isinstance(found, Response) else dispatcher.advance(found)


@blueprint.route("/<handle>/<name>", methods=["GET", "POST"])
def step(handle: str, name: str) -> Response:
    """Show a step, or judge its answer. Refuses what is no step and what is not at its turn."""
    if name not in STEPS:
        abort(404)
    return run(StepName(name), handle)


def run(name: StepName, handle: str) -> Response:
    """Show or judge this step of this login; when it is not its turn, go to where the login stands."""
    found = dispatcher.find(handle)
    if isinstance(found, Response):
        return found
    ctx = dispatcher.turn(name, found)
    if ctx is None:
        return dispatcher.advance(found)
    if request.method == "GET" and (elsewhere := STEPS[name].proved_elsewhere(ctx)):
        return dispatcher.advance(dispatcher.accept(found, elsewhere))
    return _judge(name, ctx) if request.method == "POST" else _show(name, ctx)


@blueprint.post("/<handle>/cancel")
def cancel(handle: str) -> Response:
    """Give up: whoever asked for the login is told, in their own words."""
    found = dispatcher.find(handle)
    if isinstance(found, Response):
        return found
    transaction.take(found)
    db.session.commit()
    return redirect(
        f"{found.cancel_to}?{urlencode({'because': 'cancelled'})}" if found.cancel_to else found.return_to, 303
    )


@blueprint.post("/<handle>/restart")
def restart(handle: str) -> Response:
    """Begin an expired login again, with the same request and nothing proved."""
    found = transaction.find(handle)
    if found is None:
        return pages.unknown()
    transaction.take(found)
    begun = transaction.begin(fresh(found))
    return redirect(url_for("login.resume", handle=begun.handle), 303)


def fresh(t: Transaction) -> Transaction:
    """The same request with nothing proved, beginning now."""
    return replace(t, begun_at=clock.now(), browser=browser_hash(), user_id=None, evidence=(), pending=None)


def _show(name: StepName, ctx: Context, rejected: Rejected | None = None) -> Response:
    page = STEPS[name].render(ctx)
    if page.pending != ctx.transaction.pending:
        transaction.keep(replace(ctx.transaction, pending=page.pending))
    addresses = {n: dispatcher.address(n, ctx.transaction.handle) for n in (name, *ctx.or_else)}
    return pages.step(ctx, name, page, addresses, rejected)


def _judge(name: StepName, ctx: Context) -> Response:
    outcome = verification.judge(STEPS[name], ctx, _answer(request.form))
    if isinstance(outcome, Rejected):
        return _show(name, ctx, outcome)
    grown = dispatcher.accept(ctx.transaction, outcome)
    return pages.once(ctx, outcome.page) if outcome.page else dispatcher.advance(grown)


def _answer(form: MultiDict[str, Any]) -> dict[str, str]:
    """The fields that were sent exactly once: a field sent twice is no answer."""
    return {field: values[0] for field, values in form.lists() if len(values) == 1}
