"""`idp explain`: which login steps a user would be asked now, and why."""

from ipaddress import ip_address

import click

from idp.accounts.users.queries import by_username
from idp.cli.context import with_stores
from idp.cli.output import json_option, print_json, unknown
from idp.login.core.types import LEVEL_OF_ACR
from idp.oidc.authorization.simulate import Foreseen, Question, foresee
from idp.oidc.clients.repository import RegisteredClient, by_client_id
from idp.platform.errors import BadRequest
from idp.tenancy.queries import by_slug


@click.command(short_help="Say which login steps USER would be asked now, and why.")
@click.argument("user")
@click.option("--ip", required=True, help="The address that the login would come from.")
@click.option("--client", help="The application's client_id.")
@click.option("--acr", help="The acr that the application would ask.")
@click.option("--tenant", help="The slug of the tenant that the application would name.")
@json_option
@with_stores
def explain(user: str, *, ip: str, client: str | None, acr: str | None, tenant: str | None, as_json: bool) -> None:
    """Say which login steps USER would be asked now, in a browser that has proved nothing yet, and why."""
    person = by_username(user)
    if person is None:
        raise unknown("user", user)
    if tenant is not None and by_slug(tenant) is None:
        raise unknown("tenant", tenant)
    question = Question(_address(ip), _application(client), _acr(acr), tenant)
    _say(foresee(person, question, iso=as_json), as_json=as_json)


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


def _acr(acr: str | None) -> str | None:
    if acr and acr not in LEVEL_OF_ACR:
        raise BadRequest(f"--acr: {acr!r} is none of {', '.join(LEVEL_OF_ACR)}")
    return acr


def _say(foreseen: Foreseen, *, as_json: bool) -> None:
    if as_json:
        steps = [{"step": step.name, "asked": step.asked, "reason": step.reason} for step in foreseen.steps]
        print_json({"steps": steps, "refused": next(iter(foreseen.refused), None)})
        return
    for line in (*(step.reason for step in foreseen.steps), *foreseen.refused):
        click.echo(line)
