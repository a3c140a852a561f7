"""An operator's side of a run: what it says of itself is read, a request is put, and its answer waited for."""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uplift.errors import BadInput, RunRefused
from uplift.split.record.asked import Answer, Asked, Change, Options, Wish
from uplift.split.run.watched_beats import WatchedBeats
from uplift.split.status.split_status import SplitStatus, status_from
from uplift.split.store.directory_store import DirectoryStore, SplitFolder

_MOMENT_SECONDS = 0.1
_TAKEN_SECONDS = 15.0
_STALE_SECONDS = 5.0
_AGAIN_SECONDS = 1.0
_NOBODY_SECONDS = 60.0
"""So long no engine beat: whoever starts engines again would have done it by then."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SplitState:
    """What a state directory says now."""

    folder: SplitFolder
    store: DirectoryStore
    status: SplitStatus

    @property
    def age_seconds(self) -> float:
        """How long ago an engine said so."""
        return max(0.0, time.time() - self.status.at)


def state_at(path: Path) -> SplitState:
    """Raises BadInput where nothing was begun, or nothing was told yet."""
    folder = SplitFolder(path).existing()
    store = DirectoryStore(folder)
    text = store.read_status()
    if text is None:
        raise BadInput(f"--state {path}: its engine has not told anything yet, allowed: the directory of a run that has begun")
    return SplitState(folder, store, status_from(text, f"--state {path}: status.json"))


def who() -> str:
    """Who asks, as it is stored beside what he asked."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def allowed_state(path: Path, wish: Wish, options: Options, wait_seconds: float, tell: Tell) -> SplitState:
    """The state in which the engine would do it, as soon as it would, or as it is when `wait_seconds` are over. Raises BadInput."""
    # What the status says of a command is said of one without options.
    deadline = time.monotonic() + (wait_seconds if options == Options() else 0.0)
    shown: tuple[str, ...] = ()
    while True:
        state = state_at(path)
        can = state.status.can.get(wish.value)
        reasons = can.reasons if can is not None else ()
        if not reasons or state.age_seconds > _STALE_SECONDS or time.monotonic() >= deadline:
            return state
        if reasons != shown:
            shown = reasons
            tell(f"waiting: {'; '.join(reasons)}")
        time.sleep(_MOMENT_SECONDS)


def asked_until(path: Path, state: SplitState, wish: Wish, options: Options, wait_seconds: float, tell: Tell) -> Answer:
    """Ask; where nothing was changed again, as soon as it is allowed again, until `wait_seconds` are over: a run may leave sync between the
    status that allowed it and the command, and what options allow only the engine knows.
    """
    deadline = time.monotonic() + wait_seconds
    shown = ""
    while True:
        answer = asked_and_answered(state, wish, options, tell)
        if answer.change is not Change.NOTHING or time.monotonic() >= deadline:
            return answer
        if answer.text != shown:
            shown = answer.text
            tell(f"waiting: {shown}")
        time.sleep(_AGAIN_SECONDS)
        state = allowed_state(path, wish, options, deadline - time.monotonic(), tell)


def asked_and_answered(state: SplitState, wish: Wish, options: Options, tell: Tell) -> Answer:
    """Put the request, and wait for its answer as long as an engine works on it. Raises RunRefused where another one waits."""
    if state.age_seconds > _STALE_SECONDS:
        raise RunRefused(
            f"no engine has told anything for {state.age_seconds:.0f} s: nothing was changed; start one with the same --state, ask again"
        )
    asked = Asked(wish=wish, run=state.status.run, revision=_revision(state), who=who(), at=time.time(), options=options)
    state.store.ask(asked)
    try:
        return _answer(state.store, asked, tell)
    except KeyboardInterrupt:
        if state.store.take_back(asked.id):
            return Answer(change=Change.NOTHING, text=f"{wish.value}: taken back before an engine took it: nothing was changed")
        return Answer(change=Change.UNKNOWN, text=f"{wish.value}: the engine goes on with it; `uplift split status` says what came of it")


def _revision(state: SplitState) -> int:
    """The record's: what the status says may be a second old, and only what was decided since matters."""
    return state.status.revision


def _answer(store: DirectoryStore, asked: Asked, tell: Tell) -> Answer:
    deadline = time.monotonic() + _TAKEN_SECONDS
    beats, alive_at = WatchedBeats(""), time.monotonic()
    shown = ""
    while (answer := store.answer_to(asked.id)) is None:
        record = store.read()
        if record is not None and record.answered is not None and record.answered.id == asked.id:
            return record.answered.answer
        command = record.command if record is not None else None
        is_under_way = command is not None and command.asked.id == asked.id
        if is_under_way:
            deadline = time.monotonic() + _TAKEN_SECONDS
            beats.look(store.beats())
            alive_at = time.monotonic() if beats.alive() else alive_at
            if time.monotonic() - alive_at > _NOBODY_SECONDS:
                return _abandoned_by_engines(asked)
        elif time.monotonic() > deadline and (not_begun := _not_begun(store, asked)) is not None:
            return not_begun
        latest = command.latest if command is not None and is_under_way else None
        if latest is not None and latest.step.value != shown:
            shown = latest.step.value
            tell(f"{asked.wish.value}: {shown}")
        time.sleep(_MOMENT_SECONDS)
    return answer


def _abandoned_by_engines(asked: Asked) -> Answer:
    wish = asked.wish.value
    text = f"{wish}: it was begun, and no engine has lived for {_NOBODY_SECONDS:.0f} s: start one with the same --state, which undoes it or"
    return Answer(change=Change.UNKNOWN, text=f"{text} goes on with it; `uplift split status` says what came of it")


def _not_begun(store: DirectoryStore, asked: Asked) -> Answer | None:
    """Nobody has taken it; or an engine has, and has not stored that it began: it died, or stands still. None where it begins just now."""
    wish = asked.wish.value
    if store.take_back(asked.id):
        return Answer(change=Change.NOTHING, text=f"{wish}: no engine took it within {_TAKEN_SECONDS:.0f} s: nothing was changed")
    record = store.read()
    ids = () if record is None else (record.answered and record.answered.id, record.command and record.command.asked.id)
    if asked.id in ids or store.answer_to(asked.id) is not None:
        return None
    if record is not None and asked.wish.has_steps and record.revision != asked.revision:
        # It begins at the revision that its author saw, or never.
        return Answer(change=Change.NOTHING, text=f"{wish}: its engine died before it began: nothing was changed; ask again")
    text = f"{wish}: an engine took it {_TAKEN_SECONDS:.0f} s ago and has not begun; whether it will is not known: look at the status"
    return Answer(change=Change.UNKNOWN, text=text)
