"""From what the parts show to the facts that decisions are made of."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from uplift.keyspace.follow.status import Status as FollowStatus
from uplift.split.decisions.facts import Facts, GateFacts, HandoverFacts
from uplift.split.decisions.wants import GateWant
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Side, Stage
from uplift.split.run.evidence_part import NOT_LOOKED, EvidenceShown
from uplift.split.run.follow_part import FollowPart
from uplift.split.run.request import SplitRequest
from uplift.split.run.sidekiq_part import SidekiqPart


def gathered(
    request: SplitRequest,
    record: SplitRecord,
    *,
    leads: bool,
    refusals: tuple[str, ...] | None,
    follow: FollowPart,
    follow_status: FollowStatus | None,
    sidekiq: SidekiqPart | None,
    evidence: EvidenceShown | None,
    problem: str | None,
) -> Facts:
    """Everything at this moment."""
    shown = evidence or EvidenceShown()
    leaving = leaving_of(record.stage)
    talking = () if leaving is None else shown.talking if shown.leaving is leaving else (NOT_LOOKED,)
    return Facts(
        stage=record.stage,
        leads=leads,
        refusals=() if record.is_prechecked else refusals,
        is_copied=record.is_copied,
        needs_standby=request.needs_standby,
        command=record.command,
        unfinished=record.unfinished,
        left_behind=record.left_behind,
        follow=follow.facts(follow_status, lambda client: is_allowed(client, request.allowed_clients)),
        handover=_handover_facts(sidekiq),
        gate=_gate_facts(sidekiq),
        canaries=shown.not_proven,
        talking=talking,
        on_new_side=tuple(map(str, shown.on_new_side)),
        new_side_jobs=shown.new_side_jobs,
        problem=problem,
    )


def _handover_facts(sidekiq: SidekiqPart | None) -> HandoverFacts:
    if sidekiq is None:
        return HandoverFacts()
    shown = sidekiq.shown[0]
    # What was seen in the other direction says nothing of this one.
    return shown.facts if shown.doing is sidekiq.wants.moving.mover else HandoverFacts(is_settled=False)


def _gate_facts(sidekiq: SidekiqPart | None) -> GateFacts:
    if sidekiq is None or sidekiq.wants.gate is GateWant.LEAVE:
        return GateFacts(is_held=False, problem="the gate is not held yet")
    shown = sidekiq.shown[1]
    if shown.doing is not sidekiq.wants.gate:
        return GateFacts(is_held=False, problem="the gate has not come to it yet")
    return shown.facts


def leaving_of(stage: Stage) -> Side | None:
    """The side that nobody is to use any more; None before go."""
    match stage:
        case Stage.NEW | Stage.FINISHED:
            return Side.OLD
        case Stage.BACK:
            return Side.NEW
        case Stage.OLD | Stage.ABANDONED:
            return None


def is_allowed(client: str, globs: Iterable[str]) -> bool:
    """Whether a client, as it is shown for a person (address, then its name in brackets), matches one by address, host or name."""
    address, _, rest = client.partition(" ")
    address, name = address.rstrip(","), rest.partition("(")[2].partition(")")[0]
    return any(fnmatchcase(one, glob) for glob in globs for one in (address, address.rpartition(":")[0], name) if one)
