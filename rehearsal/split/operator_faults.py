"""What operators and their own command may do in a rehearsed split: two at once, at the wrong moment, with an --on-go that fails."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rehearsal.split.scene import AS_EXPECTED, OUT, Fault, Moment, Scene

_RUNS = f"{OUT}/on-go.txt"
_REFUSED = 1
Said = subprocess.CompletedProcess[str]


def _two_say_go(scene: Scene) -> str:
    """Neither can know of the other: both saw the same state."""
    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(lambda _number: scene.engines.say("go"), range(2)), key=lambda one: one.returncode)
    if [one.returncode for one in said] not in ([0, 0], [0, _REFUSED]):
        return f"two said go: {_answers(*said)}"
    if said[1].returncode == _REFUSED and "go" not in _line(said[1]):
        return f"the one that lost was not told why: {_answers(*said)}"
    flips = [one for one in scene.status["steps"] if one["wish"] == "go" and one["step"] == "pointer"]
    if len(flips) != 1:
        return f"the pointer was turned {len(flips)} times"
    return f"{AS_EXPECTED}: one turned the pointer, the other was told: {_line(said[1])}"


def _go_with(command: str, seconds: float | None = None) -> tuple[str, ...]:
    return ("--on-go", f"sh -c 'echo run >> {_RUNS}; {command}'", *(() if seconds is None else ("--on-go-seconds", str(seconds))))


def _go_and_say_done(codes: tuple[int, ...]) -> Callable[[Scene], str]:
    """Go is answered by one of `codes`; then its command is run by nobody until the operator says that it is done."""

    def inject(scene: Scene) -> str:
        first = scene.engines.say("go")
        scene.wait("an engine leads", lambda: scene.leader() != "")
        again = scene.engines.say("go", "--wait", "5")
        done = scene.engines.say("go", "--hook", "done")
        runs = (scene.out / "on-go.txt").read_text().count("run")
        if first.returncode not in codes or again.returncode != _REFUSED or done.returncode != 0 or runs != 1:
            return f"the command was run {runs} times; {_answers(first, again, done)}"
        return f"{AS_EXPECTED}: exit {first.returncode}, {_line(first)}; run once, and done once the operator said so"

    return inject


def _go_again(scene: Scene) -> str:
    first = scene.engines.say("go")
    again = scene.engines.say("go", "--hook", "again")
    runs = (scene.out / "on-go.txt").read_text().count("run")
    if (first.returncode, again.returncode, runs) != (3, 0, 2):
        return f"the command was run {runs} times; {_answers(first, again)}"
    return f"{AS_EXPECTED}: exit 3, {_line(first)}; run once more by --hook again"


def _refused(word: str) -> Callable[[Scene], str]:
    def inject(scene: Scene) -> str:
        said = scene.engines.say(word)
        return f"{AS_EXPECTED}: {_line(said)}" if said.returncode == _REFUSED else f"{word}: {_answers(said)}"

    return inject


def _nothing(_scene: Scene) -> str:
    return f"{AS_EXPECTED}: it turned back"


def _answers(*said: Said) -> str:
    return "; ".join(f"exit {one.returncode}: {one.stdout.strip()} {one.stderr.strip()}" for one in said)


def _line(said: Said) -> str:
    return (said.stdout.strip() or said.stderr.strip()).partition("\n")[0]


# The first time only: it is run at back as well.
_NOT_THE_FIRST_TIME = f"test $(wc -l < {_RUNS}) -gt 1"
OPERATOR_FAULTS = (
    Fault("two-operators", Moment.GO, "one go turns the pointer, the other operator is told", _two_say_go),
    Fault(
        "on-go-fails",
        Moment.GO,
        "exit 3; it is run again when the operator says so",
        _go_again,
        engine_options=_go_with(_NOT_THE_FIRST_TIME),
    ),
    Fault(
        "on-go-hangs",
        Moment.GO,
        "ended after its time, exit 3 or 4; never repeated by itself",
        _go_and_say_done((3, 4)),
        engine_options=_go_with(f"{_NOT_THE_FIRST_TIME} || sleep 100", 2),
    ),
    Fault(
        "on-go-dies-after-success",
        Moment.GO,
        "its engine dies with it: what came of it is not known, and it is never repeated by itself",
        _go_and_say_done((3, 4)),
        engine_options=_go_with(f"{_NOT_THE_FIRST_TIME} || kill -9 $PPID"),
    ),
    Fault("back-at-armed", Moment.ARMED, "refused: nobody has gone", _refused("back")),
    Fault("abandon-at-moving", Moment.MOVING, "refused: back returns the application first", _refused("abandon")),
    Fault("back-at-moving", Moment.MOVING, "as without it", _nothing, back_at=Moment.MOVING),
    Fault("back-at-moved", Moment.MOVED, "as without it", _nothing, back_at=Moment.MOVED),
)
