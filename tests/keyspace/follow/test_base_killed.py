"""The base of a process that died: by SIGKILL at any instant, and in each single write to its memory."""

from __future__ import annotations

import mmap
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.keyspace.follow.base_model import Model, Step, answer, check, drawn_step, entry_of, key_of
from uplift.keyspace.follow.base import Base, BaseEntry, open_base
from uplift.keyspace.follow.base_file import LEAST_BYTES, BaseFile

ENOUGH = 8 << 20


def _write_on_until_killed(path: Path, log: Path, rng: random.Random, keys: int) -> None:
    done = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    base = open_base(path, ENOUGH)
    base.is_complete = True
    while True:
        drawn_step(rng, keys).on_base(base)
        os.write(done, b".")


@pytest.mark.long
def test_killed_at_any_instant(tmp_path: Path, draws: random.Random) -> None:
    """A process writes steps that are known and says after each that it is done; SIGKILL, and the file holds exactly these steps."""
    path, model, keys = tmp_path / "base", Model(), 4_000
    killed_in_time = 0
    for turn in range(40):
        seed, log = draws.random(), tmp_path / f"log-{turn}"
        child = os.fork()
        if child == 0:
            try:
                _write_on_until_killed(path, log, random.Random(seed), keys)
            finally:
                os._exit(1)
        time.sleep(draws.uniform(0.005, 0.04))
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the child ended by itself"
        rng, done = random.Random(seed), log.stat().st_size if log.exists() else 0
        for _ in range(done):
            drawn_step(rng, keys).on_model(model)
        killed_in_time += done > 0
        _check_after_death(path, model, drawn_step(rng, keys), keys)
    assert killed_in_time > 20


def _check_after_death(path: Path, model: Model, under_way: Step, keys: int) -> None:
    """All that was done is there; the step under way took place, or did not, or left doubt. The model then agrees with the file."""
    before = model.answer(under_way.number)
    base = open_base(path, ENOUGH)
    after = Model()
    under_way.on_model(after)
    found = answer(base, under_way.number)
    assert found in [before, after.answer(under_way.number), (None, False)]
    if base.is_complete:
        _settle(model, under_way.number, found)
        check(base, model, keys)
    base.close()


def _settle(model: Model, number: int, found: tuple[BaseEntry | None, bool]) -> None:
    entry, absent = found
    model.forget(number)
    if entry is not None:
        model.entries[number] = entry
    elif not absent:
        model.unknown.add(number)


class Killed(Exception):
    """The process is dead."""


class MortalMemory(mmap.mmap):
    """Dies in the write whose number is reached, with any of its bytes written."""

    left = 10**9

    def __setitem__(self, place: object, value: object) -> None:
        self.left -= 1
        if self.left < 0:
            if isinstance(place, slice) and isinstance(value, bytes):
                kept = random.Random(self.left + len(value) + int(place.start)).randrange(len(value))
                step = place.step or 1
                super().__setitem__(slice(place.start, place.start + kept * step, place.step), value[:kept])
            raise Killed
        super().__setitem__(place, value)  # type: ignore[call-overload]


def _copy_of(memory: mmap.mmap) -> MortalMemory:
    copy = MortalMemory(-1, len(memory))
    mmap.mmap.__setitem__(copy, slice(0, len(memory)), memory[:])
    return copy


@pytest.mark.parametrize("fill", [0, 5, 80, 81, 161, 162, 163, 400])
def test_dead_after_each_write(fill: int, draws: random.Random) -> None:
    """Every step dies in each of its writes, most often beside a page that is divided."""
    first = open_base(None, LEAST_BYTES)
    first.is_complete = True
    model = Model()
    for number in range(fill):
        Step("put", number, 1).on_base(first)
        Step("put", number, 1).on_model(model)
    for name in ["put", "forget", "doubt"]:
        for number in [0, fill // 2, *range(fill, fill + 25)]:
            step = Step(name, number, 2)
            for writes in range(20):
                if not _dies_in(first, step, writes, model, fill + 30):
                    break
            else:
                raise AssertionError("a step of more than 20 writes")


def _dies_in(first: Base, step: Step, writes: int, model: Model, keys: int) -> bool:
    memory = _copy_of(first._memory)
    base = Base(BaseFile(memory, None))
    memory.left, died = writes, False
    try:
        step.on_base(base)
    except Killed:
        died = True
    opened = Base(BaseFile(_copy_of(memory), None))
    after = Model()
    step.on_model(after)
    allowed = [after.answer(step.number)] + [model.answer(step.number), (None, False)] * died
    assert answer(opened, step.number) in allowed
    assert [number for number in range(keys) if number != step.number and answer(opened, number) != model.answer(number)] == []
    assert opened.is_complete
    # And it can be gone on with.
    for number in range(1000, 1100):
        opened.put(key_of(number), entry_of(number, 1))
    assert all(opened.get(key_of(number)) == entry_of(number, 1) for number in range(1000, 1100))
    return died
