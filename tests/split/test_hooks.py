"""The operator's commands as real processes: those that fail, hang, flood, leave children behind, do not read, or are not there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from uplift.errors import BadInput
from uplift.split.hooks.hook_command import HookCommand, hook_command
from uplift.split.hooks.hook_process import HookProcess
from uplift.split.hooks.on_event import MOST_WAITING, OnEvent
from uplift.split.hooks.on_go import OnGo
from uplift.split.hooks.outcome import Done, HookOutcome, NotStarted, TimedOut, failure_of

PATIENCE = 60.0
LONG = 3600.0


def sh(script: str) -> HookCommand:
    return HookCommand("--on-go", ("sh", "-c", script))


def until(is_so: Callable[[], bool], step: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to be so"
        step()
        time.sleep(0.005)


def ended(hook: OnGo) -> HookOutcome:
    found: list[HookOutcome] = []

    def poll() -> None:
        if (outcome := hook.poll()) is not None:
            found.append(outcome)

    until(lambda: bool(found), poll)
    return found[0]


def run(script: str, seconds: float = LONG, **document: object) -> HookOutcome:
    hook = OnGo(sh(script), seconds)
    hook.begin(document)
    return ended(hook)


def is_alive(pid: int) -> bool:
    """A zombie that nobody has waited for yet is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_gets_one_document_and_its_output_is_kept() -> None:
    outcome = run("cat; echo on standard error >&2", direction="go", version=2)
    assert isinstance(outcome, Done)
    document, second = outcome.output.splitlines()
    assert (outcome.code, json.loads(document), second) == (0, {"direction": "go", "version": 2}, "on standard error")
    assert failure_of(outcome) is None


def test_one_that_fails_says_why() -> None:
    outcome = run("echo; echo ' the deploy is frozen '; echo more; exit 3")
    assert isinstance(outcome, Done)
    assert failure_of(outcome) == "exit code 3: the deploy is frozen"
    assert failure_of(run("exit 4")) == "exit code 4"
    assert failure_of(run("kill -KILL $$")) == "killed by SIGKILL"


def test_one_that_is_not_there_was_not_started() -> None:
    hook = OnGo(hook_command("/no/such/program secret-argument", "--on-go"))
    hook.begin({})
    assert ended(hook) == NotStarted("--on-go /no/such/program: No such file or directory: it was not started")


@pytest.mark.parametrize("ignores", ["", "trap '' TERM; "], ids=["ends at SIGTERM", "ignores SIGTERM"])
def test_one_that_hangs_is_killed_with_all_it_started_and_no_look_waits_for_it(tmp_path: Path, ignores: str) -> None:
    pids = tmp_path / "pids"
    script = f"{ignores}(while :; do sleep 1; done) & echo so far; echo $! $$ >{pids}.new; mv {pids}.new {pids}; wait; wait"
    process = HookProcess(sh(script), b"{}", LONG)
    until(pids.exists, process.poll)
    process.terminate()
    looks = 0
    while process.poll() is None:
        looks += 1
        time.sleep(0.005)
    assert process.outcome == TimedOut(LONG, "so far\n")
    assert failure_of(process.outcome) == "not over after 3600 s, and killed: so far"
    assert looks > 3 or not ignores, "the second it is given to end was waited for in one look"
    until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


def test_at_its_limit_one_is_killed() -> None:
    assert run("sleep 3600", seconds=0.1) == TimedOut(0.1, "")


