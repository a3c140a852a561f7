"""The state directory of a follow: what an engine must know to go on, and what it is asked and tells."""

from __future__ import annotations

from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.follow.state_file import SCHEMA, FollowState, state_from, state_text
from uplift.state_directory import StateDirectory, write_whole


class StateFolder(StateDirectory):
    """Names of its files. It touches nothing until it is asked to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "follow.json", begun_with=frozenset({"requests"}), what="follow", begun_by="uplift follow run")
        self.copy_path, self.requests = path / "copy.json", path / "requests"

    def base_path(self, database: int) -> Path:
        """Where the base of a database is."""
        return self.path / f"base-{database}"

    def sent_path(self, database: int) -> Path:
        """Where it is said what was sent and not answered for, of a database."""
        return self.path / f"sent-{database}"

    def make(self) -> None:
        """Make it where it is not there. Raises BadInput for a file, and for a folder of something else."""
        super().make()
        self.requests.mkdir(mode=0o700, exist_ok=True)

    def read_state(self) -> FollowState | None:
        """What an earlier engine wrote down; None where none did. Raises BadInput."""
        place = f"--state {self.path}: {self.state_path.name}"
        try:
            return state_from(self.state_path.read_text(), place)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"{place}: {problem}, allowed: a file that `uplift follow run` wrote ({SCHEMA})") from None

    def existing_state(self) -> FollowState:
        """A state that must be there. Raises BadInput where it is not."""
        state = self.read_state() if self.path.is_dir() else None
        if state is None:
            raise BadInput(f"--state {self.path}: no follow was begun with it, allowed: the directory given to `uplift follow run`")
        return state

    def write_state(self, state: FollowState) -> None:
        """Replace the file as a whole, and wait for the disk. Raises NotWritten."""
        write_whole(self.state_path, state_text(state), is_durable=True)


def refuse_another(state: FollowState, fresh: FollowState, path: Path) -> None:
    """Return where a directory belongs to the same servers and key map. Raises BadInput naming what differs."""
    differences = [("the key map", state.keymap != fresh.keymap), ("the source", state.source != fresh.source)]
    names = sorted({*state.targets, *fresh.targets})
    differences += [(f"target {name}", state.targets.get(name) != fresh.targets.get(name)) for name in names]
    different = [name for name, differs in differences if differs]
    if different:
        raise BadInput(
            f"--state {path}: it belongs to another follow: {', '.join(different)} differ; allowed: the same as then, or another --state"
        )
