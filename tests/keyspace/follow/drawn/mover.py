"""An application whose keys move: written on one side, then on the other one."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

from tests.keyspace.everything import read
from tests.keyspace.follow.drawn.record import Form, Record, State, Write
from tests.keyspace.follow.drawn.writers import PAST_ERRORS, PAUSE_SECONDS, connect

_MOVING_KEYS = 25


class Mover:
    """Writes keys on one side, then on the other one, where it goes on once it sees there what it wrote: so their order is known."""

    def __init__(self, ports: tuple[int, int], record: Record, seed: str) -> None:
        self.record, self.draws = record, random.Random(seed)
        self.keys = [b"moving:%d" % key for key in range(_MOVING_KEYS)]
        self._clients = [connect(port) for port in ports]
        self._side = dict.fromkeys(self.keys, 0)
        self._states: dict[bytes, State | None] = {}
        self._count = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mover", daemon=True)
        self.moved = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the mover hangs"
        for client in self._clients:
            client.close()

    def _run(self) -> None:
        while not self._ends.wait(PAUSE_SECONDS * self.draws.randrange(6)):
            key = self.draws.choice(self.keys)
            try:
                text = "written"
                if self.draws.random() < 0.4 and key in self._states:
                    if not self._is_there(key, 1 - self._side[key]):
                        continue
                    self._side[key] = 1 - self._side[key]
                    self.moved += 1
                    text = "handed over"
                self._write(key, text)
            except PAST_ERRORS:
                for client in self._clients:
                    client.connection_pool.disconnect()

    def _is_there(self, key: bytes, side: int) -> bool:
        found, state = read(self._clients[side], key), self._states[key]
        # Nothing says nothing: it may not have come there yet.
        return found is not None and state is not None and found[:2] == (state.kind, state.value)

    def _write(self, key: bytes, text: str) -> None:
        side = self._side[key]
        self._count += 1
        word = b"%d:%d" % (side, self._count)
        state = self._states.get(key)
        new: State | None
        call: tuple[Any, ...]
        if state is not None and self.draws.random() < 0.4:
            value = state.value
            assert isinstance(value, bytes)
            new, call, form = State(b"string", value[-40:] + word), ("SET", key, value[-40:] + word), Form.WHOLE
        elif self.draws.random() < 0.15:
            new, call, form = None, ("DEL", key), Form.WHOLE
        else:
            new, call, form = State(b"string", word), ("SET", key, word), Form.WHOLE
        begin = time.monotonic()
        try:
            self._clients[side].execute_command(*call)
        except PAST_ERRORS:
            self.record.note(key, Write(side, begin, time.monotonic(), new, form, False, f"{text} {call[0]}"))
            # Whether it took place, the key stays on this side until it is written there again.
            self._states.pop(key, None)
            raise
        self._states[key] = new
        self.record.note(key, Write(side, begin, time.monotonic(), new, form, True, f"{text} {call[0]}"))
