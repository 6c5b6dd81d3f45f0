"""`idp known-ip`: a user's known-IP grants, "once every 30 days from a known IP address"."""

import click

from idp.cli.application import with_application
from idp.cli.output import json_option, print_records
from idp.cli.user import named
from idp.login.trust import known_ip as known_ip_grants
from idp.platform.extensions import db


@click.group(name="known-ip")
def known_ip() -> None:
    """Known-IP grants: list, revoke."""


@known_ip.command("list", short_help="List the networks that stand in for TOTP.")
@click.argument("username")
@json_option
@with_application
def list_(username: str, *, as_json: bool) -> None:
    """List the networks from which USERNAME may log in without a second factor for a while."""
    facts = ("network", "earned_at", "expires_at", "last_used_at")
    rows = [{name: getattr(grant, name) for name in facts} for grant in known_ip_grants.of(named(username))]
    print_records(rows, as_json=as_json)


@known_ip.command(short_help="End all of them: the next login asks TOTP.")
@click.argument("username")
@with_application
def revoke(username: str) -> None:
    """End all of them: the next login of USERNAME asks the second factor."""
    found = named(username)
    known_ip_grants.revoke_all(found, "revoked_by_operator")
    db.session.commit()
    click.echo(f"the known-IP grants of {found.username} are revoked")
