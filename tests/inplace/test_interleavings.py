"""Two starts at once, on real Redis servers: one snapshot and one modify, whatever the order of their calls.

The two executions walk the synthesised state machine with the real steps. Before every AWS call each waits for its
turn, which is drawn; what reached ElastiCache is counted in the local API log. The walker stands in for Step
Functions, so this does not prove Step Functions' own behaviour; the rehearsal and test_deployed.py run that.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

import pytest

from tests.inplace.asl_walker import Walked
from tests.inplace.bench import Bench, Clock, Hooks, Killed, Stopped, run_once, versions
from tests.inplace.turns import Turns


# Few: `make fuzz` draws others, again and again.
@pytest.mark.parametrize("number", range(16))
def test_two_starts_make_one_snapshot_and_one_modify(bench: Bench, legacy: str, number: int, draws: random.Random) -> None:
    names = [f"run-{number}-a", f"run-{number}-b"]
    turns = Turns(names, draws)
    ended: dict[str, Walked | BaseException] = {}

    def execute(name: str) -> None:
        try:
            ended[name] = run_once(bench, legacy, name, Clock(), Hooks(before_call=lambda: turns.wait(name)))
        except BaseException as problem:  # noqa: BLE001
            ended[name] = problem
        finally:
            turns.leave(name)

    threads = [threading.Thread(target=execute, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.counts(names) == {"CreateSnapshot": 1, "ModifyCacheCluster": 1}, f"order {turns.order}"
    outcomes = [(one.last, one.data.get("outcome")) if isinstance(one, Walked) else one for one in ended.values()]
    assert ("Succeeded", "upgraded") in outcomes, f"{outcomes}, order {turns.order}"
    assert all(isinstance(one, Walked) and one.succeeded for one in ended.values()), f"{outcomes}, order {turns.order}"
    assert versions(bench, legacy) == {"5.0.6"}


def test_every_step_done_twice_makes_one_snapshot_and_one_modify(bench: Bench, legacy: str) -> None:
    done = run_once(bench, legacy, "twice", Clock(), Hooks(twice=True))
    assert (done.last, done.data["outcome"]) == ("Succeeded", "upgraded"), done
    assert bench.counts(["twice"]) == {"CreateSnapshot": 1, "ModifyCacheCluster": 1}
    assert versions(bench, legacy) == {"5.0.6"}


@pytest.mark.parametrize("death", [Killed, Stopped])
@pytest.mark.parametrize("number", range(8))
def test_whatever_dies_at_any_call_there_is_one_modify(
    bench: Bench, legacy: str, number: int, death: type[BaseException], draws: random.Random
) -> None:
    """A process dies, or the whole execution is stopped, before or after one call; later starts, after the lease, end it.

    Where it died between writing down the modify and sending it, nobody can know that it was not sent: the run ends
    with the advice to raise the attempt, and with that it goes through.
    """
    strike = Strike(draws.randint(1, 60), after=draws.random() < 0.5, death=death)
    clock, names, ends, attempt = Clock(), [], [], 1
    for start in range(4):
        names.append(f"{death.__name__}-{number}-{start}")
        try:
            last = run_once(bench, legacy, names[-1], clock, Hooks(strike.before_call, strike.after_call), attempt=attempt)
        except Stopped:
            clock.pass_by(1000)
            continue
        ends.append((last.last, last.data["outcome"], last.data["reason"]))
        if last.last == "Succeeded":
            break
        clock.pass_by(1000)
        if "raise upgrade.attempt" in last.data["reason"]:
            assert bench.counts(names)["ModifyCacheCluster"] == 0
            attempt += 1
    story = f"{strike}, ends {ends}"
    counts = bench.counts(names)
    assert ends[-1][0] == "Succeeded", story
    assert "refused" not in [outcome for _state, outcome, _reason in ends], story
    assert counts["ModifyCacheCluster"] == 1, story
    assert counts["CreateSnapshot"] == attempt, story
    assert versions(bench, legacy) == {"5.0.6"}, story


@dataclass
class Strike:
    """Lets something die before or after one call, counted over all starts."""

    at: int
    after: bool
    death: type[BaseException]
    calls: int = 0

    def before_call(self) -> None:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise self.death

    def after_call(self) -> None:
        if self.calls == self.at and self.after:
            raise self.death
