"""What an operator is told is so, also where the engine that did it dies or stands still before it has told him."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.split.driven import World, drive, in_a_child, in_phase, settled_status, wait_for, world
from uplift.cli.split import asking
from uplift.cli.split.asking import asked_and_answered, state_at
from uplift.split.record.asked import Answer, Answered, Asked, Change, Options, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.record.stage import Phase, Stage
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

_ = world


class SilentStore(DirectoryStore):
    """Kills its process right before the answer."""

    def answer(self, asked_id: str, answer: Answer) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.long
def test_an_engine_that_dies_before_it_answers_has_answered(world: World) -> None:
    def silent() -> DirectoryStore:
        folder = SplitFolder(world.path)
        folder.make()
        return SilentStore(folder)

    with in_a_child(world, silent):
        wait_for(
            lambda: (
                world.store().read_status() is not None
                and world.status.phase is Phase.ARMED
                and world.status.revision == world.record.revision
            ),
            "armed",
        )
        answer = asked_and_answered(state_at(world.path), Wish.GO, Options(), lambda _text: None)
    assert (answer.change, world.record.stage, world.pointer_side) == (Change.CHANGED, Stage.NEW, "new"), answer


@pytest.mark.long
@pytest.mark.parametrize("goes_on", [True, False], ids=["and another engine leads", "and nobody leads"])
def test_what_an_engine_took_and_has_not_begun(world: World, monkeypatch: pytest.MonkeyPatch, *, goes_on: bool) -> None:
    """It may stand still, and begin when it wakes up: only a later revision says that it never will."""
    monkeypatch.setattr(asking, "_TAKEN_SECONDS", 0.5)
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    settled_status(world, run)
    state = state_at(world.path)
    taken: list[Asked] = []
    ask = DirectoryStore.ask

    def ask_and_take(store: DirectoryStore, asked: Asked) -> None:
        ask(store, asked)
        taken.append(asked)
        assert store.take(asked)
        if goes_on:
            store.write(world.record.changed(engine="another"))

    monkeypatch.setattr(DirectoryStore, "ask", ask_and_take)
    answer = asked_and_answered(state, Wish.GO, Options(), lambda _text: None)
    assert answer.change is (Change.NOTHING if goes_on else Change.UNKNOWN), answer


def test_what_a_setting_came_to_is_told_by_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its engine died right behind the write, or right before it."""
    monkeypatch.setattr(asking, "_TAKEN_SECONDS", 0.2)
    folder = SplitFolder(tmp_path / "state")
    folder.make()
    store = DirectoryStore(folder)
    asked = Asked(wish=Wish.SET, run="0" * 8, revision=0, who="anna@ops", at=time.time())
    record = SplitRecord(run="0" * 8, source="a", targets={}, keymap="k", revision=1)
    store.write(record)
    assert asking._answer(store, asked, lambda _text: None).change is Change.UNKNOWN
    store.write(record.changed(answered=Answered(id=asked.id, answer=Answer(change=Change.CHANGED, text="pass-share is 0.5"))))
    assert asking._answer(store, asked, lambda _text: None).text == "pass-share is 0.5"


@pytest.mark.parametrize(("wait_seconds", "came_to"), [(60.0, Change.CHANGED), (0.0, Change.NOTHING)])
def test_with_wait_it_is_asked_again_where_nothing_was_changed(
    wait_seconds: float, came_to: Change, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap between the status that allowed it and the command is over with the next pass."""
    answers = [Answer(change=Change.CHANGED, text="done"), Answer(change=Change.NOTHING, text="verify: not in sync")]
    told: list[str] = []
    run = world.engine()
    drive(run, until=in_phase(run, Phase.ARMED))
    settled_status(world, run)
    monkeypatch.setattr(asking, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(asking, "_STALE_SECONDS", 0.0)
    monkeypatch.setattr(asking, "asked_and_answered", lambda *_arguments: answers.pop())
    answer = asking.asked_until(world.path, state_at(world.path), Wish.GO, Options(), wait_seconds, told.append)
    assert (answer.change, told[:1]) == (came_to, ["waiting: verify: not in sync"] if wait_seconds else [])