def test_one_that_ends_is_done_though_a_grandchild_keeps_its_output_open(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    outcome = run(f"sleep 3600 & echo $! >{pid}; echo restarted")
    assert outcome == Done(0, "restarted\n")
    left = int(pid.read_text())
    try:
        assert is_alive(left), "what lasts was killed though the command had ended by itself"
    finally:
        os.kill(left, 9)


def test_one_that_dies_after_it_has_done_its_work_is_a_failure() -> None:
    assert failure_of(run("echo all processes restarted; kill -SEGV $$")) == "killed by SIGSEGV: all processes restarted"


def test_of_a_flood_the_end_is_kept() -> None:
    outcome = run("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo the end")
    assert isinstance(outcome, Done)
    assert (outcome.code, len(outcome.output), outcome.output[-10:]) == (0, 4096, "x\nthe end\n")


def test_an_endless_flood_ends_at_the_limit() -> None:
    assert isinstance(run("yes", seconds=0.3), TimedOut)


@pytest.mark.parametrize("script", ["exit 0", "exec <&-; echo not read"])
def test_one_that_does_not_read_may_be_given_much(script: str) -> None:
    outcome = run(script, much="x" * 3_000_000)
    assert isinstance(outcome, Done)
    assert outcome.code == 0


def test_much_is_given_to_one_that_reads() -> None:
    assert run("wc -c", much="x" * 3_000_000) == Done(0, f"{3_000_000 + len(json.dumps({'much': ''})) + 1}\n")


def test_it_is_not_run_twice_at_once_and_again_only_when_it_is_said() -> None:
    hook = OnGo(sh("cat"), LONG)
    assert hook.poll() is None
    hook.begin({"n": 1})
    first = ended(hook)
    assert not hook.is_running
    assert hook.poll() is first
    hook.begin({"n": 2})
    assert ended(hook) == Done(0, '{"n": 2}\n')
    busy = OnGo(sh("sleep 3600"), LONG)
    busy.begin({})
    with pytest.raises(RuntimeError, match="still running"):
        busy.begin({})
    busy.close()
    assert not busy.is_running


def test_commands_are_words_and_no_shell() -> None:
    assert hook_command("notify 'two words' $HOME;ls *", "--on-go").words == ("notify", "two words", "$HOME;ls", "*")
    assert hook_command("""sh -c 'a && b'""", "--on-go").words == ("sh", "-c", "a && b")
    for text in ("", "  ", "''", "un'closed", "a\0b"):
        with pytest.raises(BadInput, match="--on-event: .*, allowed: a program and its arguments"):
            hook_command(text, "--on-event")


def told_to(file: Path, then: str = "") -> OnEvent:
    return OnEvent(sh(f"cat >>{file}; {then}"), LONG)


def test_events_are_told_in_order_and_none_is_waited_for(tmp_path: Path) -> None:
    hook = told_to(tmp_path / "told")
    for number in range(20):
        hook.tell({"event": number})
    until(lambda: hook.is_idle, hook.step)
    assert [json.loads(line)["event"] for line in (tmp_path / "told").read_text().splitlines()] == list(range(20))
    assert (hook.failures, hook.dropped, hook.last_failure) == (0, 0, None)


def test_failures_of_events_are_counted_and_raise_nothing(tmp_path: Path) -> None:
    hook = told_to(tmp_path / "told", "echo no receiver; exit 1")
    missing = OnEvent(HookCommand("--on-event", ("/no/such/program",)))
    for number in range(3):
        hook.tell({"event": number})
        missing.tell({"event": number})
    until(lambda: hook.is_idle, hook.step)
    until(lambda: missing.is_idle, missing.step)
    assert (hook.failures, hook.last_failure) == (3, "exit code 1: no receiver")
    assert missing.failures == 3
    assert len((tmp_path / "told").read_text().splitlines()) == 3


def test_one_that_hangs_over_an_event_does_not_keep_the_next_from_it(tmp_path: Path) -> None:
    hook = OnEvent(sh(f"if grep -q first; then sleep 3600; fi; echo told >>{tmp_path / 'told'}"), 0.2)
    hook.tell({"event": "first"})
    hook.step()
    until(lambda: hook.is_idle, hook.step)
    hook.seconds = LONG
    hook.tell({"event": "second"})
    until(lambda: hook.is_idle, hook.step)
    assert (hook.failures, (tmp_path / "told").read_text()) == (1, "told\n")


def test_the_queue_is_bounded_and_what_was_dropped_is_counted() -> None:
    hook = OnEvent(sh("sleep 3600"), LONG)
    for number in range(MOST_WAITING + 7):
        hook.tell({"event": number})
    assert (hook.waiting, hook.dropped) == (MOST_WAITING, 7)
    hook.step()
    hook.close()
    assert (hook.is_idle, hook.dropped) == (True, 7 + MOST_WAITING - 1)


def test_at_the_end_what_waits_is_told(tmp_path: Path) -> None:
    hook = told_to(tmp_path / "told")
    hook.tell({"event": "finished"})
    hook.close(PATIENCE)
    assert json.loads((tmp_path / "told").read_text()) == {"event": "finished"}


def test_before_go_it_may_say_no() -> None:
    calls: list[int] = []
    assert OnEvent(sh("cat >/dev/null; sleep 0.2"), LONG).veto({"event": "go"}, lambda: calls.append(1)) is None
    assert calls, "nothing else was done meanwhile"
    assert OnEvent(sh("echo the freeze is on; exit 2"), LONG).veto({}) == "exit code 2: the freeze is on"
    assert OnEvent(sh("sleep 3600"), 0.2).veto({}) == "not over after 0.2 s, and killed"
    assert (
        OnEvent(HookCommand("--on-event", ("/no/such",))).veto({}) == "--on-event /no/such: No such file or directory: it was not started"
    )
