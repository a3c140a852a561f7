"""Enqueues jobs as Sidekiq's client does, and keeps in the journal what was acknowledged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from rehearsal.app import shapes
from rehearsal.app.client import AppRedis, Unavailable
from rehearsal.app.journal import Journal


def enqueue(
    redis: AppRedis, journal: Journal, queue: str, rng: random.Random, *, before: Callable[[str], None] = lambda _jid: None
) -> None:
    """A new job. Raises Unavailable, with the job among those that may be there. `before` is told its jid first, and may raise it too."""
    jid, payload = shapes.job(rng, queue)
    before(jid)
    try:
        redis.call("SADD", "queues", queue)
        redis.call("LPUSH", f"queue:{queue}", payload)
    except Unavailable:
        with journal.lock:
            journal.unsure_jobs.append(jid)
        raise
    with journal.lock:
        journal.enqueued[jid] = queue
        journal.enqueued_at[jid] = time.time()
