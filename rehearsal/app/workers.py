"""The Sidekiq side: fetching with BRPOP and with super_fetch's RPOPLPUSH, the poller, retries, heartbeats, quiet and shutdown.

Source: sidekiq 4.2.10 lib/sidekiq/{fetch,scheduled,launcher,processor,manager,middleware/server/retry_jobs}.rb; super_fetch as its
changelog describes it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from threading import Event

from rehearsal.app import shapes
from rehearsal.app.batches import succeeded
from rehearsal.app.client import AppRedis, Unavailable
from rehearsal.app.journal import Journal
from rehearsal.app.web import form_of

_FETCH_SECONDS = 2
_KILLED_SECONDS = 3
_ERROR_PAUSE_SECONDS = 0.2
_FAILING_SHARE = 0.05
_HEARTBEAT_SECONDS = 5
_POLL_SECONDS = 1.0


class Worker:
    """One worker process of Sidekiq with one thread."""

    def __init__(
        self,
        redis: AppRedis,
        journal: Journal,
        seed: int,
        *,
        super_fetch: bool,
        work_seconds: float = 0.005,
        failing_share: float = _FAILING_SHARE,
        forms: AppRedis | None = None,
    ) -> None:
        """`forms`: where a job looks for what was written before it."""
        self._redis, self._journal, self._super_fetch, self._forms = redis, journal, super_fetch, forms
        self._work_seconds, self._failing_share = work_seconds, failing_share
        self._quiet, self._killed, self._ended = Event(), Event(), Event()
        self.job: bytes | None = None
        self._rng = random.Random(seed)
        self._identity = f"sim-worker-{seed}:{seed}:{self._rng.getrandbits(48):012x}"
        self._beat_at = 0.0

    def run(self, stop: Event) -> None:
        """Fetch and work until told to stop or quiet; after an error Sidekiq waits a moment and fetches again."""
        while not stop.is_set() and not self._quiet.is_set():
            try:
                self._heartbeat()
                if self._super_fetch:
                    self._super_fetch_once()
                else:
                    self._basic_fetch_once()
            except Unavailable:
                stop.wait(_ERROR_PAUSE_SECONDS)
        self._ended.set()

    def quiet(self) -> None:
        """Fetch nothing more. A fetch that is under way goes on: what it brings is pushed back (processor.rb, fetch)."""
        self._quiet.set()

    def shutdown(self, redis: AppRedis, seconds: float) -> None:
        """Wait so long for what is in work; then push it back, and only then kill the thread (manager.rb, hard_shutdown).

        A job that ends between the two runs twice: Sidekiq takes that, rather than lose one. The name goes from `processes` last.
        `redis` is a connection of its own. Raises Unavailable.
        """
        self.quiet()
        if not self._ended.wait(seconds):
            # super_fetch has it in its private queue, whence the next process takes it.
            if (job := self.job) is not None and not self._super_fetch:
                redis.call("RPUSH", f"queue:{json.loads(job)['queue']}", job)
            self._killed.set()
            self._ended.wait(_KILLED_SECONDS)
        redis.call("SREM", "processes", self._identity)
        redis.call("DEL", f"{self._identity}:workers")

    @property
    def is_killed(self) -> bool:
        """Whether a shutdown broke off what was in work."""
        return self._killed.is_set()

    def _basic_fetch_once(self) -> None:
        queues = [f"queue:{name}" for name in self._rng.sample(shapes.QUEUES, len(shapes.QUEUES))]
        fetched = self._redis.call("BRPOP", *queues, _FETCH_SECONDS)
        if fetched is None:
            return
        if self._quiet.is_set():
            self._redis.call("RPUSH", *fetched)
            return
        self._receive(fetched[1])
        self._work(fetched[1])

    def _super_fetch_once(self) -> None:
        queue = self._rng.choice(shapes.QUEUES)
        private = f"queue:sq|{self._identity}|{queue}"
        payload = self._redis.call("RPOPLPUSH", f"queue:{queue}", private)
        if payload is None:
            time.sleep(0.02)
            return
        self._receive(payload)
        self._work(payload)
        if not self.is_killed:
            self._redis.call("LREM", private, -1, payload)

    def _receive(self, payload: bytes) -> None:
        with self._journal.lock:
            self._journal.received.append(_jid(payload))

    def _work(self, payload: bytes) -> None:
        self.job = payload
        try:
            if self._killed.wait(self._work_seconds):
                return
            if self._rng.random() < self._failing_share or not self._performs(payload):
                self._redis.call("ZADD", "retry", time.time() + 3600, payload)
                self._redis.call("INCR", "stat:failed")
            else:
                self._succeed(payload)
            self._redis.call("INCR", "stat:processed")
        finally:
            self.job = None

    def _performs(self, payload: bytes) -> bool:
        """What the job does: it looks for its data. One that cannot is tried again later, as every job that raises (job_retry.rb)."""
        if self._forms is None:
            return True
        jid = _jid(payload)
        try:
            is_missing = self._forms.call("GET", form_of(jid)) is None
        except Unavailable:
            return False
        if is_missing:
            with self._journal.lock:
                self._journal.missing_forms.append(jid)
        return True

    def _succeed(self, payload: bytes) -> None:
        jid = _jid(payload)
        with self._journal.lock:
            self._journal.finished.append(jid)
            self._journal.finished_at.setdefault(jid, time.time())
        said = _fields(payload)
        if (bid := said.get("bid")) is not None:
            succeeded(self._redis, str(bid), _jid(payload), str(said["queue"]))

    def _heartbeat(self) -> None:
        if time.monotonic() - self._beat_at < _HEARTBEAT_SECONDS:
            return
        self._redis.call("SADD", "processes", self._identity)
        self._redis.call(
            "HMSET",
            self._identity,
            "info",
            json.dumps({"hostname": "sim", "pid": 1, "concurrency": 1, "queues": list(shapes.QUEUES)}),
            "busy",
            1,
            "beat",
            time.time(),
        )
        self._redis.call("EXPIRE", self._identity, 60)
        self._beat_at = time.monotonic()


class Poller:
    """Moves due jobs from schedule and retry to their queues: ZREM first, then LPUSH, as Sidekiq does."""

    def __init__(self, redis: AppRedis, journal: Journal) -> None:
        self._redis, self._journal = redis, journal

    def run(self, stop: Event) -> None:
        """Poll until told to stop."""
        while not stop.wait(_POLL_SECONDS):
            try:
                for name in ("retry", "schedule"):
                    self._poll(name)
            except Unavailable:
                continue

    def _poll(self, name: str) -> None:
        due = self._redis.call("ZRANGEBYSCORE", name, "-inf", time.time(), "LIMIT", 0, 1)
        for payload in due:
            if self._redis.call("ZREM", name, payload) != 1:
                continue
            try:
                self._redis.call("LPUSH", f"queue:{json.loads(payload)['queue']}", payload)
            except Unavailable:
                with self._journal.lock:
                    self._journal.unsure_jobs.append(_jid(payload))
                raise


def _jid(payload: bytes) -> str:
    said = _fields(payload)
    return str(said["jid"]) if "jid" in said else payload.decode("latin-1")


def _fields(payload: bytes) -> Mapping[str, object]:
    """None of what is no JSON."""
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
