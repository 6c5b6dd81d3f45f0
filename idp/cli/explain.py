"""`idp explain`: which login steps a user would be asked now, and why."""

from collections.abc import Sequence
from ipaddress import ip_address

import click
from flask.cli import with_appcontext

from idp.accounts.queries import by_username, may_log_in
from idp.cli.output import json_option, print_json, unknown
from idp.errors import BadRequest
from idp.login.explain import explain_login
from idp.login.reasons import sentence
from idp.login.types import LEVEL_OF_ACR, Demand, Level, Reason
from idp.oidc.clients import RegisteredClient, by_client_id
from idp.tenancy.queries import by_slug


@click.command()
@click.argument("user")
@click.option("--ip", required=True, help="The address that the login would come from.")
@click.option("--client", help="The application's client_id.")
@click.option("--acr", help="The acr that the application would ask.")
@click.option("--tenant", help="The slug of the tenant that the application would name.")
@json_option
@with_appcontext
def explain(user: str, *, ip: str, client: str | None, acr: str | None, tenant: str | None, as_json: bool) -> None:
    """Say which login steps USER would be asked now, in a browser that has proved nothing yet, and why."""
    person = by_username(user)
    if person is None:
        raise unknown("user", user)
    demand = _demand(_application(client), acr, tenant)
    reasons = explain_login(person, address=_address(ip), demand=demand)
    _say(reasons, disabled=not may_log_in(person), as_json=as_json)


def _address(ip: str) -> str:
    try:
        return str(ip_address(ip))
    except ValueError:
        raise BadRequest(f"--ip: {ip!r} is not an IP address") from None


def _application(client_id: str | None) -> RegisteredClient | None:
    if client_id is None:
        return None
    application = by_client_id(client_id)
    if application is None:
        raise unknown("client", client_id)
    return application


def _demand(application: RegisteredClient | None, acr: str | None, tenant: str | None) -> Demand:
    """What the application would ask: an application of one tenant always asks for that tenant."""
    if tenant is not None and by_slug(tenant) is None:
        raise unknown("tenant", tenant)
    asked = [acr] if acr else list(application.registration.default_acr_values) if application else []
    if acr and acr not in LEVEL_OF_ACR:
        raise BadRequest(f"--acr: {acr!r} is none of {', '.join(LEVEL_OF_ACR)}")
    level = max((LEVEL_OF_ACR[name] for name in asked if name in LEVEL_OF_ACR), default=Level.NOTHING)
    return Demand(level=level, tenant=tenant or (application.tenant if application else None))


def _say(reasons: Sequence[Reason], *, disabled: bool, as_json: bool) -> None:
    steps = [reason for reason in reasons if reason.step is not None]
    refusals = [reason for reason in reasons if reason.step is None]
    if as_json:
        written = [{"step": r.step, "asked": r.asked, "reason": sentence(r, iso=True)} for r in steps]
        print_json({"steps": written, "refused": _refusal(refusals, disabled=disabled)})
        return
    for reason in reasons:
        click.echo(sentence(reason))
    if disabled:
        click.echo(DISABLED)


def _refusal(refusals: Sequence[Reason], *, disabled: bool) -> str | None:
    if disabled:
        return DISABLED
    return sentence(refusals[0], iso=True) if refusals else None


DISABLED = "Refused: the user or their company is disabled; whatever is answered counts as wrong"
