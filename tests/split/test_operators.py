"""What operators say, and what may be in its way: each is refused by name, and nothing is changed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.split.driven import World, asked, drive, in_phase, settled_status, world
from uplift.cli.split.asking import state_at
from uplift.errors import BadInput, NotSafe, RunRefused
from uplift.split.record.asked import Asked, Change, HookWord, Options, Wish
from uplift.split.record.stage import Phase, Stage
from uplift.split.run.split_events import EventKind
from uplift.split.run.split_run import SplitRun

_ = world
pytestmark = pytest.mark.long


@pytest.fixture
def armed(world: World) -> SplitRun:
    return armed_run(world)


def armed_run(world: World, **wanted: Any) -> SplitRun:
    run = world.engine(**wanted)
    drive(run, until=in_phase(run, Phase.ARMED))
    settled_status(world, run)
    return run


def refused(world: World, wish: Wish, run: SplitRun, options: Options | None = None) -> str:
    """Why; and that nothing was changed."""
    before = world.record
    answer = asked(world, wish, run, options=options)
    assert answer.change is Change.NOTHING, answer
    assert (world.record.stage, world.record.history, world.pointer_side) == (before.stage, before.history, before.stage.side.value)
    return answer.text


def test_two_operators_one_wins_and_the_other_is_told_who(world: World, armed: SplitRun) -> None:
    state = state_at(world.path)
    first, second = (
        Asked(wish=wish, run=world.record.run, revision=world.record.revision, who=who, at=time.time())
        for wish, who in ((Wish.GO, "anna@ops"), (Wish.ABANDON, "ben@ops"))
    )
    state.store.ask(first)
    with pytest.raises(RunRefused, match="anna@ops asked for go"):
        state.store.ask(second)
    drive(armed, until=lambda: state.store.answer_to(first.id) is not None)
    state.store.ask(second)
    drive(armed, until=lambda: state.store.answer_to(second.id) is not None)
    answer = state.store.answer_to(second.id)
    assert answer is not None
    assert answer.change is Change.NOTHING
    assert "the run is not as it was when you looked" in answer.text
    assert [step.who for step in world.record.history] == ["anna@ops"] * 3


def test_go_is_refused_while_it_lags_and_with_a_key_that_no_rule_is_for(world: World, armed: SplitRun) -> None:
    world.legacy.client.set("users_b:1", "so that something was told lately")
    drive(armed, until=lambda: world.status.follow is not None and world.status.follow.lag.p99_ms is not None)
    settled_status(world, armed)
    assert "the lag is" in refused(world, Wish.GO, armed, Options(max_lag=0.000001))
    world.legacy.client.set("nobody-knows-this:1", "x")
    drive(armed, until=lambda: not world.status.can["go"].is_allowed)
    settled_status(world, armed)
    assert "1 keys of legacy have no rule" in refused(world, Wish.GO, armed)


def test_keys_that_no_rule_describes_are_acknowledged_before_go(world: World, armed: SplitRun) -> None:
    world.app_cache.client.set("rails-cache:views/1", "x")
    drive(armed, until=lambda: bool(world.status.way_back and world.status.way_back.stays_behind))
    settled_status(world, armed)
    assert "--leave-behind PATTERN" in refused(world, Wish.GO, armed)
    assert world.status.way_back is not None
    patterns = tuple(world.status.way_back.stays_behind)
    assert asked(world, Wish.GO, armed, options=Options(leave_behind=patterns)).change is Change.CHANGED
    assert world.record.left_behind == patterns
    settled_status(world, armed)
    assert world.status.can["back"].is_allowed


def test_somebody_else_who_writes_to_the_new_side_is_named_before_go(world: World, armed: SplitRun) -> None:
    with world.app_cache.connect() as client:
        client.client_setname("somebodys-script")
        client.set("users_b:foreign", "x")
        drive(armed, until=lambda: not world.status.can["go"].is_allowed)
        settled_status(world, armed)
        text = refused(world, Wish.GO, armed)
    assert "(somebodys-script)" in text
    assert "--allow-client" in text
    # Both ways are followed, so it is on legacy too: nothing is lost by it.
    assert world.legacy.client.get("users_b:foreign") == b"x"


def test_finish_while_a_client_is_left(world: World, armed: SplitRun) -> None:
    assert asked(world, Wish.GO, armed).change is Change.CHANGED
    with world.legacy.connect() as client:
        client.client_setname("nightly")
        drive(armed, until=lambda: any(one.name == "nightly" for one in world.status.clients))
        settled_status(world, armed)
        assert "(nightly) on legacy" in refused(world, Wish.FINISH, armed)
    drive(armed, until=in_phase(armed, Phase.MOVED))


@pytest.mark.parametrize(
    ("on_go", "change", "word"),
    [
        ("false", Change.UNFINISHED, "exit code 1"),
        ("sleep 600", Change.UNKNOWN, "not over after 1 s, and killed"),
        ("sh -c 'kill -9 $$'", Change.UNFINISHED, "killed by SIGKILL"),
        ("/no/such/program", Change.UNFINISHED, "No such file"),
    ],
)
def test_an_on_go_that_fails_is_never_silently_repeated(world: World, on_go: str, change: Change, word: str) -> None:
    run = armed_run(world, on_go=on_go, on_go_seconds=1.0)
    answer = asked(world, Wish.GO, run)
    assert (answer.change, world.record.stage, world.pointer_side) == (change, Stage.NEW, "new")
    assert word in answer.text or change is Change.UNKNOWN
    settled_status(world, run)
    assert "--hook again runs it once more" in refused(world, Wish.GO, run)
    assert asked(world, Wish.GO, run, options=Options(hook=HookWord.AGAIN)).change is change
    settled_status(world, run)
    assert asked(world, Wish.GO, run, options=Options(hook=HookWord.DONE)).change is Change.CHANGED
    assert world.record.unfinished is None


def test_on_event_hears_everything_and_may_say_no_before_go(world: World, tmp_path: Path) -> None:
    heard, answers = tmp_path / "heard", tmp_path / "answer"
    answers.write_text("exit 1")
    script = tmp_path / "hook.sh"
    script.write_text(f"""read line; echo "$line" >> {heard}; case "$line" in *'"go asked"'*) echo not today; . {answers};; esac; exit 0""")
    run = armed_run(world, on_event=f"sh {script}")
    assert "exit code 1: not today" in refused(world, Wish.GO, run)
    answers.write_text("exit 0")
    settled_status(world, run)
    assert asked(world, Wish.GO, run).change is Change.CHANGED
    drive(run, until=lambda: "go: changed" in heard.read_text())
    told = [json.loads(line) for line in heard.read_text().splitlines()]
    assert {"phase", "in sync", "asked", "step", "go asked"} <= {one["kind"] for one in told}
    assert {one["run"] for one in told} == {world.record.run}


def test_settings_and_a_pause_that_ends_by_itself(world: World, armed: SplitRun) -> None:
    assert asked(world, Wish.SET, armed, options=Options(name="pass-share", value=0.5)).text == "pass-share is 0.5"
    drive(
        armed,
        until=lambda: (
            world.status.settings["pass-share"] == 0.5
            and world.status.follow is not None
            and world.status.follow.reconciling is not None
            and world.status.follow.reconciling.share == 0.5
        ),
    )
    drive(armed, until=lambda: follows_as(world, "in sync"))
    assert asked(world, Wish.PAUSE, armed, options=Options(seconds=3600.0)).change is Change.CHANGED
    drive(armed, until=lambda: follows_as(world, "paused"))
    assert asked(world, Wish.PAUSE, armed, options=Options(seconds=0.1)).change is Change.CHANGED
    drive(armed, until=lambda: follows_as(world, "in sync"))


@pytest.mark.parametrize("there", ["", "{}", "edited"])
def test_a_pointer_that_somebody_damaged_or_edited_is_written_again(world: World, armed: SplitRun, there: str) -> None:
    path = world.path / "pointer.json"
    whole = json.loads(path.read_text())
    port = whole["roles"]["app-cache"]["new"]["port"]
    path.write_text(path.read_text().replace(str(port), "1") if there == "edited" else there)
    (world.path / "beats" / "zz.json").write_text('{"engine":"x"')
    drive(armed, until=lambda: path.read_text() not in {"", "{}"} and json.loads(path.read_text())["roles"] == whole["roles"])
    assert asked(world, Wish.GO, armed).change is Change.CHANGED
    turned = json.loads(path.read_text())
    assert (turned["side"], turned["roles"]) == ("new", whole["roles"])


def follows_as(world: World, phase: str) -> bool:
    return world.status.follow is not None and world.status.follow.phase.value == phase


def test_what_an_earlier_run_left_is_refused_by_name(world: World) -> None:
    world.app_cache.client.set("uplift:follow:lease", "7:aaaaaaaa.bbbbbbbb")
    world.legacy.client.rpush("uplift:handover:elsewhere:out:1", "a job")
    run = world.engine()
    with pytest.raises(NotSafe, match="uplift:follow:lease") as raised:
        drive(run, until=lambda: False)
    assert "uplift:handover:elsewhere:out:1" in str(raised.value)
    assert world.app_cache.client.dbsize() == 1


def test_a_pointer_or_a_request_without_its_record_is_never_read_as_one_of_this_run(world: World) -> None:
    store = world.store()
    store.ask(Asked(wish=Wish.GO, run="0" * 8, revision=1, who="anna@ops", at=time.time()))
    with pytest.raises(BadInput, match="a request of an earlier run"):
        drive(world.engine(), until=lambda: False)


def test_after_finish_it_says_who_still_writes_to_legacy(world: World, armed: SplitRun) -> None:
    assert asked(world, Wish.GO, armed).change is Change.CHANGED
    world.cron_ahead = 70.0
    drive(armed, until=lambda: world.status.can["finish"].is_allowed)
    settled_status(world, armed)
    assert asked(world, Wish.FINISH, armed).change is Change.CHANGED
    drive(armed, until=lambda: world.status.phase is Phase.FINISHED)

    def is_told() -> bool:
        world.legacy.client.set("users_b:late", "a nightly task")
        return bool(world.status.late)

    told = drive(armed, until=is_told)
    assert any(event.kind is EventKind.LATE and "users_b:" in event.text for event in told)
