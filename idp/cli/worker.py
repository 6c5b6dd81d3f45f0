"""`idp worker`: what is due and nobody waits for.

    every second ──▶ deliver: mails that are due, and beside them chores, by a few threads (idp/outbox/deliver.py)
    every minute ─┬▶ sweep: sessions that are over, and the helpdesk's accesses, are ended by name; applications are told
                  ├▶ remind: 14, 7 and 1 days before two-factor becomes mandatory, whoever has none
                  ├▶ purge: rows that are over, in small batches, each a transaction of its own
                  │     └─ killed midway: whole batches are gone, the rest goes next time
                  ├▶ close: once a day for each company its old events go, and the day that is over is counted
                  └▶ rotate: keys that have signed for IDP_KEY_ROTATION_DAYS let the next ones take over
    SIGTERM, SIGINT: leave after the mail or the batch at hand

Any number of workers may run: a batch skips what another one holds. A database that is gone is waited for.
"""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from typing import Final

import click
import sqlalchemy as sa
import structlog
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from idp import shortlived
from idp.accounts import bulk_invite, invitations
from idp.accounts.bulk_invite.models import PeopleImport, State
from idp.accounts.factors import reminders
from idp.accounts.links.models import OneTimeLink
from idp.accounts.models import ConnectCode
from idp.accounts.passwords import password_reset
from idp.cli.application import with_application
from idp.login.models import (
    BrowserSession,
    DailyFigures,
    FailureCount,
    FamiliarBrowser,
    FamiliarNetwork,
    KnownIpGrant,
    SecondFactorTry,
)
from idp.login.session import sweep
from idp.login.trust import known_places, throttle
from idp.oidc.clients import usage
from idp.oidc.logout import backchannel, endings
from idp.oidc.models import AuthorizationGrant, ClientUse, DeviceAuthorization, InitialAccessToken
from idp.oidc.signing_keys import keyring
from idp.outbox import deliver
from idp.outbox.jobs import (
    ApplicationToTell,
    CompanyDisabled,
    CompanyToRemind,
    PasswordForgotten,
    PeopleToInvite,
    PersonInvited,
    PersonToRemind,
    PersonWithoutTwoFactor,
    ProofEnded,
    RightEnded,
    WorkElsewhereEnded,
)
from idp.outbox.mail.transports import sink_for
from idp.outbox.models import Queued
from idp.platform import batches, clock, settings
from idp.platform.extensions import Base, db
from idp.reporting import daily_counts
from idp.tenancy import audit_retention, support_access
from idp.web import logs

LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 4
"""So many chores are done at once: so many applications may be slow before one has to wait for another."""
TIDY_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 5.0
COMPANIES: Final = 100
KEPT: Final = timedelta(days=1)
"""How long a row outlives its end: a clock that is set back brings nothing back to life that was removed."""
OUTBOX_KEPT: Final = timedelta(days=30)
"""How long the outbox remembers what was delivered and what could not be."""
FINDERS: Final[deliver.Finders] = {
    PasswordForgotten: password_reset.mail_for,
    PersonInvited: invitations.mail_for,
    PeopleToInvite: bulk_invite.carry_out,
    PersonWithoutTwoFactor: reminders.mail_for,
    CompanyToRemind: reminders.carry_out,
    PersonToRemind: reminders.mail_before,
    ProofEnded: endings.proof_ended,
    RightEnded: endings.right_ended,
    WorkElsewhereEnded: endings.work_elsewhere_ended,
    CompanyDisabled: endings.company_disabled,
    ApplicationToTell: backchannel.tell,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Over:
    """Rows that nobody has any use for."""

    table: type[Base]
    which: tuple[sa.ColumnElement[bool], ...]


@click.command(short_help="Deliver mails, remove what is over, rotate keys.")
@click.option("--once", is_flag=True, help="Do what is due and leave.")
@with_application
def worker(*, once: bool) -> None:
    """Do what is due: deliver mails, tell applications, remove what is over, rotate the signing keys.

    Runs until it is told to stop.
    """
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _sets(stop))
    log.info("worker_begins")
    work(stop, once=once)


def work(stop: threading.Event, *, once: bool) -> None:
    """Look again and again for what is due, until `stop` is set."""
    tidy_at = time.monotonic()
    while not stop.is_set():
        pause = LOOK_SECONDS
        try:
            send(stop)
            if time.monotonic() >= tidy_at:
                sweep_what_is_over(stop)
                remind(stop)
                purge(stop)
                close_days(stop)
                rotate_when_due()
                tidy_at = time.monotonic() + TIDY_SECONDS
        except DBAPIError as error:
            if once:
                raise
            log.warning("worker_waits", why=type(error).__name__)
            pause = WAIT_SECONDS
        finally:
            db.session.remove()
        if once:
            return
        stop.wait(pause)


def send(stop: threading.Event) -> int:
    """Deliver the mails that are due, and do the chores beside that; say how many."""
    if not deliver.has_chores():
        return _mails(stop)
    app, together = current_app._get_current_object(), deliver.Round()  # type: ignore[attr-defined]  # noqa: SLF001 - as Flask documents
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="chores") as threads:
        parts = [threads.submit(_chores, app, stop, together) for _ in range(AT_ONCE)]
        done = _mails(stop)
        while wait(parts, LOOK_SECONDS).not_done:
            done += _mails(stop)
    return done + sum(part.result() for part in parts)


