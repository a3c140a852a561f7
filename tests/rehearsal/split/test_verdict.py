"""What a rehearsal of a split calls lost, doubled, missed or unequal."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import pytest

from rehearsal.run.key_digests import KeyDigests, Line
from rehearsal.split.report import outcome_of
from rehearsal.split.verdict import merged, split_verdict

NOW = 1_800_000_000.0
KEY = "vets-api-session:shared001"


def journal(**found: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {name: {} for name in ("strings", "counters", "enqueued", "enqueued_at", "finished_at")}
    empty |= {name: [] for name in ("received", "finished", "unsure_jobs", "fired", "shared", "forms", "missing_forms")}
    return {**empty, "acknowledged": 1, **found}


def digests(lines: dict[bytes, bytes] | None = None, jobs: set[str] | None = None) -> KeyDigests:
    return KeyDigests(
        {(0, name): Line(value, 0) for name, value in (lines or {}).items()}, jobs or set(), len(lines or {}), int(NOW * 1000)
    )


def verdict(
    *journals: dict[str, Any],
    before: KeyDigests | None = None,
    old: KeyDigests | None = None,
    new: KeyDigests | None = None,
    sidekiq: KeyDigests | None = None,
    values: dict[str, Any] | None = None,
    named: Container[bytes] = (),
) -> Any:
    ends = {"old": old or digests(), "app-cache": new or digests(), "sidekiq": sidekiq or digests()}
    return split_verdict(before or digests(), ends, journals, values or {}, cache="app-cache", compares=True, named=named)


def test_journals_of_all_processes_are_one() -> None:
    whole = merged(
        [journal(enqueued={"a": "default"}, finished=["a"], finished_at={"a": 5.0}), journal(finished=["b"], finished_at={"a": 3.0})]
    )
    assert (whole["enqueued"], whole["finished"], whole["finished_at"], whole["acknowledged"]) == (
        {"a": "default"},
        ["a", "b"],
        {"a": 3.0},
        2,
    )


def test_a_job_that_was_enqueued_on_one_side_and_done_on_the_other_is_done_once() -> None:
    found = verdict(journal(enqueued={"a": "default"}, enqueued_at={"a": NOW}), journal(finished=["a"], finished_at={"a": NOW + 2}))
    assert found.is_clean
    assert (found.jobs.done_once, found.jobs.late_most) == (1, 2.0)


def test_jobs_that_are_lost_done_twice_or_done_and_still_there() -> None:
    found = verdict(
        journal(enqueued={"lost": "default", "twice": "default", "waits": "default", "again": "default"}, finished=["twice", "again"]),
        journal(finished=["twice"]),
        sidekiq=digests(jobs={"waits", "again"}),
    )
    assert (found.jobs.lost, found.jobs.twice, found.is_clean) == (("lost",), ("again", "twice"), False)


def test_a_job_that_ran_before_its_form_was_there() -> None:
    found = verdict(journal(enqueued={"a": "q"}, forms=["a"]), journal(finished=["a"], missing_forms=["a", "another's"]))
    assert (found.jobs.before_its_data, found.is_clean) == (("a",), False)


def test_a_shared_key_has_one_of_the_writes_that_were_the_last() -> None:
    writes = [[KEY, "first", NOW, NOW + 0.1], [KEY, "one", NOW + 10, NOW + 10.1], [KEY, "other", NOW + 10.5, NOW + 10.6]]
    for value, is_clean in (("one", True), ("other", True), ("first", False), (None, False)):
        assert verdict(journal(shared=writes), values={KEY: (value, None)}).is_clean is is_clean


def test_a_key_that_is_on_one_side_only_or_unequal() -> None:
    found = verdict(
        journal(), old=digests({b"users_b:1": b"x", b"users_b:2": b"x", b"queue:default": b"x"}), new=digests({b"users_b:1": b"y"})
    )
    assert [(one.key, one.detail) for one in found.unequal] == [(b"users_b:1", "another value"), (b"users_b:2", "legacy")]


def test_a_cold_key_that_did_not_arrive() -> None:
    found = verdict(journal(), before=digests({b"users_b:1": b"x"}))
    assert [one.what for one in found.findings] == ["lost key"]


def test_cron_instances_that_are_missed_or_fired_twice() -> None:
    name = "DeleteOldTransactionsJob"
    found = verdict(journal(fired=[[name, 7], [name, 15], [name, 28]]), journal(fired=[[name, 16], [name, 35]]))
    assert (found.cron.due, found.cron.once) == (5, 3)
    assert (found.cron.missed, found.cron.twice) == ((f"{name} at 21",), (f"{name} at 14",))


def test_what_the_engines_named_is_told_apart_from_what_is_lost() -> None:
    writes = [[KEY, "last", NOW, NOW + 0.1], ["users_b:2", "last", NOW, NOW + 0.1]]
    found = verdict(journal(shared=writes), named={KEY.encode()})
    assert ([one.key for one in found.findings], [one.key for one in found.named]) == ([b"users_b:2"], [KEY.encode()])


def test_an_unequal_key_is_no_better_for_being_named() -> None:
    found = verdict(journal(), old=digests({b"users_b:1": b"x"}), new=digests({b"users_b:1": b"y"}), named={b"users_b:1"})
    assert not found.is_clean


@pytest.mark.parametrize(
    ("names_it", "may_name", "is_as_expected", "outcome"),
    [
        (False, True, True, "lost"),
        (True, False, True, "lost"),
        (True, True, False, "not-as-expected"),
        (True, True, True, "named"),
    ],
)
def test_the_outcome_of_a_lost_write(names_it: bool, may_name: bool, is_as_expected: bool, outcome: str) -> None:
    found = verdict(journal(shared=[[KEY, "last", NOW, NOW + 0.1]]), named={KEY.encode()} if names_it else ())
    assert outcome_of(found, may_name=may_name, is_as_expected=is_as_expected) == outcome


def test_the_outcome_where_nothing_is_lost() -> None:
    assert outcome_of(verdict(journal()), may_name=False, is_as_expected=True) == "nothing-lost"
    assert outcome_of(verdict(journal()), may_name=False, is_as_expected=False) == "not-as-expected"
