"""What every place where a split keeps its state must do. A test of an adapter derives from `StoreContract` and says how to open one."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

import pytest

from uplift.errors import RunRefused
from uplift.split.record.asked import Answer, Asked, Change, Wish
from uplift.split.record.split_record import SplitRecord
from uplift.split.store.store import Beat, SplitStore, StoreConflict

RECORD = SplitRecord(source="legacy:6379", targets={"app-cache": "cache:6379"}, keymap="0123456789abcdef")


def asked(who: str = "anna@ops", wish: Wish = Wish.GO) -> Asked:
    return Asked(wish=wish, run=RECORD.run, revision=1, who=who, at=time.time())


class StoreContract(ABC):
    """Each test opens stores of one place that is its own."""

    @abstractmethod
    def opened(self) -> SplitStore:
        """One more store of the same place."""

    def test_nothing_is_there_before_anything_was_written(self) -> None:
        store = self.opened()
        assert (store.read(), store.asked(), store.read_pointer(), store.read_status(), store.read_report(), store.beats()) == (
            None,
            None,
            None,
            None,
            None,
            (),
        )

    def test_a_record_is_what_was_written_for_every_store(self) -> None:
        first = RECORD.changed()
        self.opened().write(first)
        assert self.opened().read() == first

    def test_of_two_who_change_the_same_revision_one_is_told(self) -> None:
        one, other = self.opened(), self.opened()
        first = RECORD.changed()
        one.write(first)
        one.write(first.changed(engine="one"))
        with pytest.raises(StoreConflict, match="nothing was written"):
            other.write(first.changed(engine="other"))
        found = other.read()
        assert found is not None
        assert (found.engine, found.revision) == ("one", 2)

    def test_another_runs_record_is_never_replaced(self) -> None:
        self.opened().write(RECORD.changed())
        with pytest.raises(StoreConflict):
            self.opened().write(SplitRecord(source="x", targets={}, keymap="y").changed())

    def test_of_many_at_once_each_revision_is_written_once(self) -> None:
        self.opened().write(RECORD.changed())
        won: list[int] = []

        def raise_it(number: int) -> None:
            store = self.opened()
            for _ in range(20):
                found = store.read()
                assert found is not None
                try:
                    store.write(found.changed(engine=str(number)))
                except StoreConflict:
                    continue
                won.append(found.revision + 1)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(raise_it, range(4)))
        last = self.opened().read()
        assert last is not None
        assert sorted(won) == list(range(2, last.revision + 1))

    def test_one_request_waits_at_a_time_and_the_second_is_told_whose(self) -> None:
        self.opened().ask(first := asked())
        with pytest.raises(RunRefused, match="anna@ops asked for go"):
            self.opened().ask(asked("ben@ops", Wish.BACK))
        assert self.opened().asked() == first

    def test_a_request_is_taken_once(self) -> None:
        self.opened().ask(first := asked())
        with ThreadPoolExecutor(4) as threads:
            taken = list(threads.map(lambda store: store.take(first), [self.opened() for _ in range(4)]))
        assert sorted(taken) == [False, False, False, True]
        assert self.opened().asked() is None
        self.opened().ask(asked("ben@ops"))

    def test_a_request_that_was_taken_cannot_be_taken_back(self) -> None:
        self.opened().ask(first := asked())
        assert self.opened().take_back(first.id)
        assert not self.opened().take(first)
        self.opened().ask(second := asked())
        assert not self.opened().take_back(first.id)
        assert self.opened().take(second)
        assert not self.opened().take_back(second.id)

    def test_an_answer_is_its_askers(self) -> None:
        self.opened().answer("0" * 12, answer := Answer(change=Change.UNKNOWN, text="who knows"))
        assert self.opened().answer_to("0" * 12) == answer
        assert self.opened().answer_to("1" * 12) is None

    def test_the_latest_beat_of_each_engine(self) -> None:
        for count in range(3):
            self.opened().beat(Beat(engine="a", count=count))
        self.opened().beat(Beat(engine="b", count=7, is_leading=True))
        assert {beat.engine: beat.count for beat in self.opened().beats()} == {"a": 2, "b": 7}

    def test_a_pointer_of_another_revision_is_refused(self) -> None:
        store, first = self.opened(), RECORD.changed()
        store.write(first)
        store.write_pointer("to the old side", first)
        store.write(second := first.changed(engine="another"))
        with pytest.raises(StoreConflict):
            self.opened().write_pointer("to the new side", first)
        assert self.opened().read_pointer() == "to the old side"
        self.opened().write_pointer("to the new side", second)
        assert self.opened().read_pointer() == "to the new side"

    def test_a_reader_never_finds_half_of_a_status(self) -> None:
        texts = {"a" * 100_000, "b" * 90_000}
        is_over = threading.Event()

        def write() -> None:
            store = self.opened()
            while not is_over.is_set():
                for text in texts:
                    store.write_status(text)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            reader = self.opened()
            found = [reader.read_status() for _ in range(300)]
        finally:
            is_over.set()
            writer.join()
        assert {text for text in found if text is not None} <= texts

    def test_a_report_stays(self) -> None:
        self.opened().write_report("it is over")
        assert self.opened().read_report() == "it is over"
