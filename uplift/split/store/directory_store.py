"""The store as a directory: for engines of one machine, or of several that share a file system with locks."""

from __future__ import annotations

import os
import time
from pathlib import Path

from uplift.errors import BadInput, NotWritten
from uplift.split.record.asked import Answer, Asked
from uplift.split.record.split_record import SplitRecord, record_from
from uplift.split.store.store import Beat, StoreConflict, StoreUnreachable, answer_from, asked_from, beat_from, waits_already
from uplift.state_directory import StateDirectory, one_at_a_time, write_whole

_KEPT_SECONDS = 24 * 3600.0


class SplitFolder(StateDirectory):
    """Names of its files. It touches nothing until it is asked to."""

    def __init__(self, path: Path) -> None:
        begun_with = frozenset({"answers", "engines", "beats", "record.lock", "pointer.json", "command.json", "copy.json"})
        super().__init__(path, "split.json", begun_with=begun_with, what="split", begun_by="uplift split run")
        self.pointer_path, self.report_path, self.command_path = path / "pointer.json", path / "report.json", path / "command.json"
        self.answers, self.engines, self.beats = path / "answers", path / "engines", path / "beats"
        self.copy_path, self.record_lock = path / "copy.json", path / "record.lock"

    def make(self) -> None:
        """Make it where it is not there. Raises BadInput for a file, and for a folder of something else."""
        super().make()
        for folder in (self.answers, self.engines, self.beats):
            folder.mkdir(mode=0o700, exist_ok=True)

    def existing(self) -> SplitFolder:
        """This one, where a run was begun with it. Raises BadInput."""
        if not self.state_path.exists():
            raise BadInput(f"--state {self.path}: no split was begun with it, allowed: the directory given to `uplift split run`")
        return self


class DirectoryStore:
    """A SplitStore. The directory must have been made."""

    def __init__(self, folder: SplitFolder) -> None:
        self._folder = folder

    def read(self) -> SplitRecord | None:
        """As SplitStore."""
        text = _text_of(self._folder.state_path)
        return None if text is None else record_from(text, f"--state {self._folder.path}: {self._folder.state_path.name}")

    def write(self, record: SplitRecord) -> None:
        """As SplitStore."""
        with one_at_a_time(self._folder.record_lock):
            self._refuse_another(record.run, record.revision - 1)
            write_whole(self._folder.state_path, record.text, is_durable=True)

    def _refuse_another(self, run: str, revision: int) -> None:
        found = self.read()
        there = (found.run, found.revision) if found is not None else (run, 0)
        if there != (run, revision):
            raise StoreConflict(
                f"--state {self._folder.path}: revision {there[1]} of run {there[0]} is there, expected: {revision} of {run}; nothing was "
                "written"
            )

    def ask(self, asked: Asked) -> None:
        """As SplitStore."""
        temporary = self._folder.answers / f"{asked.id}.asked"
        write_whole(temporary, asked.model_dump_json(), is_durable=True)
        try:
            self._folder.command_path.hardlink_to(temporary)
        except FileExistsError:
            raise waits_already(self.asked()) from None
        except OSError as problem:
            raise NotWritten(f"{self._folder.command_path}: {problem.strerror}: nothing was changed") from None
        finally:
            temporary.unlink(missing_ok=True)

    def asked(self) -> Asked | None:
        """As SplitStore."""
        text = _text_of(self._folder.command_path)
        if text is None:
            return None
        asked = asked_from(text)
        if asked is None:
            self._folder.command_path.unlink(missing_ok=True)
        return asked

    def take_back(self, asked_id: str) -> bool:
        """As SplitStore."""
        return self._removed(asked_id)

    def take(self, asked: Asked) -> bool:
        """As SplitStore."""
        return self._removed(asked.id)

    def _removed(self, asked_id: str) -> bool:
        """Renamed first: of two at once one finds it."""
        found = self.asked()
        if found is None or found.id != asked_id:
            return False
        mine = self._folder.answers / f"{asked_id}.{os.getpid()}.taken"
        try:
            self._folder.command_path.rename(mine)
        except FileNotFoundError:
            return False
        taken = _text_of(mine)
        mine.unlink(missing_ok=True)
        return taken is not None and Asked.model_validate_json(taken).id == asked_id

    def answer(self, asked_id: str, answer: Answer) -> None:
        """As SplitStore."""
        write_whole(self._folder.answers / f"{asked_id}.json", answer.model_dump_json(), is_durable=True)
        before = time.time() - _KEPT_SECONDS
        for entry in os.scandir(self._folder.answers):
            if entry.stat().st_mtime < before:
                Path(entry.path).unlink(missing_ok=True)

    def answer_to(self, asked_id: str) -> Answer | None:
        """As SplitStore."""
        text = _text_of(self._folder.answers / f"{asked_id}.json")
        return None if text is None else answer_from(text)

    def beat(self, beat: Beat) -> None:
        """As SplitStore."""
        write_whole(self._folder.beats / f"{beat.engine}.json", beat.model_dump_json())

    def beats(self) -> tuple[Beat, ...]:
        """As SplitStore."""
        found = []
        for path in sorted(self._folder.beats.glob("*.json")):
            text = _text_of(path)
            if text is not None and (beat := beat_from(text)) is not None:
                found.append(beat)
        return tuple(found)

    def write_pointer(self, text: str, record: SplitRecord) -> None:
        """As SplitStore."""
        with one_at_a_time(self._folder.record_lock):
            self._refuse_another(record.run, record.revision)
            write_whole(self._folder.pointer_path, text, is_durable=True)

    def read_pointer(self) -> str | None:
        """As SplitStore."""
        return _text_of(self._folder.pointer_path)

    def write_status(self, text: str) -> None:
        """As SplitStore."""
        write_whole(self._folder.status_path, text)

    def read_status(self) -> str | None:
        """As SplitStore."""
        return _text_of(self._folder.status_path)

    def write_report(self, text: str) -> None:
        """As SplitStore."""
        write_whole(self._folder.report_path, text, is_durable=True)

    def read_report(self) -> str | None:
        """As SplitStore."""
        return _text_of(self._folder.report_path)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise StoreUnreachable(f"{path}: {problem.strerror}: it cannot be read") from None
    except UnicodeDecodeError as problem:
        raise BadInput(f"{path}: {problem}, allowed: a file that `uplift split` wrote") from None
