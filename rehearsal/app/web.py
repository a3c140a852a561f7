"""The web side: sessions with sliding TTLs, cached responses, rate and breaker counters, the roster, enqueueing."""

from __future__ import annotations

import random
import time
from threading import Event

from rehearsal.app import shapes
from rehearsal.app.client import AppRedis, Unavailable
from rehearsal.app.journal import Counted, Expected, Journal
from rehearsal.app.producer import enqueue

_MOST_SESSIONS = 200
PAUSE_SECONDS = 0.01
_FORM_TTL = 3600


def form_of(jid: str) -> str:
    """The key of what a job reads when it runs."""
    return f"users_b:form-{jid}"


class Web:
    """One web thread. Its keys are its own, so what it expects of them is exact."""

    def __init__(self, redis: AppRedis, journal: Journal, seed: int, jobs: AppRedis | None = None, pause: float = PAUSE_SECONDS) -> None:
        """`jobs`: where Sidekiq's are, if elsewhere; then each job has a form on `redis`, written before it. `pause`: seconds between two
        requests.
        """
        self._pause = pause
        self._redis, self._jobs, self._journal = redis, jobs, journal
        self._rng = random.Random(seed)
        self._name = f"sim{seed}"
        self._sessions: list[str] = []
        self._turn = 0

    def run(self, stop: Event) -> None:
        """Serve requests until told to stop; a call that raises is one failed request."""
        actions = (
            self._login,
            self._request,
            self._request,
            self._cached_response,
            self._throttle,
            self._breaker,
            self._roster,
            self._enqueue,
        )
        while not stop.wait(self._pause):
            self._turn += 1
            try:
                self._rng.choice(actions)()
            except Unavailable:
                continue

    def _login(self) -> None:
        token = shapes.session_token(self._rng)
        key = f"vets-api-session:{token}"
        self._set(key, shapes.oj_object(token=token, uuid=shapes.identifier(self._rng), turn=self._turn), shapes.SESSION_TTL)
        self._sessions = [*self._sessions[-_MOST_SESSIONS:], key]

    def _request(self) -> None:
        if not self._sessions:
            return
        key = self._rng.choice(self._sessions)
        if self._redis.call("GET", key) is not None:
            self._expire(key, shapes.SESSION_TTL)

    def _cached_response(self) -> None:
        key = f"mvi-profile-response:{self._name}-{self._rng.randint(1, 300)}"
        self._set(key, shapes.ruby_response(self._rng, "MVI::Response", 400), shapes.RESPONSE_TTL)

    def _throttle(self) -> None:
        key = f"rack::attack:{int(time.time()) // 300}:{self._name}"
        self._increment(key, 600)

    def _breaker(self) -> None:
        minute = int(time.time()) // 60 * 60
        self._increment(f"breakers:{self._name}/{self._rng.choice(shapes.SERVICES)}-successes-{minute}", shapes.BREAKERS_TTL)

    def _roster(self) -> None:
        metric = f"api.{self._name}.{self._rng.randint(1, 20)}.total"
        self._set(f"statsd-roster:{metric}", shapes.oj_object(key=metric, turn=self._turn), shapes.ROSTER_TTL)

    def _enqueue(self) -> None:
        queue = self._rng.choice(shapes.QUEUES)
        if self._jobs is None:
            enqueue(self._redis, self._journal, queue, self._rng)
        else:
            enqueue(self._jobs, self._journal, queue, self._rng, before=self._write_form)

    def _write_form(self, jid: str) -> None:
        self._redis.call("SET", form_of(jid), jid, "EX", _FORM_TTL)
        with self._journal.lock:
            self._journal.forms.append(jid)

    def _set(self, key: str, value: bytes, ttl: int) -> None:
        expected = self._journal.strings.setdefault(key, Expected())
        text = value.decode("latin-1")
        try:
            self._redis.call("SET", key, value)
        except Unavailable:
            expected.maybe.append(text)
            raise
        expected.value, expected.maybe, expected.expires_at = text, [], None
        self._expire(key, ttl)

    def _expire(self, key: str, ttl: int) -> None:
        expires_at = time.time() + ttl
        if self._redis.call("EXPIRE", key, ttl) == 1:
            self._journal.strings[key].expires_at = expires_at

    def _increment(self, key: str, ttl: int) -> None:
        counted = self._journal.counters.setdefault(key, Counted())
        try:
            self._redis.call("INCR", key)
        except Unavailable:
            counted.unsure += 2
            raise
        counted.acknowledged += 1
        expires_at = time.time() + ttl
        if self._redis.call("EXPIRE", key, ttl) == 1:
            counted.expires_at = expires_at
