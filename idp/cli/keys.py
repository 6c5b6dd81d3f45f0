"""`idp keys`: the keys that sign tokens, and a fresh secret key for IDP_SECRET_KEYS."""

import secrets
from datetime import datetime

import click

from idp.cli import resealing
from idp.cli.application import with_application
from idp.cli.output import json_option, print_json, print_records, said, unknown
from idp.oidc.models import KeyState, SigningKey
from idp.oidc.signing_keys import keyring as signing_keys
from idp.platform.settings import KEY_DIGITS


@click.group()
def keys() -> None:
    """Keys: list, rotate, revoke, reseal, new-secret."""


@keys.command("list")
@json_option
@with_application
def list_(*, as_json: bool) -> None:
    """List the keys that sign tokens; the first call makes them.

    rotates_at is when `idp worker` lets the next key take over; IDP_KEY_ROTATION_DAYS says after how many days.
    """
    signing_keys.ensure_keys()
    due = signing_keys.rotates_at()
    print_records([_in_short(key, due) for key in signing_keys.every_key()], as_json=as_json)


@keys.command(short_help="Let the next key of each algorithm take over.")
@json_option
@with_application
def rotate(*, as_json: bool) -> None:
    """Let the next key of each algorithm take over, and publish a new next one.

    A next key takes over when it has been published for ten minutes, so that everybody who keeps a copy of the key set
    has it. What the old key signed stays valid.
    """
    turns = signing_keys.rotate()
    if as_json:
        print_json([{"algorithm": t.algorithm, "kid": t.kid, "waits_until": t.waits_until} for t in turns])
        return
    for turn in turns:
        when = "signs from now on" if turn.waits_until is None else f"may sign from {said(turn.waits_until)} UTC on"
        click.echo(f"{turn.algorithm}: {turn.kid} {when}")


@keys.command(short_help="Withdraw a key that others may have, at once.")
@click.argument("kid")
@with_application
def revoke(kid: str) -> None:
    """Withdraw a key that others may have got hold of: at once, and with all that it signed.

    It leaves the key set, its tokens verify nowhere any more as soon as others have read the set again (five minutes),
    and the next key signs from now on.
    """
    if not signing_keys.revoke(kid):
        raise unknown("key", kid)
    click.echo(f"{kid} is withdrawn")


@keys.command(short_help="Seal what is at rest under the newest secret key.")
@json_option
@with_application
def reseal(*, as_json: bool) -> None:
    """Seal what is at rest under the newest key of IDP_SECRET_KEYS; then the old ones may go.

    Put the new key first and keep the old one behind it, restart, and run this. Exit code 1 while something is left that
    no key opens.
    """
    done = {place.table.__tablename__: resealing.reseal(place) for place in resealing.PLACES}
    if as_json:
        print_json({name: {"resealed": found.number, "broken": found.broken} for name, found in done.items()})
    else:
        for name, found in done.items():
            click.echo(
                f"{name}: {found.number} sealed again" + (f", {found.broken} cannot be opened" if found.broken else "")
            )
    if any(found.broken for found in done.values()):
        raise click.exceptions.Exit(1)


@keys.command("new-secret")
def new_secret() -> None:
    """Print a fresh secret key. Put it first in IDP_SECRET_KEYS and keep the old ones behind it."""
    click.echo(secrets.token_hex(KEY_DIGITS // 2))


def _in_short(key: SigningKey, due: datetime | None) -> dict[str, object]:
    facts = ("kid", "algorithm", "state", "created_at", "activated_at", "retired_at")
    return {name: getattr(key, name) for name in facts} | {"rotates_at": due if key.state is KeyState.ACTIVE else None}
