"""Unique locks go with their jobs: none is left behind without its job, and none keeps another job out for nothing."""

from __future__ import annotations

from typing import Any

from tests.sidekiq.handover_pair import Clock, Pair, driven, once
from tests.sidekiq.sides import push
from uplift.sidekiq.handover.wishes import Wishes

ANY = Wishes(any_queue=True)


def jid(number: int) -> bytes:
    return b"%024x" % number


def unique_job(number: int) -> bytes:
    return b'{"class":"Job","args":[%d],"queue":"default","jid":"%b","unique_for":600}' % (number, jid(number))


def lock(client: Any, digest: str, number: int, life: int = 600_000) -> None:
    client.set(f"unique:{digest}", jid(number), px=life)


def test_a_lock_goes_with_its_job_with_the_life_it_has_left(pair: Pair) -> None:
    for number in range(12):
        push(pair.source, "default", unique_job(number))
        lock(pair.source.client, f"d{number}", number)
    once(pair, ANY)
    target: Any = pair.target.client
    assert [target.get(f"unique:d{number}") for number in range(12)] == [jid(number) for number in range(12)]
    assert all(590_000 < target.pttl(f"unique:d{number}") <= 600_000 for number in range(12))


def test_a_lock_that_another_job_holds_there_goes_from_the_old_side(pair: Pair) -> None:
    """Both sides pushed a job of one kind: both run, and nothing waits for the one that has left."""
    push(pair.source, "default", unique_job(1))
    lock(pair.source.client, "d", 1)
    lock(pair.target.client, "d", 2)
    once(pair, ANY)
    assert pair.target.client.get("unique:d") == jid(2)
    assert pair.source.client.get("unique:d") is None


def test_what_ran_on_the_new_side_lets_go_of_the_lock_on_the_old_one(pair: Pair) -> None:
    push(pair.source, "default", unique_job(1))
    lock(pair.source.client, "d", 1)
    once(pair, ANY)
    pair.target.client.delete("unique:d")
    once(pair, ANY)
    assert pair.source.client.get("unique:d") is None


def test_a_lock_whose_job_ran_on_the_old_side_goes_from_the_new_one(pair: Pair) -> None:
    """It was carried early, so that the new side does not push a second job of its kind."""
    lock(pair.source.client, "d", 1)
    once(pair, ANY)
    assert pair.target.client.get("unique:d") == jid(1)
    pair.source.client.delete("unique:d")
    once(pair, ANY)
    assert pair.target.client.get("unique:d") is None


def test_a_lock_that_was_taken_anew_meanwhile_is_left_alone(pair: Pair) -> None:
    lock(pair.source.client, "d", 1)
    once(pair, ANY)
    lock(pair.target.client, "d", 7)
    lock(pair.source.client, "d", 8)
    once(pair, ANY)
    assert (pair.source.client.get("unique:d"), pair.target.client.get("unique:d")) == (jid(8), jid(7))


def test_a_lock_younger_than_the_survey_goes_with_its_job(pair: Pair) -> None:
    clock = Clock()
    handover = pair.handover(Wishes(any_queue=True, until_empty=True), clock)
    driven(handover, clock, until=lambda: handover.progress.rounds >= 2)
    lock(pair.source.client, "new", 5)
    push(pair.source, "default", unique_job(5))
    driven(handover, clock, until=lambda: pair.target.client.llen("queue:default") == 1)
    assert pair.target.client.get("unique:new") == jid(5)
    handover.close()
