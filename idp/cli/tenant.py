"""`idp tenant`: look at tenants, disable and enable them."""

from dataclasses import asdict

import click
import sqlalchemy as sa

from idp.accounts.users.queries import people_of
from idp.audit.events import TenantEnabled
from idp.audit.record import record
from idp.cli.application import with_application
from idp.cli.output import json_option, print_record, print_records, unknown
from idp.platform.extensions import db
from idp.tenancy import changes
from idp.tenancy.models import Tenant


@click.group()
def tenant() -> None:
    """Tenants: list, show, disable, enable. New ones come from `idp import`."""


@tenant.command("list")
@click.option("--after", default="", help="Begin after this slug.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@json_option
@with_application
def list_(*, after: str, limit: int, as_json: bool) -> None:
    """List tenants by slug."""
    page = sa.select(Tenant).where(Tenant.slug > after).order_by(Tenant.slug).limit(limit)
    rows = [{"slug": t.slug, "name": t.name, "disabled": t.disabled_at is not None} for t in db.session.scalars(page)]
    print_records(rows, as_json=as_json)


@tenant.command()
@click.argument("slug")
@json_option
@with_application
def show(slug: str, *, as_json: bool) -> None:
    """Show one tenant and its policy; never its security code."""
    found = _tenant(slug)
    facts = {"slug": found.slug, "name": found.name, "locale": found.locale, "users": people_of(found.id)}
    facts |= {"created_at": found.created_at, "disabled_at": found.disabled_at}
    policy = asdict(found.policy) | {"two_factor_mandatory_from": found.plan.two_factor_mandatory_from}
    print_record(facts | ({"policy": policy} if as_json else policy), as_json=as_json)


@tenant.command()
@click.argument("slug")
@with_application
def disable(slug: str) -> None:
    """Let nobody of this tenant log in; nothing is deleted."""
    found = _tenant(slug)
    if changes.disable(found):
        db.session.commit()
    click.echo(f"{found.slug} is disabled")


@tenant.command()
@click.argument("slug")
@with_application
def enable(slug: str) -> None:
    """Let the people of a disabled tenant log in again."""
    found = _tenant(slug)
    if found.disabled_at is not None:
        found.disabled_at = None
        record(TenantEnabled(tenant_id=found.id))
        db.session.commit()
    click.echo(f"{found.slug} is enabled")


def _tenant(slug: str) -> Tenant:
    found = db.session.scalar(sa.select(Tenant).where(Tenant.slug == slug))
    if found is None:
        raise unknown("tenant", slug)
    return found
