"""The applications: threads that write to one side each, over connections of their own, and record what every key then is."""

from __future__ import annotations

import random
import struct
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.keyspace.follow.drawn.record import Form, Record, State, Write

_OWN_KEYS, _HOT_KEYS, _SHARED_KEYS = 200, 40, 40
_BIG_KEYS, _BIG_SHARE = 4, 0.005
_BIG_STRING_BYTES, _BIG_ELEMENTS = (66_000, 70_000, 70_000, 300_000), (520, 520, 600, 1_200)
"""Above what a page reads (page_reader.ReadLimits)."""
_ELEMENTS = (1, 2, 3, 4, 5, 5, 6, 9, 17, 33, 70, 130, 300)
"""Tables of hashes are rehashed at powers of two; 3.2 makes a table of a sorted set at 129."""
PAUSE_SECONDS = 0.002
_SAFE_LIFE_MILLISECONDS = 3_000
"""A key that ends later is changed in parts; one that may end any moment is only written whole."""
_IF_IT_WAS_THERE = "DEL of one that was there"
PAST_ERRORS = (redis.RedisError, OSError)


def connect(port: int) -> redis.Redis:
    return redis.Redis(
        host="127.0.0.1", port=port, protocol=2, socket_timeout=20, socket_connect_timeout=5, driver_info=None, retry=Retry(NoBackoff(), 0)
    )


def _now() -> int:
    return int(time.time() * 1000)


@dataclass(frozen=True)
class Command:
    """What is sent at once, and what the keys are then."""

    calls: tuple[tuple[object, ...], ...]
    after: dict[bytes, tuple[State | None, Form]]
    text: str
    origins: dict[bytes, bytes] = field(default_factory=dict)


