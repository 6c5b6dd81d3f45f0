"""`idp client`: look at applications, disable and enable them."""

from datetime import timedelta

import click
import sqlalchemy as sa

from idp.cli.application import with_application
from idp.cli.output import json_option, print_record, print_records, unknown
from idp.oidc.clients import lifecycle
from idp.oidc.clients.registration import initial_tokens
from idp.oidc.models import Client
from idp.platform.extensions import db
from idp.tenancy.models import Tenant
from idp.tenancy.queries import by_slug


@click.group()
def client() -> None:
    """Applications: list, show, disable, enable, token. New ones come from `idp import` or the console."""


@client.command("list")
@click.option("--after", default="", help="Begin after this client_id.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@json_option
@with_application
def list_(*, after: str, limit: int, as_json: bool) -> None:
    """List applications by client_id."""
    page = (
        sa.select(Client, Tenant.slug)
        .outerjoin(Tenant, Tenant.id == Client.tenant_id)
        .where(Client.client_id > after)
        .order_by(Client.client_id)
        .limit(limit)
    )
    print_records([_in_short(found, slug) for found, slug in db.session.execute(page)], as_json=as_json)


@client.command()
@click.argument("client_id")
@json_option
@with_application
def show(client_id: str, *, as_json: bool) -> None:
    """Show one application and its registration; never its secret."""
    found = _client(client_id)
    slug = db.session.scalar(sa.select(Tenant.slug).where(Tenant.id == found.tenant_id))
    facts = {**_in_short(found, slug), "require_pkce": found.require_pkce, "secret": found.secret_hash is not None}
    facts |= {"created_at": found.created_at, "disabled_at": found.disabled_at}
    registration = dict(found.registration)
    print_record(facts | ({"registration": registration} if as_json else registration), as_json=as_json)


@client.command(short_help="Refuse this application everything from now on.")
@click.argument("client_id")
@with_application
def disable(client_id: str) -> None:
    """Refuse this application everything from now on; nothing is deleted."""
    found = _client(client_id)
    lifecycle.switch_off(found)
    db.session.commit()
    click.echo(f"{found.client_id} is disabled")


@client.command()
@click.argument("client_id")
@with_application
def enable(client_id: str) -> None:
    """Serve a disabled application again."""
    found = _client(client_id)
    lifecycle.switch_on(found)
    db.session.commit()
    click.echo(f"{found.client_id} is enabled")


@client.command(short_help="Make a token with which applications register.")
@click.option("--tenant", "slug", help="Of this tenant; without it the applications are for everybody's people.")
@click.option(
    "--expires", "days", type=click.IntRange(1, 365), default=7, show_default=True, help="After so many days."
)
@json_option
@with_application
def token(*, slug: str | None, days: int, as_json: bool) -> None:
    """Make an initial access token, with which applications register themselves at /register. It is shown once."""
    tenant = None if slug is None else by_slug(slug)
    if slug is not None and tenant is None:
        raise unknown("tenant", slug)
    made, ends = initial_tokens.new(tenant.id if tenant else None, timedelta(days=days))
    db.session.commit()
    print_record({"initial_access_token": made, "tenant": slug, "expires_at": ends}, as_json=as_json)


def _client(client_id: str) -> Client:
    found = db.session.scalar(sa.select(Client).where(Client.client_id == client_id))
    if found is None:
        raise unknown("client", client_id)
    return found


def _in_short(found: Client, slug: str | None) -> dict[str, object]:
    return {
        "client_id": found.client_id,
        "name": found.name,
        "tenant": slug,
        "first_party": found.first_party,
        "disabled": found.disabled_at is not None,
    }
