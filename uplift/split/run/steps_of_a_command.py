"""What each step of a command does, and when it has come to its end. Every one may be done twice, save the operator's own command."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from uplift.errors import RunRefused, SourceUnreachable, TargetRefused
from uplift.keyspace.server.replies import ErrorReply
from uplift.split.decisions.facts import Facts
from uplift.split.decisions.next_step import PATIENCE_SECONDS, stage_after
from uplift.split.decisions.verdicts import may
from uplift.split.decisions.wants import GateWant, MoverWant
from uplift.split.hooks.on_go import OnGo
from uplift.split.hooks.outcome import TimedOut, failure_of
from uplift.split.record.asked import HookWord, Options, Wish
from uplift.split.record.steps import Command, StepName, StepOutcome, StoredStep
from uplift.split.run.ending import empty_targets, end_handover, give_gate_up
from uplift.split.run.follow_part import FollowPart
from uplift.split.run.request import SplitRequest
from uplift.split.run.sidekiq_part import SidekiqPart
from uplift.split.run.sidekiq_sides import SidekiqSides


@dataclass(frozen=True, slots=True)
class Carried:
    """What a look at a step came to: `outcome` None: it is still under way."""

    outcome: StepOutcome | None = None
    text: str = ""


_UNDER_WAY = Carried()


def _done(text: str = "") -> Carried:
    return Carried(StepOutcome.DONE, text)


def _failed(text: str) -> Carried:
    return Carried(StepOutcome.FAILED, text)


@dataclass(slots=True)
class Parts:
    """What steps work on. `turn_pointer` writes the pointer of a command, `others_alive` names engines that have not left, and
    `write_report` writes it.
    """

    request: SplitRequest
    follow: FollowPart
    sidekiq: Callable[[], SidekiqPart | None]
    sides: Callable[[], SidekiqSides]
    on_go: OnGo | None
    turn_pointer: Callable[[Command], None]
    others_alive: Callable[[], tuple[str, ...]]
    write_report: Callable[[], None]
    remove_canaries: Callable[[], None]


class Steps:
    """Of one engine: what it began itself is in here, so that a step goes on from look to look."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._proof_asked = 0

    @property
    def proof(self) -> int:
        """The number of the proof that was asked for last."""
        return self._proof_asked

    def begin(self, step: StepName, command: Command) -> None:
        """What is done once, right behind the stored intent."""
        if step is StepName.VERIFY:
            self._proof_asked += 1
            self._parts.follow.begin_pass()
        if step is StepName.HOOK and self._parts.on_go is not None and command.asked.options.hook is not HookWord.DONE:
            self._parts.on_go.begin(_hook_document(command))

    def carry(self, command: Command, facts: Facts) -> Carried:
        """Look at the latest step, and go on with it."""
        stored = command.steps[-1]
        carried = self._carried(stored, command, facts)
        patience = PATIENCE_SECONDS.get(stored.step)
        if carried.outcome is None and patience is not None and time.time() - stored.intent_at > patience:
            return _failed(f"{carried.text or 'it did not come to its end'}, after {patience:.0f} s")
        return carried

    def _carried(self, stored: StoredStep, command: Command, facts: Facts) -> Carried:  # noqa: C901 - one case a step
        match stored.step:
            case StepName.AUTHORITY:
                side = stage_after(command.asked.wish).side
                return _done(side.value) if self._parts.follow.decides_by(side) else Carried(text="the follow does not decide by it yet")
            case StepName.OUTBOXES:
                return self._outboxes()
            case StepName.POINTER:
                self._parts.turn_pointer(command)
                return _done(stage_after(command.asked.wish).side.value)
            case StepName.HOOK:
                return self._hook(command)
            case StepName.VERIFY:
                return self._verified(stored, facts)
            case StepName.GATE:
                return self._gate()
            case StepName.STANDBYS:
                alive = self._parts.others_alive()
                return Carried(text=f"engine {', '.join(alive)} has not left") if alive else _done()
            case StepName.END_FOLLOW:
                return self._end_follow()
            case StepName.END_HANDOVER:
                return self._end_handover()
            case StepName.EMPTY_TARGETS:
                return self._emptied(command.asked.options)
            case StepName.REPORT:
                self._parts.write_report()
                return _done()
            case _:
                assert_never(stored.step)

    def _outboxes(self) -> Carried:
        sidekiq = self._parts.sidekiq()
        if sidekiq is None:
            return _done("nothing was taken")
        shown, _ = sidekiq.shown
        if shown.doing is not MoverWant.SETTLE_FORWARD:
            return Carried(text="the mover has not come to it yet")
        if shown.facts.stopped is not None:
            return _failed(shown.facts.stopped)
        return _done() if shown.facts.is_settled else Carried(text=shown.facts.problem or "what was taken is not all on the other side")

    def _hook(self, command: Command) -> Carried:
        on_go = self._parts.on_go
        if on_go is None:
            return _done("none was given")
        if command.asked.options.hook is HookWord.DONE:
            return _done("as the operator says")
        outcome = on_go.poll()
        if outcome is None:
            return _UNDER_WAY
        failure = failure_of(outcome)
        if failure is None:
            return _done()
        # It was killed: whether it had done its work is not known.
        return Carried(StepOutcome.UNKNOWN if isinstance(outcome, TimedOut) else StepOutcome.FAILED, failure)

    def _verified(self, stored: StoredStep, facts: Facts) -> Carried:
        verdict = may(Wish.FINISH, replace(facts, command=None), Options())
        if not verdict.is_allowed:
            return _failed("; ".join(verdict.reasons))
        sidekiq = self._parts.sidekiq()
        proof = sidekiq.proof if sidekiq is not None else None
        began = facts.follow.pass_began_at
        if began is None or began < stored.intent_at:
            return Carried(text="no pass has compared every key since")
        if proof is None or proof.number != self._proof_asked:
            return Carried(text="jobs and statistics are being proven")
        return (
            _failed("; ".join(proof.problems)) if proof.problems else _done("every key is equal, every job and counter is on the new side")
        )

    def _gate(self) -> Carried:
        sidekiq = self._parts.sidekiq()
        if sidekiq is None or sidekiq.wants.gate is GateWant.LEAVE:
            return _done("none was begun")
        _, shown = sidekiq.shown
        is_over = shown.doing is GateWant.GIVE_UP and shown.facts.is_over
        return _done() if is_over else Carried(text=shown.facts.problem or "the gate is not over")

    def _end_follow(self) -> Carried:
        run = self._parts.follow.run
        if run is None:
            return _done("none was begun")
        removal = run.end()
        # Only now: as long as it follows it may carry one over once more.
        self._parts.remove_canaries()
        return _done(removal.text)

    def _end_handover(self) -> Carried:
        sidekiq = self._parts.sidekiq()
        if sidekiq is not None:
            sidekiq.close()
        try:
            give_gate_up(self._parts.sides())
            return _done(f"{end_handover(self._parts.sides()):,} keys of the handover's own were removed")
        except (RunRefused, TargetRefused, SourceUnreachable, ErrorReply) as problem:
            return _failed(str(problem))

    def _emptied(self, options: Options) -> Carried:
        if not options.empty_targets:
            return _done("they stay as they are")
        try:
            return _done(empty_targets(self._parts.request))
        except (RunRefused, TargetRefused, SourceUnreachable, ErrorReply) as problem:
            return _failed(str(problem))


def _hook_document(command: Command) -> dict[str, object]:
    side = stage_after(command.asked.wish).side.value
    return {
        "schema": "uplift.split.on-go/1",
        "run": command.asked.run,
        "command": command.asked.wish.value,
        "side": side,
        "who": command.asked.who,
    }