def _mails(stop: threading.Event) -> int:
    """Deliver what is due. Without IDP_MAIL_URL mails wait."""
    ours = settings.current()
    if ours.mail_url is None:
        return 0
    return deliver.deliver_due(sink_for(ours.mail_url, ours.issuer_host), FINDERS, stop)


def _chores(app: Flask, stop: threading.Event, together: deliver.Round) -> int:
    with app.app_context():
        return deliver.do_chores(FINDERS, stop, together)


def rotate_when_due() -> None:
    """Let the next keys take over where the active ones have signed for long enough. Commits."""
    due = keyring.rotates_at()
    if due is not None and due < clock.now():
        turns = keyring.rotate()
        log.info("keys_rotated", kids=[turn.kid for turn in turns if turn.waits_until is None])


def sweep_what_is_over(stop: threading.Event) -> None:
    """End the helpdesk's accesses that are over, and the sessions. Commits, again and again."""
    support_access.expire(stop)
    sweep.over(stop)


def remind(stop: threading.Event) -> None:
    """Begin the reminders that are due. Commits, again and again."""
    reminders.begin_due(stop)


def purge(stop: threading.Event) -> int:
    """Remove what has been over for a while, and say how many rows went. Commits, again and again."""
    before = clock.now() - KEPT
    removed = shortlived.purge(stop) + audit_retention.remove(None, audit_retention.DEFAULT, stop)
    for rows in (over(before) for over in OVER):
        removed += batches.remove(rows.table, *rows.which, stop=stop)
    if removed:
        log.info("purged", rows=removed)
    return removed


def close_days(stop: threading.Event) -> None:
    """For each company that lacks it, close the day that is over: remove old events, then count. Commits after each.

    Whoever is stopped in between leaves the day open: the rest is removed, and counted, by the next one.
    """
    while tenants := daily_counts.whom(COMPANIES):
        for tenant in tenants:
            audit_retention.remove(tenant.id, audit_retention.years_of(tenant), stop)
            if stop.is_set():
                return
            daily_counts.keep(tenant)
            db.session.commit()


def _authorizations(before: datetime) -> Over:
    """Authorizations whose last token is over; their refresh tokens go with them."""
    return Over(AuthorizationGrant, (AuthorizationGrant.expires_at < before,))


def _sessions(before: datetime) -> Over:
    """Sessions that are over and that no authorization rests on any more."""
    used = sa.exists().where(AuthorizationGrant.session_id == BrowserSession.id)
    return Over(BrowserSession, (BrowserSession.expires_at < before, ~used))


def _connect_codes(before: datetime) -> Over:
    return Over(ConnectCode, (ConnectCode.expires_at < before,))


def _known_ip_grants(before: datetime) -> Over:
    return Over(KnownIpGrant, (KnownIpGrant.expires_at < before,))


def _failures(before: datetime) -> Over:
    """Counts that are nothing again, of names that do not exist as well."""
    return Over(FailureCount, (FailureCount.failed_at < before - throttle.FORGOTTEN_AFTER,))


def _second_factor_tries(before: datetime) -> Over:
    return Over(SecondFactorTry, (SecondFactorTry.at < before - throttle.SECOND_FACTOR_SPAN,))


def _familiar_networks(before: datetime) -> Over:
    return Over(FamiliarNetwork, (FamiliarNetwork.used_at < before - known_places.KEPT,))


def _familiar_browsers(before: datetime) -> Over:
    return Over(FamiliarBrowser, (FamiliarBrowser.used_at < before - known_places.KEPT,))


def _client_uses(before: datetime) -> Over:
    return Over(ClientUse, (ClientUse.used_at < before - usage.KEPT,))


def _devices(before: datetime) -> Over:
    return Over(DeviceAuthorization, (DeviceAuthorization.expires_at < before,))


def _one_time_links(before: datetime) -> Over:
    return Over(OneTimeLink, (OneTimeLink.expires_at < before,))


def _initial_access_tokens(before: datetime) -> Over:
    return Over(InitialAccessToken, (InitialAccessToken.expires_at < before,))


def _outbox(before: datetime) -> Over:
    """What is old, delivered or not: by then nobody has any use for it."""
    return Over(Queued, (Queued.created_at < before - OUTBOX_KEPT,))


def _people_imports(before: datetime) -> Over:
    """What nobody confirmed, and after a while also what was done."""
    old = PeopleImport.created_at < before - OUTBOX_KEPT
    forgotten = sa.and_(PeopleImport.state == State.PREVIEWED, PeopleImport.created_at < before)
    return Over(PeopleImport, (sa.or_(old, forgotten),))


def _daily_figures(before: datetime) -> Over:
    return Over(DailyFigures, (DailyFigures.day < (before - daily_counts.KEPT).date(),))


OVER: Final[tuple[Callable[[datetime], Over], ...]] = (
    _authorizations,
    _sessions,
    _known_ip_grants,
    _connect_codes,
    _failures,
    _second_factor_tries,
    _familiar_networks,
    _familiar_browsers,
    _client_uses,
    _devices,
    _one_time_links,
    _initial_access_tokens,
    _outbox,
    _people_imports,
    _daily_figures,
)


def _sets(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return handle
