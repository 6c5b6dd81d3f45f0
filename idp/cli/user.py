"""`idp user`: look at users, invite, disable, enable and reset them."""

import click
import sqlalchemy as sa

from idp.accounts import invitations
from idp.accounts.factors.passkeys import has_second_factor
from idp.accounts.models import User
from idp.accounts.users import administration, lifecycle, mailbox, usernames
from idp.accounts.users.queries import by_username, may_log_in, recovery_codes_left, tenants_of
from idp.cli.application import with_application
from idp.cli.output import json_option, print_record, print_records, unknown
from idp.login.session import sign_out
from idp.platform import settings
from idp.platform.errors import Conflict
from idp.platform.extensions import db
from idp.tenancy.models import Tenant


@click.group()
def user() -> None:
    """Users: list, show, invite, disable, enable, reset. New ones come from `idp import` or the console."""


@user.command("list")
@click.option("--tenant", "slug", help="Only of this tenant.")
@click.option("--after", default="", help="Begin after this username.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@json_option
@with_application
def list_(*, slug: str | None, after: str, limit: int, as_json: bool) -> None:
    """List users by username."""
    page = sa.select(User).where(User.username_key > usernames.key(after)).order_by(User.username_key).limit(limit)
    if slug is not None:
        tenant_id = db.session.scalar(sa.select(Tenant.id).where(Tenant.slug == slug))
        if tenant_id is None:
            raise unknown("tenant", slug)
        page = page.where(User.tenant_id == tenant_id)
    print_records([_in_short(found) for found in db.session.scalars(page)], as_json=as_json)


@user.command()
@click.argument("username")
@json_option
@with_application
def show(username: str, *, as_json: bool) -> None:
    """Show one user; never a secret."""
    found = named(username)
    facts = {
        **_in_short(found),
        "email": found.email,
        "email_check": mailbox.state(found).value,
        "locale": found.locale,
    }
    facts["tenants"] = [tenant.slug for tenant in tenants_of(found)]
    facts["password"] = found.password_hash is not None
    facts["recovery_codes_left"] = recovery_codes_left(found.id)
    facts["passkeys"] = [passkey.name for passkey in found.passkeys]
    facts["two_factor_every_30_days"] = found.two_factor_every_30_days
    facts |= {"created_at": found.created_at, "last_login_at": found.last_login_at, "disabled_at": found.disabled_at}
    print_record(facts, as_json=as_json)


@user.command(short_help="Mail a link to choose the first password.")
@click.argument("username")
@with_application
def invite(username: str) -> None:
    """Mail a link to somebody who has no password yet, to choose one: so a company gets its first administrator."""
    found = named(username)
    if not may_log_in(found):
        raise Conflict(f"{found.username} or {found.tenant.slug} is disabled")
    if not invitations.invite_to_choose(found):
        raise Conflict(f"{found.username} has a password: who forgot it uses “Forgotten your password?”")
    db.session.commit()
    click.echo(f"{found.username} is invited at {found.email}")
    if settings.current().mail_url is None:
        click.echo("IDP_MAIL_URL is not set: the mail waits in the outbox", err=True)


@user.command(short_help="End what the user is logged in to; no login any more.")
@click.argument("username")
@click.option("--force", is_flag=True, help="Also the last administrator of a company, who is refused else.")
@with_application
def disable(username: str, *, force: bool) -> None:
    """End the user's login, sessions, grants and refresh tokens at once."""
    found = named(username)
    administration.lock(found.tenant)
    if not force and administration.is_last_administrator(found):
        raise Conflict(
            f"{found.username} is the last administrator of {found.tenant.slug}: --force disables them all the same"
        )
    lifecycle.disable(found)
    db.session.commit()
    click.echo(f"{found.username} is disabled")


@user.command()
@click.argument("username")
@with_application
def enable(username: str) -> None:
    """Let a disabled user log in again."""
    found = named(username)
    lifecycle.enable(found)
    db.session.commit()
    click.echo(f"{found.username} is enabled")


@user.command(short_help="Take the second factors away: phone and codes lost.")
@click.argument("username")
@with_application
def reset(username: str) -> None:
    """Take a user's second factors away: for the one administrator whose phone and recovery codes are lost.

    It ends their sessions, grants and refresh tokens, and they are told by mail. Until they set up another one, their
    password is enough: be sure that you know who asks. Everybody else asks an administrator of their company.
    """
    found = named(username)
    if not (found.totp_devices or found.passkeys):
        raise Conflict(f"{found.username} has no second factor")
    sign_out.everywhere(found, "two_factor_reset")
    administration.reset_two_factor(found, actor=None)
    db.session.commit()
    click.echo(f"{found.username} has no second factor any more, and is told at {found.email}")


def named(username: str) -> User:
    """The user of that name, or the fault that there is none."""
    found = by_username(username)
    if found is None:
        raise unknown("user", username)
    return found


def _in_short(found: User) -> dict[str, object]:
    return {
        "username": found.username,
        "name": found.name,
        "tenant": found.tenant.slug,
        "type": found.type.value,
        "two_factor": has_second_factor(found, found.tenant.policy),
        "disabled": found.disabled_at is not None,
    }
