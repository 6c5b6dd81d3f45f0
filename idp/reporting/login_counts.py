"""What the audit log says of a day in figures: logins by how they were proved, wrong answers by what was asked.

    login.completed ──▶ its methods (RFC 8176), and whether a known address stood in ─▶ Proof
    login.step_failed ▶ its step ───────────────────────────────────────────────────▶ Failure
    login.refused ────────────────────────────────────────────────────────────────▶ Failure.OTHER

A login counts for the company that it was for, a failure for the home of whoever it was. Days are UTC's, as the filter of
the audit log has them, so that whoever counts there finds the same.
"""

import enum
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from idp.audit.events import LoginCompleted, LoginRefused, StepFailed
from idp.audit.models import AuditEvent
from idp.login.core.types import ReasonCode, StepName
from idp.platform.extensions import db

A_DAY = timedelta(days=1)
_PASSKEY = frozenset({"hwk", "swk"})
_KINDS = (LoginCompleted.kind, LoginRefused.kind, StepFailed.kind)


class Proof(enum.StrEnum):
    """How a login was proved: the strongest of what it rests on."""

    PASSKEY = "by_passkey"
    TOTP = "by_totp"
    RECOVERY_CODE = "by_recovery_code"
    KNOWN_IP = "by_known_ip"
    PASSWORD = "by_password"  # noqa: S105 - a name


class Failure(enum.StrEnum):
    """What was answered wrongly."""

    PASSWORD = "wrong_password"  # noqa: S105 - a name
    SECURITY_CODE = "wrong_security_code"
    SECOND_FACTOR = "wrong_second_factor"
    NEW_IP = "wrong_new_ip"
    OTHER = "other_failure"


_FAILURES: Mapping[str, Failure] = {
    StepName.PASSWORD: Failure.PASSWORD,
    StepName.SECURITY_CODE: Failure.SECURITY_CODE,
    StepName.TOTP: Failure.SECOND_FACTOR,
    StepName.PASSKEY: Failure.SECOND_FACTOR,
    StepName.RECOVERY_CODE: Failure.SECOND_FACTOR,
    StepName.SET_UP_TOTP: Failure.SECOND_FACTOR,
    StepName.NEW_IP: Failure.NEW_IP,
}


def proof(amr: Iterable[str], *, known_ip: bool) -> Proof:
    """How a login with these methods was proved. A recovery code is a second factor without a method. Pure."""
    methods = frozenset(amr)
    if methods & _PASSKEY:
        return Proof.PASSKEY
    if "otp" in methods:
        return Proof.TOTP
    if "mfa" in methods:
        return Proof.RECOVERY_CODE
    return Proof.KNOWN_IP if known_ip else Proof.PASSWORD


def counted(tenant_id: uuid.UUID, days: Sequence[date]) -> dict[date, Counter[str]]:
    """What happened in the tenant on each of these days, which follow each other, in one statement."""
    if not days:
        return {}
    found: dict[date, Counter[str]] = {day: Counter() for day in days}
    for place, kind, amr, known_ip, step, number in db.session.execute(select(tenant_id, days)):
        found[days[place]][_measure(kind, amr, step, known_ip=known_ip)] += number
    return found


def select(tenant_id: uuid.UUID, days: Sequence[date]) -> sa.Select[int, str, str | None, bool, str | None, int]:
    """The statement that `counted` asks, read from the index of (tenant, moment)."""
    at, detail = AuditEvent.at, AuditEvent.detail
    place = sa.case(*((at < begins(day + A_DAY), number) for number, day in enumerate(days)), else_=len(days) - 1)
    amr = sa.cast(detail["amr"], sa.Text)
    known_ip = sa.func.coalesce(sa.cast(detail["reasons"], sa.Text), "").contains(f'"{ReasonCode.KNOWN_IP}"')
    what = sa.select(
        place.label("place"),
        AuditEvent.kind,
        amr.label("amr"),
        known_ip.label("known_ip"),
        detail["step"].as_string().label("step"),
        sa.func.count(),
    )
    within = at >= begins(days[0]), at < begins(days[-1] + A_DAY)
    return what.where(AuditEvent.tenant_id == tenant_id, *within, AuditEvent.kind.in_(_KINDS)).group_by(
        "place", AuditEvent.kind, "amr", "known_ip", "step"
    )


def begins(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), UTC)


def _measure(kind: str, amr: str | None, step: str | None, *, known_ip: bool) -> str:
    if kind == LoginCompleted.kind:
        return proof(json.loads(amr or "null") or (), known_ip=known_ip)
    return _FAILURES.get(step or "", Failure.OTHER)
