"""Evidence, demands and decisions as JSON: how sessions, transactions and grants of tokens keep them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from idp.login.core.types import Demand, Evidence, Factor, Level, StepName

Record = dict[str, Any]


def write_evidence(evidence: Iterable[Evidence]) -> list[Record]:
    """Evidence as a JSON array, oldest first."""
    return [_evidence_record(e) for e in evidence]


def read_evidence(records: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """The evidence that `write_evidence` wrote."""
    return tuple(_evidence(record) for record in records)


def write_demand(demand: Demand) -> Record:
    """A demand as a JSON object."""
    return {
        "level": int(demand.level),
        "essential": demand.essential,
        "not_before": demand.not_before.isoformat() if demand.not_before else None,
        "tenant": demand.tenant,
        "subject": demand.subject,
        "choose_tenant": demand.choose_tenant,
    }


def read_demand(record: Mapping[str, Any]) -> Demand:
    """The demand that `write_demand` wrote."""
    not_before = record["not_before"]
    return Demand(
        level=Level(record["level"]),
        essential=record["essential"],
        not_before=datetime.fromisoformat(not_before) if not_before else None,
        tenant=record["tenant"],
        subject=record["subject"],
        choose_tenant=record.get("choose_tenant", False),
    )


def _evidence_record(e: Evidence) -> Record:
    return {
        "step": e.step.value,
        "at": e.at.isoformat(),
        "factors": sorted(e.factors),
        "amr": sorted(e.amr),
        "covers": sorted(e.covers),
        "phishing_resistant": e.phishing_resistant,
        "tenant": e.tenant,
        "epoch": e.epoch,
        "network": e.network,
        "code_made": e.code_made,
    }


def _evidence(record: Mapping[str, Any]) -> Evidence:
    return Evidence(
        step=StepName(record["step"]),
        at=datetime.fromisoformat(record["at"]),
        factors=frozenset(Factor(f) for f in record["factors"]),
        amr=frozenset(record["amr"]),
        covers=frozenset(StepName(c) for c in record["covers"]),
        phishing_resistant=record["phishing_resistant"],
        tenant=record["tenant"],
        epoch=record["epoch"],
        network=record["network"],
        code_made=record.get("code_made"),
    )
