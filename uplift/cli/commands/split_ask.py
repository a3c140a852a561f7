"""`uplift split go|back|abandon|finish|set|pause|resume`: what an operator says to a run."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from uplift.cli.options.follow_state import ForMinutes, seconds_of
from uplift.cli.options.split_run import LeaveBehind, SplitStatePath
from uplift.cli.split.asking import allowed_state, asked_until
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.cli.terminal.progress_bar import say
from uplift.cli.terminal.split_text import dry_run_lines
from uplift.errors import BadInput, ExitCode
from uplift.split.decisions.next_step import FLIP, STEPS
from uplift.split.record.asked import Answer, HookWord, Options, Wish
from uplift.split.run.live import parsed_setting

ANSWER_SCHEMA = "uplift.split.answer/1"
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say whether it would be done now, and in which steps.")]
Wait = Annotated[float, typer.Option("--wait", help="Wait so many seconds until it is allowed.", min=0, max=86_400)]
Hook = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--hook", help="again or done: where --on-go failed or is not known, run it once more, or say that it is done."),
]


def go(
    state: SplitStatePath,
    dry_run: DryRun = False,
    wait: Wait = 0,
    max_lag: Annotated[float, typer.Option("--max-lag", help="ms that a change may take to the other side, p99.", min=1)] = 1000.0,
    leave_behind: LeaveBehind = None,
    hook: Hook = None,
    as_json: AsJson = False,
) -> None:
    """Let every role use the new side from its next start on. Exit 0 changed, 1 nothing changed, 3 changed in part, 4 not known."""
    options = Options(max_lag=max_lag, leave_behind=tuple(leave_behind or ()), hook=_hook(hook))
    _ask(state, Wish.GO, options, dry_run=dry_run, wait=wait, as_json=as_json)


def back(
    state: SplitStatePath,
    dry_run: DryRun = False,
    wait: Wait = 0,
    leave_behind: LeaveBehind = None,
    hook: Hook = None,
    as_json: AsJson = False,
) -> None:
    """Return to the old side: no write that was acknowledged is lost. Exit codes as of go."""
    options = Options(leave_behind=tuple(leave_behind or ()), hook=_hook(hook))
    _ask(state, Wish.BACK, options, dry_run=dry_run, wait=wait, as_json=as_json)


def abandon(
    state: SplitStatePath,
    dry_run: DryRun = False,
    wait: Wait = 0,
    empty_targets: Annotated[bool, typer.Option("--empty-targets", help="Remove everything from the new side.")] = False,
    as_json: AsJson = False,
) -> None:
    """Before go: end the run; nothing of ours stays on legacy. Exit codes as of go."""
    _ask(state, Wish.ABANDON, Options(empty_targets=empty_targets), dry_run=dry_run, wait=wait, as_json=as_json)


def finish(state: SplitStatePath, dry_run: DryRun = False, wait: Wait = 0, as_json: AsJson = False) -> None:
    """Verify both sides, and end the run: from here on there is no way back. Exit codes as of go."""
    _ask(state, Wish.FINISH, Options(), dry_run=dry_run, wait=wait, as_json=as_json)


def set_(
    setting: Annotated[str, typer.Argument(help="source-latency, target-latency, pass-share or jobs-a-second.", metavar="NAME=VALUE")],
    state: SplitStatePath,
    minutes: ForMinutes = None,
    as_json: AsJson = False,
) -> None:
    """Change a setting while it runs."""
    name, value = parsed_setting(setting)
    _ask(state, Wish.SET, Options(name=name, value=value, seconds=seconds_of(minutes)), as_json=as_json)


def pause(state: SplitStatePath, minutes: ForMinutes = None, as_json: AsJson = False) -> None:
    """Compare, write and move nothing, but keep listening."""
    _ask(state, Wish.PAUSE, Options(seconds=seconds_of(minutes)), as_json=as_json)


def resume(state: SplitStatePath, as_json: AsJson = False) -> None:
    """End a pause."""
    _ask(state, Wish.RESUME, Options(), as_json=as_json)


def _hook(text: str | None) -> HookWord | None:
    if text is None:
        return None
    try:
        return HookWord(text)
    except ValueError:
        raise BadInput(f"--hook {text}: allowed: again or done") from None


def _ask(state: SplitStatePath, wish: Wish, options: Options, *, as_json: bool, dry_run: bool = False, wait: float = 0) -> None:
    found = allowed_state(state, wish, options, wait, say)
    if dry_run:
        can = found.status.can[wish.value]
        steps = [(step.value, step is FLIP[wish]) for step in STEPS[wish]]
        if as_json:
            print_json(
                {
                    "schema": ANSWER_SCHEMA,
                    "command": wish.value,
                    "is_allowed": can.is_allowed,
                    "reasons": can.reasons,
                    "notes": can.notes,
                    "steps": [name for name, _ in steps],
                }
            )
        else:
            print_lines(dry_run_lines(wish.value, can, steps))
        raise typer.Exit(ExitCode.DONE if can.is_allowed else ExitCode.FAILED)
    _tell(wish, asked_until(state, found, wish, options, wait, say), as_json=as_json)


def _tell(wish: Wish, answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print_json({"schema": ANSWER_SCHEMA, "command": wish.value, "change": answer.change.value, "text": answer.text})
    else:
        print_lines([f"{answer.text} ({answer.change.value})"])
    raise typer.Exit(answer.change.exit_code)
