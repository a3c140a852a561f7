"""What decisions are made of: everything that was seen, typed, at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from uplift.split.record.stage import Stage
from uplift.split.record.steps import Command, Unfinished


@dataclass(frozen=True, slots=True)
class FollowFacts:
    """Of the follow between legacy and app-cache. `not_in_sync` None: it is. `proof_seconds`: how old the pass is that proved it.

    `lag_ms` is the 99th percentile, None where nothing was told lately. `way_back_lost` says why what is written to the new side does not
    arrive on legacy, None where it does, for `way_back_seconds`. `no_rule`: keys that no rule of the key map is for. `not_described`: by
    pattern, keys of the new side that no rule describes. `foreign_writers` write to the new side, and are not on the list of allowed ones.
    `standby_warm`: engines that could take over without a gap. `pass_began_at`: the latest whole pass that found nothing unexplained, when
    it began (seconds since 1970); None: there was none.
    """

    is_following: bool = True
    not_in_sync: str | None = None
    is_two_way: bool = True
    has_gap: bool = False
    is_paused: bool = False
    lag_ms: float | None = None
    proof_seconds: float | None = 0.0
    way_back_lost: str | None = None
    way_back_seconds: float = 0.0
    no_rule: int = 0
    named: int = 0
    not_described: dict[str, int] = field(default_factory=dict)
    foreign_writers: tuple[str, ...] = ()
    standby_present: int = 0
    standby_warm: int = 0
    pass_began_at: float | None = None
    lasting: int = 0


@dataclass(frozen=True, slots=True)
class HandoverFacts:
    """Of the mover in the direction that is wanted. `is_done`: the side that is left has no job, no process, and stayed so. `stopped`: a
    server forgot what it had acknowledged, and how. `is_settled`: nothing is in an outbox. `held`: jobs that wait behind their twins.
    """

    is_done: bool = False
    is_settled: bool = True
    stopped: str | None = None
    problem: str | None = None
    jobs_left: int = 0
    left: tuple[str, ...] = ()
    held: int = 0


@dataclass(frozen=True, slots=True)
class GateFacts:
    """`is_over`: each side has the cron that is its own. `is_silent`: neither side has a scheduler, so there is nothing to turn.
    `is_held`: the new side is silenced. `is_left`: it has turned, and nobody is
    left who could fire on the side it turned from. `problem`: why it is none of these; `doubtful`: instances that nobody fired, or both
    sides.
    """

    is_over: bool = False
    is_silent: bool = False
    is_held: bool = True
    is_left: bool = False
    problem: str | None = None
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """`leads`: this engine may write. `refusals` of the preflight; None: it is not over. `canaries`: why they prove nothing, None where
    both directions are proven. `talking`: who still talks to the side that is left, a line each, or did so a short while ago.
    `on_new_side`: who is connected to the new side. `new_side_jobs`: jobs that the new side's Sidekiq holds.
    """

    stage: Stage = Stage.OLD
    leads: bool = True
    refusals: tuple[str, ...] | None = ()
    is_copied: bool = True
    needs_standby: bool = True
    command: Command | None = None
    unfinished: Unfinished | None = None
    left_behind: tuple[str, ...] = ()
    follow: FollowFacts = FollowFacts()
    handover: HandoverFacts = HandoverFacts()
    gate: GateFacts = GateFacts()
    canaries: str | None = None
    talking: tuple[str, ...] = ()
    on_new_side: tuple[str, ...] = ()
    new_side_jobs: int = 0
    problem: str | None = None

    @property
    def not_acknowledged(self) -> dict[str, int]:
        """Keys of the new side that would stay behind on the way back, and of which the operator did not say so."""
        return {pattern: count for pattern, count in self.follow.not_described.items() if pattern not in self.left_behind}
