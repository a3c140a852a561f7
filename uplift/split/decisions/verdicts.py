"""Whether go, back, abandon and finish may be done now, with the reasons: for the command itself, for its dry run, and for the status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from uplift.split.decisions.facts import Facts
from uplift.split.decisions.phase import why_not_armed
from uplift.split.record.asked import Options, Wish
from uplift.split.record.stage import Side, Stage
from uplift.split.record.steps import StepName, StepOutcome, Unfinished

_MOST_PROOF_SECONDS = 3600.0
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed where there is no reason against it. `notes` are what the operator should know, and speak against nothing."""

    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether it may be done."""
        return not self.reasons


def may(wish: Wish, facts: Facts, options: Options) -> Verdict:
    """Decide. What is wanted next is never refused because of something that only the other wish needs."""
    common = _against_any_command(facts)
    if common:
        return Verdict(common)
    if facts.unfinished is not None and facts.unfinished.wish is wish:
        return _completes(facts.unfinished, options)
    if facts.stage.is_over:
        return Verdict((f"the run is {facts.stage.value}",))
    match wish:
        case Wish.GO:
            return _may_go(facts, options)
        case Wish.BACK:
            return _may_back(facts, options)
        case Wish.ABANDON:
            return _may_abandon(facts, options)
        case Wish.FINISH:
            return _may_finish(facts)
        case Wish.SET | Wish.PAUSE | Wish.RESUME:
            return Verdict()
        case _:
            assert_never(wish)


def _against_any_command(facts: Facts) -> tuple[str, ...]:
    if not facts.leads:
        return ("no engine leads: wait until one has taken over",)
    command = facts.command
    if command is not None:
        asked = command.asked
        return (f"{asked.wish.value}, asked by {asked.who}, is being done: wait until it is over",)
    return ()


def _may_go(facts: Facts, options: Options) -> Verdict:
    if facts.stage is Stage.NEW:
        return Verdict((), ("the application is on the new side already: nothing is left to do",))
    if facts.stage is Stage.BACK:
        return Verdict(("the way back is not over: wait until the status says armed",))
    follow = facts.follow
    reasons = list(why_not_armed(facts))
    if follow.lag_ms is not None and follow.lag_ms > options.max_lag:
        reasons.append(f"the lag is {follow.lag_ms:,.0f} ms (p99), allowed: {options.max_lag:,.0f} (--max-lag)")
    if follow.proof_seconds is not None and follow.proof_seconds > _MOST_PROOF_SECONDS:
        reasons.append(f"the pass that proved it ended {follow.proof_seconds / 60:,.0f} min ago, allowed: {_MOST_PROOF_SECONDS / 60:,.0f}")
    if follow.has_gap:
        reasons.append("events may have been missed a moment ago: wait for the next pass")
    if follow.no_rule:
        reasons.append(f"{follow.no_rule:,} keys of legacy have no rule in the key map: they would not be on the new side")
    reasons += [f"somebody else writes to the new side: {one}; stop it, or name it with --allow-client" for one in follow.foreign_writers]
    if facts.handover.problem is not None:
        reasons.append(f"the handover could not begin: {facts.handover.problem}")
    if facts.problem is not None:
        reasons.append(facts.problem)
    return Verdict((*reasons, *_not_acknowledged(facts, options)), _way_back_note(facts))


def _completes(unfinished: Unfinished, options: Options) -> Verdict:
    """After the flip a second call does what is left; the operator's own command never without his word."""
    if unfinished.step is StepName.HOOK and options.hook is None:
        word = "failed" if unfinished.outcome is StepOutcome.FAILED else "was begun, and what came of it is not known"
        return Verdict((f"the pointer is turned, and --on-go {word}: --hook again runs it once more, --hook done says that it is done",))
    return Verdict()


def _may_back(facts: Facts, options: Options) -> Verdict:
    if facts.stage is Stage.OLD:
        return Verdict(("nobody has gone: `abandon` ends a run before go",))
    if facts.stage is Stage.BACK:
        return Verdict((), ("the way back has begun already: nothing is left to do",))
    follow = facts.follow
    reasons = []
    if follow.way_back_lost is not None:
        reasons.append(f"the way back is not open: {follow.way_back_lost}, for {follow.way_back_seconds:,.0f} s")
    if facts.handover.stopped is not None:
        reasons.append(f"the handover has stopped: {facts.handover.stopped}")
    return Verdict((*reasons, *_not_acknowledged(facts, options)))


def _may_abandon(facts: Facts, options: Options) -> Verdict:
    if facts.stage is not Stage.OLD:
        return Verdict((f"the application is on the {_side_word(facts)}: `back` returns it first",))
    reasons = [f"{one} is connected to the new side, and what it writes would be lost: stop it" for one in facts.on_new_side[:_MOST_SHOWN]]
    if options.empty_targets and facts.new_side_jobs:
        reasons.append(
            f"the new side's Sidekiq holds {facts.new_side_jobs:,} jobs, which --empty-targets would delete: let a worker there finish them"
        )
    return Verdict(tuple(reasons))


def _side_word(facts: Facts) -> str:
    return "new side" if facts.stage.side is Side.NEW else "way back"


def _may_finish(facts: Facts) -> Verdict:
    if facts.stage is not Stage.NEW:
        return Verdict(("only a run that has gone can be finished",))
    handover, gate, follow = facts.handover, facts.gate, facts.follow
    reasons = [f"legacy is not left: {one}" for one in facts.talking[:_MOST_SHOWN]]
    if facts.unfinished is not None:
        reasons.append(f"{facts.unfinished.step.value} of {facts.unfinished.wish.value} is not done: `{facts.unfinished.wish.value}` first")
    if handover.stopped is not None:
        reasons.append(f"the handover has stopped: {handover.stopped}")
    elif not handover.is_done:
        reasons.append(handover.problem or f"{handover.jobs_left:,} jobs are on legacy, or it was not empty for long enough yet")
    if handover.held:
        reasons.append(f"{handover.held:,} jobs wait behind the same job with another score")
    if not (gate.is_over or gate.is_silent or gate.is_left):
        reasons.append(f"cron: {gate.problem}")
    if follow.not_in_sync is not None:
        reasons.append(f"not in sync: {follow.not_in_sync}")
    if follow.is_paused:
        reasons.append("the run is paused: resume")
    named = (f"{follow.named:,} keys are named: look at them first, they stay as they are",) if follow.named else ()
    left = tuple(f"stays on legacy: {one}" for one in handover.left)
    return Verdict(tuple(reasons), (*named, *left, "from here on there is no way back"))


def _not_acknowledged(facts: Facts, options: Options) -> tuple[str, ...]:
    left = {pattern: count for pattern, count in facts.not_acknowledged.items() if pattern not in options.leave_behind}
    if not left:
        return ()
    shown = ", ".join(f"{pattern} ({count:,})" for pattern, count in sorted(left.items(), key=lambda pair: -pair[1])[:_MOST_SHOWN])
    return (
        f"no rule describes {sum(left.values()):,} keys of the new side, which the way back leaves there: {shown}; say so with "
        "--leave-behind PATTERN for each",
    )


def _way_back_note(facts: Facts) -> tuple[str, ...]:
    if facts.left_behind:
        return (f"the way back leaves {', '.join(facts.left_behind)} on the new side",)
    return ()
