"""What a running engine is asked, through files of its state directory: a request is for one engine, and for the state its author saw.

DIR/requests/N.json is a request, N.taken.json one that the engine has taken, N.answer.json its answer. A file is made whole, under another
name, and then named; so whoever finds it finds all of it.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from uplift.errors import BadInput, RunRefused
from uplift.keyspace.follow.state_folder import StateFolder
from uplift.keyspace.follow.status import Status
from uplift.state_directory import write_whole

_ANSWER_SECONDS = 15.0
_LOOK_SECONDS = 0.05
_KEPT_SECONDS = 3600.0
_REQUEST = re.compile(r"(\d+)\.json")
_ANY = re.compile(r"(\d+)\..*json")


class Wish(StrEnum):
    """What may be asked."""

    AUTHORITY = "authority"
    HAND_OVER = "hand-over"
    STOP = "stop"
    SET = "set"


@dataclass(frozen=True)
class Request:
    """`engine` and `revision` are what the author saw in the status. `name` and `value`: of a setting, `value` of an authority as well;
    `seconds`: for how long, None for good.
    """

    engine: str
    revision: int
    wish: Wish
    name: str = ""
    value: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Answer:
    """What came of it, in one line; where it was refused nothing changed."""

    is_done: bool
    text: str


_REQUESTS, _ANSWERS = TypeAdapter(Request), TypeAdapter(Answer)


class RequestBox:
    """The engine's side."""

    def __init__(self, folder: StateFolder, engine: str) -> None:
        self._folder, self._engine = folder.requests, engine

    def take(self) -> tuple[int, Request] | None:
        """The oldest request that is for this engine; others are answered with why they are not done."""
        for number in sorted(self._waiting()):
            taken = self._folder / f"{number}.taken.json"
            try:
                (self._folder / f"{number}.json").rename(taken)
            except FileNotFoundError:
                # Its author took it back.
                continue
            try:
                request = _REQUESTS.validate_json(taken.read_bytes())
            except ValidationError:
                self.answer(number, Answer(False, "not a request of this version of uplift: nothing was changed"))
                continue
            if request.engine != self._engine:
                self.answer(
                    number, Answer(False, "it was for an engine that is gone: nothing was changed; look at the status, and ask anew")
                )
                continue
            return number, request
        return None

    def _waiting(self) -> list[int]:
        return [int(found[1]) for entry in os.scandir(self._folder) if (found := _REQUEST.fullmatch(entry.name)) is not None]

    def answer(self, number: int, answer: Answer) -> None:
        """Tell what came of a request. Raises NotWritten."""
        write_whole(self._folder / f"{number}.answer.json", _ANSWERS.dump_json(answer).decode())

    def forget_old(self) -> None:
        """Remove what was answered long ago."""
        before = time.time() - _KEPT_SECONDS
        for entry in os.scandir(self._folder):
            if entry.stat().st_mtime < before:
                Path(entry.path).unlink(missing_ok=True)


def ask(folder: StateFolder, request: Request) -> str:
    """Ask the engine that has the directory, and wait for its answer, which is returned.

    Raises RunRefused where it refuses or does not answer: then nothing was changed, or the text says that this is not known.
    """
    number = _put(folder.requests, _REQUESTS.dump_json(request))
    answer_path = folder.requests / f"{number}.answer.json"
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not answer_path.exists():
        if time.monotonic() > deadline or not folder.is_in_use():
            _take_back(folder.requests, number, answer_path)
            break
        time.sleep(_LOOK_SECONDS)
    answer = _ANSWERS.validate_json(answer_path.read_bytes())
    if not answer.is_done:
        raise RunRefused(answer.text)
    return answer.text


def _take_back(requests: Path, number: int, answer_path: Path) -> None:
    """Raises RunRefused unless there is an answer after all."""
    try:
        (requests / f"{number}.json").unlink()
    except FileNotFoundError:
        if answer_path.exists():
            return
        raise RunRefused("the engine took the request and has not answered: whether it was done is not known; look at the status") from None
    raise RunRefused("no engine answered: nothing was changed; `uplift follow status` says whether one runs")


def _put(requests: Path, text: bytes) -> int:
    temporary = requests / f"new-{os.getpid()}"
    write_whole(temporary, text.decode())
    try:
        numbers = [int(found[1]) for entry in os.scandir(requests) if (found := _ANY.fullmatch(entry.name)) is not None]
        number = max(numbers, default=0) + 1
        while True:
            try:
                (requests / f"{number}.json").hardlink_to(temporary)
            except FileExistsError:
                number += 1
                continue
            return number
    finally:
        temporary.unlink(missing_ok=True)


def request_for(status: Status, wish: Wish, *, name: str = "", value: str = "", seconds: float | None = None) -> Request:
    """A request by somebody who saw this status."""
    return Request(status.engine, status.revision, wish, name, value, seconds)


def refuse_no_engine(folder: StateFolder, status: Status | None) -> Status:
    """The status of the engine that has the directory. Raises BadInput where none has it."""
    folder.existing_state()
    if status is None or not folder.is_in_use():
        raise BadInput(
            f"--state {folder.path}: no engine has it now, allowed: the directory of one that runs; `uplift follow run` starts it"
        )
    return status