class Writer:
    """Writes its own keys, and shared ones of every writer. `clock_skew_milliseconds`: of its server."""

    def __init__(self, side: int, number: int, port: int, record: Record, seed: str, *, skew_milliseconds: int = 0) -> None:
        self.side, self.port, self.record = side, port, record
        self.draws = random.Random(seed)
        self.problems: list[str] = []
        self.skew = skew_milliseconds
        self._states: dict[bytes, State | None] = {}
        self._unsure: set[bytes] = set()
        self.own = [b"own:%d:%d:%d" % (side, number, key) for key in range(_OWN_KEYS)]
        self.shared = [b"shared:%d:%d" % (number, key) for key in range(_SHARED_KEYS)]
        self._big_own = [b"own:%d:%d:big:%d" % (side, number, key) for key in range(_BIG_KEYS)]
        self._big_shared = [b"shared:%d:big:%d" % (number, key) for key in range(_BIG_KEYS)]
        self._client = connect(port)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"writer {side} {number}", daemon=True)
        self.count = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "a writer hangs"
        self._client.close()

    def distrust(self) -> None:
        """What its keys are is not sure any more: it writes them whole next."""
        self._unsure.update(self.own, self._big_own)

    def _run(self) -> None:
        while not self._ends.wait(PAUSE_SECONDS * self.draws.randrange(4)):
            command = self.draw()
            self._send(command)

    def draw(self) -> Command:
        if self.draws.random() < _BIG_SHARE:
            return self._draw_big()
        if self.draws.random() < 0.2:
            return self._draw_shared(self.draws.choice(self.shared))
        key = self.draws.choice(self.own[:_HOT_KEYS] if self.draws.random() < 0.5 else self.own)
        kind = self.draws.random()
        if kind < 0.06:
            return self._draw_rename(key, self.draws.choice(self.own))
        if kind < 0.12:
            return self._draw_together(self.draws.sample(self.own, 3))
        state = self._sure_state(key)
        if state is not None and kind < 0.5:
            return self._draw_part(key, state)
        if state is not None and kind < 0.6:
            return self._draw_life(key, state)
        return self._draw_whole(key)

    def _draw_big(self) -> Command:
        """Of one key that no page reads: all of it, or a part, or its life; sometimes it is small, or gone."""
        if self.draws.random() < 0.3:
            key = self.draws.choice(self._big_shared)
            return self._draw_whole(key, removes=False, is_big=True) if self.draws.random() < 0.7 else self._draw_shared(key)
        key, kind = self.draws.choice(self._big_own), self.draws.random()
        state = self._sure_state(key)
        if state is not None and kind < 0.5:
            return self._draw_part(key, state)
        if state is not None and kind < 0.6:
            return self._draw_life(key, state)
        return self._draw_whole(key, is_big=kind < 0.9)

    def _sure_state(self, key: bytes) -> State | None:
        """What the key surely is when the next command comes there."""
        state = self._states.get(key)
        if state is None or key in self._unsure:
            return None
        return None if state.life is not None and state.life < self._clock() + _SAFE_LIFE_MILLISECONDS else state

    def _clock(self) -> int:
        return _now() + self.skew

    def _draw_shared(self, key: bytes) -> Command:
        if self.draws.random() < 0.15:
            # A removal of nothing is none: where the other side has the key, it stays.
            return Command((("DEL", key),), {key: (None, Form.WHOLE)}, _IF_IT_WAS_THERE)
        if self.draws.random() < 0.2:
            milliseconds = self.draws.choice([1_500, 20_000, 60_000])
            state = State(b"", None, self._clock() + milliseconds)
            return Command((("PEXPIRE", key, milliseconds),), {key: (state, Form.LIFE)}, f"PEXPIRE {milliseconds}")
        return self._draw_whole(key, removes=False)

    def _word(self) -> bytes:
        self.count += 1
        return b"%d:%d:%s" % (self.side, self.count, b"x" * self.draws.choice([0, 0, 0, 70, 700]))

    def _draw_whole(self, key: bytes, *, removes: bool = True, is_big: bool = False) -> Command:
        kind = self.draws.random()
        if removes and kind < 0.15:
            return Command((("DEL", key),), {key: (None, Form.WHOLE)}, "DEL")
        life = self.draws.choice([None, None, None, 100, 700, 2_500, 30_000, 90_000])
        calls: list[tuple[object, ...]]
        if kind < 0.5:
            word = self._word() + (b"y" * self.draws.choice(_BIG_STRING_BYTES) if is_big else b"")
            state = State(b"string", word)
            calls = [("SET", key, word)] if life is None else [("SET", key, word, "PX", life)]
        else:
            state, call = self._draw_collection(key, self._words(is_big=is_big))
            calls = [("DEL", key), call]
            if life is not None:
                calls.append(("PEXPIRE", key, life))
        if life is not None:
            state = replace(state, life=self._clock() + life)
        return Command(tuple(calls), {key: (state, Form.WHOLE)}, f"{calls[-1][0]!s} whole")

    def _words(self, *, is_big: bool) -> list[bytes]:
        if is_big:
            word = self._word()
            return [b"%s:%d" % (word, number) for number in range(self.draws.choice(_BIG_ELEMENTS))]
        if self.draws.random() < 0.8:
            return [self._word() for _ in range(self.draws.randint(1, 5))]
        self.count += 1
        return [b"%d:%d:%d" % (self.side, self.count, number) for number in range(self.draws.choice(_ELEMENTS))]

    def _draw_collection(self, key: bytes, words: list[bytes]) -> tuple[State, tuple[object, ...]]:
        match self.draws.randrange(4):
            case 0:
                pairs = {b"f%d" % at: word for at, word in enumerate(words)}
                return State(b"hash", pairs), ("HMSET", key, *[part for pair in pairs.items() for part in pair])
            case 1:
                return State(b"list", words), ("RPUSH", key, *words)
            case 2:
                return State(b"set", set(words)), ("SADD", key, *words)
            case _:
                scores = {word: float(at) for at, word in enumerate(words)}
                value = {word: struct.pack("<d", score) for word, score in scores.items()}
                return State(b"zset", value), ("ZADD", key, *[part for word, score in scores.items() for part in (score, word)])

    def _draw_part(self, key: bytes, state: State) -> Command:
        word, value = self._word(), state.value
        call: tuple[object, ...]
        new: object
        match value:
            case bytes():
                new, call = value + b"+" + word[:20], ("APPEND", key, b"+" + word[:20])
            case list():
                new, call = [*value, word], ("RPUSH", key, word)
                if len(value) > 8 and self.draws.random() < 0.5:
                    new, call = value[-3:], ("LTRIM", key, -3, -1)
            case set():
                gone = min(value)
                is_less = len(value) > 1 and self.draws.random() < 0.4
                new, call = (value - {gone}, ("SREM", key, gone)) if is_less else ({*value, word}, ("SADD", key, word))
            case dict() if state.kind == b"hash":
                field_ = b"f%d" % self.draws.choice([1, len(value)])
                new, call = {**value, field_: word}, ("HSET", key, field_, word)
            case dict():
                new, call = {**value, word: struct.pack("<d", 7.5)}, ("ZADD", key, 7.5, word)
            case _:
                raise AssertionError(value)
        return Command((call,), {key: (replace(state, value=new), Form.PART)}, str(call[0]))

    def _draw_life(self, key: bytes, state: State) -> Command:
        kind = self.draws.random()
        if kind < 0.3:
            return Command((("PERSIST", key),), {key: (replace(state, life=None), Form.PART)}, "PERSIST")
        milliseconds = self.draws.choice([50, 400, 5_000, 40_000])
        moment = self._clock() + milliseconds
        call = ("PEXPIREAT", key, moment) if kind < 0.6 else ("PEXPIRE", key, milliseconds)
        return Command((call,), {key: (replace(state, life=moment), Form.PART)}, f"{call[0]} {milliseconds}")

    def _draw_rename(self, key: bytes, to: bytes) -> Command:
        state = self._sure_state(key)
        if state is None or key == to:
            return self._draw_whole(key)
        after: dict[bytes, tuple[State | None, Form]] = {key: (None, Form.WHOLE), to: (state, Form.WHOLE)}
        return Command((("RENAME", key, to),), after, f"RENAME {key!r} {to!r}", {to: key})

    def _draw_together(self, keys: list[bytes]) -> Command:
        some = [self._draw_whole(key) for key in keys]
        after = {key: value for one in some for key, value in one.after.items()}
        return Command(tuple(call for one in some for call in one.calls), after, "MULTI")

    def _send(self, command: Command) -> None:
        begin, began = time.monotonic(), _now()
        try:
            if len(command.calls) == 1:
                if self._call(command.calls[0]) == 0 and command.text == _IF_IT_WAS_THERE:
                    return
            else:
                at_once = self._client.pipeline(transaction=True)
                for call in command.calls:
                    at_once.execute_command(*call)
                at_once.execute()
            acknowledged = True
        except redis.ResponseError as problem:
            self.problems.append(f"{command.text}: {problem}")
            self._unsure.update(command.after)
            acknowledged = False
        except PAST_ERRORS:
            acknowledged = False
            self._unsure.update(command.after)
            self._client.connection_pool.disconnect()
        self._note(command, begin, _now() - began, acknowledged=acknowledged)

    def _call(self, call: tuple[Any, ...]) -> object:
        found: object = self._client.execute_command(*call)
        return found

    def _note(self, command: Command, begin: float, took: int, *, acknowledged: bool) -> None:
        end = time.monotonic()
        for key, (drawn, form) in command.after.items():
            state = drawn
            if state is not None and state.life is not None:
                # It took place any time in between.
                state = replace(state, slack=state.slack + took)
            self.record.note(
                key,
                Write(self.side, begin, end, state, form, acknowledged, command.text, command.text == "PERSIST", command.origins.get(key)),
            )
            if acknowledged:
                self._states[key] = state
                if form is Form.WHOLE:
                    self._unsure.discard(key)
