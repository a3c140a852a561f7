"""How a gate is told: a line for people when something changes, and a JSON document for machines."""

from __future__ import annotations

import json
from typing import assert_never

from uplift.sidekiq.gate.gate import GateStep
from uplift.sidekiq.gate.instances import utc_text
from uplift.sidekiq.gate.record import Direction, GateRecord, Phase
from uplift.sidekiq.keys.shown_names import cut

SCHEMA = "uplift.gate/1"


def step_lines(step: GateStep) -> list[str]:
    """What a step tells a person."""
    record = step.record
    if record is None:
        return [step.reason]
    where = "postponed" if step.is_postponed else record.phase.value
    lines = [f"{where}: {step.reason}; {_turns(record)}"]
    lines += [one.text for one in step.doubtful]
    return lines


def notice_lines(step: GateStep) -> list[str]:
    """What a person must do by hand, or ought to know."""
    lines = [f"by hand: {one.value}" for one in sorted(step.by_hand, key=lambda one: one.name)]
    if step.only_giving:
        lines.append(
            f"nobody fires these from the instant on, as the other side does not have them: {', '.join(map(cut, step.only_giving))}"
        )
    return lines


def step_document(step: GateStep, now: float) -> str:
    """One line of JSON; `now` in seconds since 1970."""
    record = step.record
    document = {
        "schema": SCHEMA,
        "at": round(now, 3),
        "outcome": step.outcome.value,
        "phase": record and record.phase.value,
        "direction": record and record.direction.value,
        "instant": record and record.instant,
        "is_postponed": step.is_postponed,
        "reason": step.reason,
        "doubtful": [
            {
                "doubt": one.doubt.name.lower(),
                "job": one.job.title,
                "gem": one.job.gem.value,
                "first": one.window.first,
                "end": one.window.end,
                "seconds": list(one.seconds),
            }
            for one in step.doubtful
        ],
        "by_hand": {one.name.lower(): one.value for one in sorted(step.by_hand, key=lambda one: one.name)},
        "only_on_the_side_that_fired": list(step.only_giving),
    }
    return json.dumps(document)


def how_it_goes_on(record: GateRecord) -> str:
    """What is so while no gate runs, for a person who stops it."""
    giving, taking = _names(record.direction)
    match record.phase:
        case Phase.HOLDING:
            return f"the {giving} side fires, cron on the {taking} side is off until the gate goes on"
        case Phase.ARMING | Phase.POSTPONING:
            return f"go on before {utc_text(record.instant)}: from then on nobody may fire"
        case Phase.ARMED | Phase.CLOSING:
            end = utc_text(record.giving_marks.end)
            return f"it turns by itself at {utc_text(record.instant)}; go on before {end}: from then on both sides fire"
        case Phase.TURNED | Phase.RETURNING:
            return f"the {taking} side fires; the {giving} side's cron is off, and is given back once its processes are gone"
        case Phase.ABANDONING:
            return f"the {giving} side fires; the {taking} side's cron is off, and is given back once its processes are gone"
        case Phase.DONE | Phase.ABANDONED:
            return "nothing is left to do"
        case _:
            assert_never(record.phase)


def _names(direction: Direction) -> tuple[str, str]:
    return ("old", "new") if direction is Direction.FORWARD else ("new", "old")


def _turns(record: GateRecord) -> str:
    giving, taking = _names(record.direction)
    match record.phase:
        case Phase.HOLDING | Phase.ARMING | Phase.ARMED | Phase.POSTPONING:
            return f"from {giving} to {taking} at {utc_text(record.instant)}"
        case Phase.CLOSING | Phase.TURNED | Phase.RETURNING | Phase.DONE:
            return f"the {taking} side fires since {utc_text(record.instant)}"
        case Phase.ABANDONING | Phase.ABANDONED:
            return f"the {giving} side fires"
        case _:
            assert_never(record.phase)
