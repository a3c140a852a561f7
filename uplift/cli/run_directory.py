"""The state directory of a run between two servers: which run it is, and between which. Where it stands is on the servers themselves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift.cli.options.sidekiq_sides import Side
from uplift.errors import BadInput, SourceUnreachable, TargetRefused
from uplift.state_directory import StateDirectory, write_whole


class RunOfServers(BaseModel):
    """What its file says. `source` and `target` as messages name them, so without a password."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_name: str = Field(alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-z]{1,32}$")] = Field(default_factory=lambda: secrets.token_hex(4))
    source: str
    target: str
    database: Annotated[int, Field(ge=0)] = 0
    is_ending: bool = False
    """`end` has begun to remove what is on the servers: until it is through, one of them may know of a run that the other knows not of."""

    @property
    def text(self) -> str:
        """As its file has it."""
        return self.model_dump_json(by_alias=True, exclude=None if self.is_ending else {"is_ending"})


_Model = TypeVar("_Model", bound=BaseModel)
_Run = TypeVar("_Run", bound=RunOfServers)


class RunDirectory(StateDirectory, Generic[_Run]):
    """`model` is what its file holds. `way_back`, for who gives the sides the other way round: how that is done."""

    def __init__(
        self, path: Path, record: str, model: type[_Run], *, begun_with: frozenset[str], what: str, begun_by: str, way_back: str
    ) -> None:
        super().__init__(path, record, begun_with=begun_with, what=what, begun_by=begun_by)
        self._model, self._way_back = model, way_back

    def begun(self, source: Side, target: Side, run: str | None) -> _Run:
        """What an earlier process began, or a new run, written down; `run` None: a new name. Raises BadInput where another one was begun,
        NotWritten.
        """
        try:
            fresh = self._model(
                source=str(source.endpoint), target=str(target.endpoint), database=source.database, **({} if run is None else {"run": run})
            )
        except ValidationError:
            raise BadInput(f"--run {run}: allowed: 1 to 32 of 0-9 and a-z, as the run was called") from None
        earlier = self.read()
        if earlier is None:
            write_whole(self.state_path, fresh.text, is_durable=True)
            return fresh
        self._refuse_other_servers(earlier, source, target)
        if run not in {None, earlier.run}:
            raise BadInput(f"--run {run}: --state {self.path} is of run {earlier.run}, allowed: that one, or another --state")
        if earlier.is_ending:
            raise BadInput(
                f"--state {self.path}: `uplift sidekiq end` of run {earlier.run} broke off between the servers: give that command again, "
                "then this one"
            )
        return earlier

    @contextmanager
    def ending(self, run: RunOfServers) -> Iterator[None]:
        """While both servers are cleared, so that nobody takes what is on one of them alone for a loss. Raises NotWritten."""
        write_whole(self.state_path, run.model_copy(update={"is_ending": True}).text, is_durable=True)
        is_known = True
        try:
            yield
        except (SourceUnreachable, TargetRefused, KeyboardInterrupt):
            # One server may have been cleared. Whatever else is raised was found before anything was removed.
            is_known = False
            raise
        finally:
            if is_known:
                write_whole(self.state_path, run.model_copy(update={"is_ending": False}).text, is_durable=True)

    def read(self) -> _Run | None:
        """None where nothing was begun. Raises BadInput."""
        return self.read_file(self.state_path, self._model)

    def existing(self) -> _Run:
        """What was begun. Raises BadInput where nothing was."""
        found = self.read() if self.path.is_dir() else None
        if found is None:
            raise BadInput(f"--state {self.path}: no {self._what} was begun with it, allowed: the directory given to `{self._begun_by}`")
        return found

    def existing_between(self, source: Side, target: Side) -> _Run:
        """What was begun between these servers. Raises BadInput where nothing was, or between others."""
        found = self.existing()
        self._refuse_other_servers(found, source, target)
        return found

    def read_file(self, path: Path, model: type[_Model], remedy: str = "") -> _Model | None:
        """A file of the directory; None where it is not there. `remedy`: what to do where it cannot be read. Raises BadInput."""
        allowed = f"allowed: a file that `{self._begun_by}` wrote{remedy and f'; {remedy}'}"
        try:
            return model.model_validate_json(path.read_text())
        except FileNotFoundError:
            return None
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "the whole file"
            raise BadInput(f"--state {self.path}: {path.name}: {field}: {first['msg']}, {allowed}") from None
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"--state {self.path}: {path.name}: {problem}, {allowed}") from None

    def _refuse_other_servers(self, earlier: _Run, source: Side, target: Side) -> None:
        if (earlier.source, earlier.target, earlier.database) != (str(source.endpoint), str(target.endpoint), source.database):
            raise BadInput(
                f"--state {self.path}: it belongs to a {self._what} from {earlier.source} to {earlier.target}, "
                f"database {earlier.database}, allowed: the same servers and database, or another --state; {self._way_back}"
            )
