"""Everything that can happen next. What the product decides is asked of the product's own functions; only effects and mishaps are
modelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.split.model.state import AtAsking, Configuration, Late, Said, State
from uplift.split.decisions.facts import Facts, FollowFacts, GateFacts, HandoverFacts
from uplift.split.decisions.next_step import FLIP, Act, NextAct, has_flipped, next_act, stage_after
from uplift.split.decisions.verdicts import may
from uplift.split.record.asked import Answer, Asked, Change, HookWord, Options, Wish
from uplift.split.record.stage import Stage
from uplift.split.record.steps import Command, StepName, StepOutcome, StoredStep, Unfinished

Next = tuple[str, State]
_WORDS = (None, HookWord.AGAIN, HookWord.DONE)
_WISHES = tuple(Said(wish, word) for wish in (Wish.GO, Wish.BACK, Wish.ABANDON, Wish.FINISH) for word in _WORDS)


def following(state: State, config: Configuration) -> Iterator[Next]:
    """Each step from a state, with its name."""
    if state.broken is not None:
        return
    if state.engine is None:
        yield "an engine starts", replace(state, engine=state.engines + 1, engines=state.engines + 1, effect_is_done=False)
    else:
        yield from _of_the_engine(state, config)
        yield from _mishaps(state, config)
    if state.late is not None:
        yield from _late_write(state, config)


def _of_the_engine(state: State, config: Configuration) -> Iterator[Next]:
    if state.command is not None:
        yield from _command_goes_on(state, state.command, config)
        return
    if state.pointer is not state.stage.side:
        yield "the pointer is written again", replace(state, pointer=state.stage.side)
    if state.stage is Stage.BACK and state.unfinished is None:
        yield "nobody is left on the new side", _stored(state, stage=Stage.OLD)
    if state.asks < config.bounds.asks:
        yield from _asked(state)


def _asked(state: State) -> Iterator[Next]:
    for said in _WISHES:
        options = Options(hook=said.hook)
        if not may(said.wish, _facts(state), options).is_allowed or (said.hook is not None and state.unfinished is None):
            continue
        completes = state.unfinished.step if state.unfinished is not None and state.unfinished.wish is said.wish else None
        if completes is None and state.stage is stage_after(said.wish):
            continue
        asked = Asked(id=f"{state.asks:012x}", wish=said.wish, run="00000000", revision=0, who="", at=0.0, options=options)
        command = Command(asked=asked, engine=str(state.engine), completes=completes)
        allowed = state.hook_allowed + (completes is None and said.wish in {Wish.GO, Wish.BACK}) + (said.hook is HookWord.AGAIN)
        taken = _stored(state, command=command)
        at = AtAsking(state.stage, state.pointer, state.hook_runs)
        yield f"asked: {said.wish.value} {said.hook or ''}", replace(taken, asks=state.asks + 1, asking=at, hook_allowed=allowed)


def _facts(state: State) -> Facts:
    """All that is not modelled is as it should be."""
    return Facts(
        stage=state.stage,
        needs_standby=False,
        unfinished=state.unfinished,
        follow=FollowFacts(),
        handover=HandoverFacts(is_done=True),
        gate=GateFacts(is_over=True),
    )


def _command_goes_on(state: State, command: Command, config: Configuration) -> Iterator[Next]:
    is_mine = command.is_of(str(state.engine))
    na = next_act(command, is_mine=is_mine, pointer=state.pointer)
    if config.repeats_hook and na.act is Act.UNKNOWN:
        na = NextAct(Act.CARRY, StepName.HOOK)
    if not config.undoes_only_before_the_flip and not is_mine:
        na = NextAct(Act.UNDO, answer=Answer(change=Change.NOTHING, text="undone"))
    latest = command.latest
    match na.act:
        case Act.BEGIN:
            assert na.step is not None
            step = StoredStep(wish=command.asked.wish, step=na.step, who="", engine=str(state.engine), intent_at=0.0)
            yield f"intent: {na.step.value}", replace(_stored(state, command=command.begun(step)), effect_is_done=False)
        case Act.CARRY:
            assert latest is not None
            if not state.effect_is_done:
                yield f"effect: {latest.step.value}", _effect(state, command, latest.step)
            else:
                yield from _outcomes(state, command, latest.step, config)
        case Act.FLIPPED:
            yield "the flip is found done", _outcome(state, command, StepOutcome.DONE)
        case Act.UNKNOWN:
            yield "the outcome is not known", _outcome(state, command, StepOutcome.UNKNOWN)
        case Act.UNDO | Act.END:
            assert na.answer is not None
            yield f"answer: {na.answer.change.value}", _answered(state, command, na.answer, config)


def _effect(state: State, command: Command, step: StepName) -> State:
    done = replace(state, effect_is_done=True)
    if step is StepName.POINTER:
        return replace(done, pointer=stage_after(command.asked.wish).side)
    if step is StepName.HOOK and command.asked.options.hook is not HookWord.DONE:
        return replace(done, hook_runs=state.hook_runs + 1)
    return done


def _outcomes(state: State, command: Command, step: StepName, config: Configuration) -> Iterator[Next]:
    yield f"done: {step.value}", _outcome(state, command, StepOutcome.DONE)
    if state.failures < config.bounds.failures and step is not StepName.POINTER:
        failed = replace(state, failures=state.failures + 1)
        yield f"failed: {step.value}", _outcome(failed, command, StepOutcome.FAILED)
        if step is StepName.HOOK:
            yield f"killed at its limit: {step.value}", _outcome(failed, command, StepOutcome.UNKNOWN)


def _outcome(state: State, command: Command, outcome: StepOutcome) -> State:
    ended = command.ended(outcome, 0.0)
    latest, wish = ended.steps[-1], command.asked.wish
    if latest.step is StepName.HOOK:
        state = replace(state, hook_is_owed=outcome is not StepOutcome.DONE)
    if latest.step is FLIP[wish] and outcome is StepOutcome.DONE:
        return _stored(state, command=ended, stage=stage_after(wish), unfinished=None)
    return _stored(state, command=ended)


def _answered(state: State, command: Command, answer: Answer, config: Configuration) -> State:
    latest = command.latest
    unfinished = state.unfinished if answer.change is Change.NOTHING else None
    is_left = answer.change in {Change.UNFINISHED, Change.UNKNOWN} and latest is not None and latest.outcome is not None
    if config.keeps_unfinished and is_left and latest is not None and latest.outcome is not None:
        unfinished = Unfinished(wish=command.asked.wish, step=latest.step, outcome=latest.outcome, text="")
    over = replace(_stored(state, command=None, unfinished=unfinished), asking=None, effect_is_done=False)
    return replace(over, broken=_lie(state, command, answer))


def _lie(state: State, command: Command, answer: Answer) -> str | None:
    """What of an answer is not true."""
    at, flipped = state.asking, stage_after(command.asked.wish)
    assert at is not None
    has_ended = state.stage is flipped or (flipped is Stage.BACK and state.stage in {Stage.BACK, Stage.OLD})
    match answer.change:
        case Change.NOTHING:
            is_so = (state.stage, state.pointer, state.hook_runs) == (at.stage, at.pointer, at.hook_runs)
            return None if is_so and not has_flipped(command) else "an answer says that nothing was changed, and something was"
        case Change.CHANGED | Change.UNFINISHED | Change.UNKNOWN:
            return None if has_ended else "an answer says that it was changed, and it was not"


def _mishaps(state: State, config: Configuration) -> Iterator[Next]:
    if state.deaths >= config.bounds.deaths:
        return
    dead = replace(state, engine=None, deaths=state.deaths + 1, effect_is_done=False)
    latest = state.command.latest if state.command is not None else None
    yield "the engine dies", dead
    is_at_pointer = latest is not None and latest.step is StepName.POINTER and latest.outcome is None and not state.effect_is_done
    if config.bounds.zombies and is_at_pointer and state.command is not None:
        yield "the engine stands still", replace(dead, late=Late(stage_after(state.command.asked.wish).side, state.revision))


def _late_write(state: State, config: Configuration) -> Iterator[Next]:
    late = state.late
    assert late is not None
    gone = replace(state, late=None)
    if not config.checks_revision or late.revision == state.revision:
        yield "it wakes up, and writes the pointer", replace(gone, pointer=late.side)
    else:
        yield "it wakes up, and is refused", gone


def _stored(state: State, **changes: object) -> State:
    return replace(state, revision=state.revision + 1, **changes)  # type: ignore[arg-type]


def promise(state: State) -> str | None:
    """What of the promise a state breaks."""
    if state.broken is not None:
        return state.broken
    if state.hook_runs > state.hook_allowed:
        return "--on-go ran more often than an operator asked for"
    if state.stage is Stage.FINISHED and state.hook_is_owed:
        return "finished, though --on-go was never done"
    return None


def is_good_end(state: State) -> bool:
    """Over with nothing left of it, or the old side with nothing under way."""
    is_idle = state.command is None and state.unfinished is None and state.pointer is state.stage.side
    return is_idle and (state.stage.is_over or state.stage is Stage.OLD)
