"""What may be done, and in which phase a run is: each situation with what an operator must be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uplift.split.decisions.facts import Facts, FollowFacts, GateFacts, HandoverFacts
from uplift.split.decisions.phase import is_back_over, phase_of
from uplift.split.decisions.role import Role, Seen, role_of
from uplift.split.decisions.verdicts import may
from uplift.split.decisions.wants import GateWant, MoverWant, wants_of
from uplift.split.record.asked import Asked, HookWord, Options, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Phase, Side, Stage
from uplift.split.record.steps import Command, StepName, StepOutcome, StoredStep, Unfinished

ARMED = Facts(follow=FollowFacts(standby_present=1, standby_warm=1))
MOVED = replace(ARMED, stage=Stage.NEW, handover=HandoverFacts(is_done=True), gate=GateFacts(is_over=True))
GO = Asked(wish=Wish.GO, run="00000000", revision=1, who="anna@ops", at=1.0)


def following(facts: Facts, **changes: object) -> Facts:
    return replace(facts, follow=replace(facts.follow, **changes))  # type: ignore[arg-type]


def test_armed_and_nothing_in_its_way() -> None:
    assert phase_of(ARMED) is Phase.ARMED
    assert may(Wish.GO, ARMED, Options()).is_allowed
    assert may(Wish.ABANDON, ARMED, Options()).is_allowed
    assert not may(Wish.BACK, ARMED, Options()).is_allowed
    assert not may(Wish.FINISH, ARMED, Options()).is_allowed


@pytest.mark.parametrize(
    ("facts", "phase", "told"),
    [
        (replace(ARMED, refusals=None), Phase.PREFLIGHT, "the preflight is not over"),
        (replace(ARMED, refusals=("key map: 3 keys",)), Phase.PREFLIGHT, "key map: 3 keys"),
        (replace(ARMED, is_copied=False), Phase.COPY, "the copy is not over"),
        (following(ARMED, not_in_sync="a key waits"), Phase.CATCHING_UP, "not in sync: a key waits"),
        (following(ARMED, is_two_way=False), Phase.IN_SYNC, "is not armed yet"),
        (following(ARMED, is_paused=True), Phase.IN_SYNC, "resume"),
        (following(ARMED, way_back_lost="nothing was heard"), Phase.IN_SYNC, "nothing was heard"),
        (replace(ARMED, canaries="late"), Phase.IN_SYNC, "not both directions are proven: late"),
        (replace(ARMED, gate=GateFacts(is_held=False, problem="a server is away")), Phase.IN_SYNC, "a server is away"),
        (following(ARMED, standby_present=0, standby_warm=0), Phase.IN_SYNC, "--without-standby"),
        (following(ARMED, standby_warm=0), Phase.IN_SYNC, "does not know enough yet"),
        (following(ARMED, lag_ms=1500.0), Phase.ARMED, "the lag is 1,500 ms (p99), allowed: 1,000"),
        (following(ARMED, proof_seconds=7200.0), Phase.ARMED, "ended 120 min ago, allowed: 60"),
        (following(ARMED, has_gap=True), Phase.ARMED, "events may have been missed"),
        (following(ARMED, no_rule=2), Phase.ARMED, "2 keys of legacy have no rule"),
        (
            following(ARMED, foreign_writers=("10.0.0.9:1 (script)",)),
            Phase.ARMED,
            "10.0.0.9:1 (script); stop it, or name it with --allow-client",
        ),
        (following(ARMED, not_described={"<word>:<text>": 7}), Phase.ARMED, "<word>:<text> (7); say so with --leave-behind"),
        (replace(ARMED, problem="sidekiq does not answer"), Phase.ARMED, "sidekiq does not answer"),
        (replace(ARMED, command=Command(asked=GO)), Phase.ARMED, "go, asked by anna@ops, is being done"),
        (replace(ARMED, leads=False), Phase.ARMED, "no engine leads"),
    ],
)
def test_each_of_these_alone_is_in_the_way_of_go(facts: Facts, phase: Phase, told: str) -> None:
    verdict = may(Wish.GO, facts, Options())
    assert phase_of(facts) is phase
    assert len(verdict.reasons) >= 1
    assert any(told in reason for reason in verdict.reasons), verdict.reasons


def test_a_run_that_has_no_standby_by_its_own_wish_is_armed() -> None:
    assert phase_of(replace(following(ARMED, standby_present=0, standby_warm=0), needs_standby=False)) is Phase.ARMED


def test_patterns_that_were_said_stand_in_nobodys_way() -> None:
    facts = following(ARMED, not_described={"a": 1, "b": 2})
    assert not may(Wish.GO, facts, Options(leave_behind=("a",))).is_allowed
    assert may(Wish.GO, facts, Options(leave_behind=("a", "b"))).is_allowed
    assert may(Wish.BACK, replace(facts, stage=Stage.NEW, left_behind=("a", "b")), Options()).is_allowed


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (replace(MOVED, talking=("client 10.0.0.9:1 on legacy",)), "legacy is not left: client 10.0.0.9:1"),
        (replace(MOVED, handover=HandoverFacts(jobs_left=3)), "3 jobs are on legacy"),
        (replace(MOVED, handover=HandoverFacts(is_done=True, stopped="a server forgot")), "a server forgot"),
        (replace(MOVED, handover=HandoverFacts(is_done=True, held=2)), "2 jobs wait behind"),
        (replace(MOVED, gate=GateFacts(problem="armed: it turns by itself")), "cron: armed"),
        (following(MOVED, not_in_sync="a gap"), "not in sync: a gap"),
        (following(MOVED, is_paused=True), "paused"),
    ],
)
def test_each_of_these_alone_is_in_the_way_of_finish(facts: Facts, told: str) -> None:
    assert may(Wish.FINISH, MOVED, Options()).is_allowed
    reasons = may(Wish.FINISH, facts, Options()).reasons
    assert [told in reason for reason in reasons] == [True], reasons


def test_after_finish_is_no_way_back_and_before_it_is_said() -> None:
    assert "from here on there is no way back" in may(Wish.FINISH, MOVED, Options()).notes
    for wish in (Wish.GO, Wish.BACK, Wish.ABANDON, Wish.FINISH):
        assert may(wish, replace(MOVED, stage=Stage.FINISHED), Options()).reasons == ("the run is finished",)


def test_back_needs_an_open_way_and_a_handover_that_goes_on() -> None:
    assert may(Wish.BACK, MOVED, Options()).is_allowed
    lost = may(Wish.BACK, following(MOVED, way_back_lost="a gap", way_back_seconds=12.0), Options())
    assert lost.reasons == ("the way back is not open: a gap, for 12 s",)
    assert not may(Wish.BACK, replace(MOVED, handover=HandoverFacts(stopped="it forgot")), Options()).is_allowed


def test_abandon_loses_nothing_of_a_process_that_was_given_the_new_side_early() -> None:
    assert not may(Wish.ABANDON, replace(ARMED, on_new_side=("10.0.0.9:1",)), Options()).is_allowed
    jobs = replace(ARMED, new_side_jobs=4)
    assert may(Wish.ABANDON, jobs, Options()).is_allowed
    assert "4 jobs" in may(Wish.ABANDON, jobs, Options(empty_targets=True)).reasons[0]
    assert "`back` returns it first" in may(Wish.ABANDON, MOVED, Options()).reasons[0]


def test_what_is_left_of_a_command_is_completed_and_on_go_only_by_the_operators_word() -> None:
    hook = Unfinished(wish=Wish.GO, step=StepName.HOOK, outcome=StepOutcome.UNKNOWN, text="")
    facts = replace(MOVED, unfinished=hook)
    assert "--hook again" in may(Wish.GO, facts, Options()).reasons[0]
    for word in HookWord:
        assert may(Wish.GO, facts, Options(hook=word)).is_allowed
    assert "`go` first" in may(Wish.FINISH, facts, Options()).reasons[0]
    ending = Unfinished(wish=Wish.FINISH, step=StepName.END_HANDOVER, outcome=StepOutcome.FAILED, text="")
    assert may(Wish.FINISH, replace(MOVED, stage=Stage.FINISHED, unfinished=ending), Options()).is_allowed


@pytest.mark.parametrize(
    "facts",
    [
        replace(MOVED, stage=Stage.BACK, talking=("somebody",)),
        replace(MOVED, stage=Stage.BACK, handover=HandoverFacts(jobs_left=1)),
        replace(MOVED, stage=Stage.BACK, handover=HandoverFacts(is_done=True, held=1)),
        replace(MOVED, stage=Stage.BACK, gate=GateFacts(problem="turned back")),
        following(replace(MOVED, stage=Stage.BACK), not_in_sync="a gap"),
    ],
)
def test_the_way_back_is_over_only_when_nothing_is_left_there(facts: Facts) -> None:
    assert is_back_over(replace(MOVED, stage=Stage.BACK))
    assert not is_back_over(facts)
    assert phase_of(facts) is Phase.MOVING_BACK
    assert "wait until the status says armed" in may(Wish.GO, facts, Options()).reasons[0]


def command(wish: Wish, *steps: StepName) -> Command:
    asked = GO.model_copy(update={"wish": wish})
    return Command(asked=asked, steps=tuple(StoredStep(wish=wish, step=step, who="", engine="e", intent_at=1.0) for step in steps))


@pytest.mark.parametrize(
    ("stage", "under_way", "authority", "pointer", "mover", "gate"),
    [
        (Stage.OLD, None, Side.OLD, Side.OLD, MoverWant.IDLE, GateWant.HOLD),
        (Stage.OLD, command(Wish.GO, StepName.AUTHORITY), Side.NEW, Side.OLD, MoverWant.IDLE, GateWant.HOLD),
        (Stage.OLD, command(Wish.ABANDON), Side.OLD, Side.OLD, MoverWant.IDLE, GateWant.GIVE_UP),
        (Stage.NEW, None, Side.NEW, Side.NEW, MoverWant.FORWARD, GateWant.TURN),
        (Stage.NEW, command(Wish.BACK, StepName.OUTBOXES), Side.NEW, Side.NEW, MoverWant.SETTLE_FORWARD, GateWant.TURN),
        (Stage.NEW, command(Wish.BACK, StepName.OUTBOXES, StepName.AUTHORITY), Side.OLD, Side.NEW, MoverWant.SETTLE_FORWARD, GateWant.TURN),
        (Stage.NEW, command(Wish.FINISH, StepName.VERIFY), Side.NEW, Side.NEW, MoverWant.FORWARD, GateWant.TURN),
        (Stage.NEW, command(Wish.FINISH, StepName.VERIFY, StepName.GATE), Side.NEW, Side.NEW, MoverWant.FORWARD, GateWant.GIVE_UP),
        (Stage.BACK, None, Side.OLD, Side.OLD, MoverWant.BACK, GateWant.TURN_BACK),
        (Stage.FINISHED, None, Side.NEW, Side.NEW, MoverWant.IDLE, GateWant.LEAVE),
        (Stage.ABANDONED, None, Side.OLD, Side.OLD, MoverWant.IDLE, GateWant.LEAVE),
    ],
)
def test_what_each_part_is_to_do(
    stage: Stage, under_way: Command | None, authority: Side, pointer: Side, mover: MoverWant, gate: GateWant
) -> None:
    wants = wants_of(stage, under_way, is_armed=True)
    assert (wants.authority, wants.pointer, wants.mover, wants.gate) == (authority, pointer, mover, gate)


RECORD = SplitRecord(source="s", targets={}, keymap="k", engine="leader")


@pytest.mark.parametrize(
    ("record", "stands_by", "is_alive", "silent", "role"),
    [
        (None, False, False, 0.0, Role.BEGIN),
        (None, True, False, 0.0, Role.WAIT),
        (RECORD, False, True, 0.0, Role.WAIT),
        (RECORD.changed(has_led=True), False, True, 0.0, Role.STAND_BY),
        (RECORD, False, False, 1.0, Role.WAIT),
        (RECORD, False, False, 3.5, Role.LEAD),
        (RECORD, True, True, 0.0, Role.WAIT),
        (RECORD, True, False, 3.5, Role.WAIT),
        (RECORD, True, False, 10.0, Role.LEAD),
        (RECORD.changed(has_led=True), True, True, 0.0, Role.STAND_BY),
        (RECORD.changed(has_led=True), True, False, 3.5, Role.STAND_BY),
        (RECORD.changed(has_led=True, command=command(Wish.FINISH, StepName.STANDBYS)), True, True, 0.0, Role.WAIT),
        (RECORD.changed(has_led=True, command=command(Wish.FINISH, StepName.VERIFY)), True, True, 0.0, Role.STAND_BY),
        (RECORD.changed(engine="me"), False, False, 0.0, Role.LEAD),
        (RECORD.changed(stage=Stage.FINISHED), True, True, 0.0, Role.OVER),
        (RECORD.changed(stage=Stage.FINISHED, command=command(Wish.FINISH)), False, False, 3.5, Role.LEAD),
    ],
)
def test_what_an_engine_is_to_a_run(record: SplitRecord | None, stands_by: bool, is_alive: bool, silent: float, role: Role) -> None:
    assert role_of(record, Seen("me", stands_by, is_alive, silent, 10.0)).role is role
