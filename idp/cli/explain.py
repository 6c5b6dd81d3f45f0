"""`idp explain`: which login steps a user would be asked now, and why."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from idp.accounts.models import User
from idp.accounts.queries import by_username, may_log_in
from idp.cli.output import json_option, print_json, unknown
from idp.errors import BadRequest
from idp.extensions import db
from idp.login.explain import explain_login
from idp.login.reasons import sentence
from idp.login.types import LEVEL_OF_ACR, Demand, Level, Reason
from idp.oidc.clients import RegisteredClient, by_client_id
from idp.oidc.models import Consent
from idp.tenancy.queries import by_slug

Step = Mapping[str, Any]


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
    application = _application(client)
    reasons = explain_login(person, address=_address(ip), demand=_demand(application, acr, tenant))
    refused = [sentence(reason, iso=as_json) for reason in reasons if reason.step is None]
    if not may_log_in(person):
        refused.append(DISABLED)
    steps = [_said(reason, as_json=as_json) for reason in reasons if reason.step is not None]
    if steps and application is not None:
        steps.append(_consent(application, person))
    _say(steps, refused, as_json=as_json)


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


def _said(reason: Reason, *, as_json: bool) -> Step:
    return {"step": reason.step, "asked": reason.asked, "reason": sentence(reason, iso=as_json)}


def _consent(application: RegisteredClient, person: User) -> Step:
    """Whether the application's consent page would be shown, should it ask for all that it may."""
    mine = (Consent.user_id == person.id, Consent.client_id == application.id)
    allowed = set((db.session.scalar(sa.select(Consent.scope).where(*mine)) or "").split())
    if application.row.first_party:
        asked, why = False, "the application is Informer's own"
    elif missing := [scope for scope in application.registration.scope if scope not in allowed]:
        asked, why = True, f"the user has not allowed the application {' '.join(missing)}"
    else:
        asked, why = False, "the user has allowed the application all that it may ask"
    return {"step": "consent", "asked": asked, "reason": f"Consent {'' if asked else 'not '}asked: {why}"}


def _say(steps: Sequence[Step], refused: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"steps": steps, "refused": refused[0] if refused else None})
        return
    for line in (*(step["reason"] for step in steps), *refused):
        click.echo(line)


DISABLED = "Refused: the user or their company is disabled; whatever is answered counts as wrong"
