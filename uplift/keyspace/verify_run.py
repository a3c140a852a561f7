"""Opens the servers for a verification, walks the databases, and mends where asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.connection import Connection
from uplift.keyspace.copy_run import Say, TargetUrl, choose_databases, raise_or_warn, shifted
from uplift.keyspace.copy_state import CopyState, read_state
from uplift.keyspace.endpoint import Endpoint
from uplift.keyspace.key_label import KeyLabels
from uplift.keyspace.keymap import KeyMap
from uplift.keyspace.preflight import TargetSide, check_servers
from uplift.keyspace.repair import Repair, Repaired
from uplift.keyspace.routing import Router, build_router
from uplift.keyspace.server_facts import ServerFacts, clock_offset_milliseconds, read_server_facts
from uplift.keyspace.target import Target
from uplift.keyspace.verify import Verify
from uplift.keyspace.verify_result import MOST_LISTED, Found, VerifyOptions, VerifyResult


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Everything a person asks for. `state`: the copy whose writes may be undone where `delete_extra` is asked for."""

    source: Endpoint
    targets: tuple[TargetUrl, ...]
    keymap: KeyMap
    databases: tuple[int, ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    clock_tolerance: int = 1000
    options: VerifyOptions = field(default_factory=VerifyOptions)
    whole_bytes: int = 8 * 1024 * 1024
    repair: bool = False
    delete_extra: bool = False
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The result after any repair, what the repair did (None: not asked for), and the labels its keys are shown by."""

    result: VerifyResult
    repaired: Repaired | None
    labels: KeyLabels
    target_names: tuple[str, ...]


Progress = Callable[[int, int], None]
Spill = Callable[[Found], None]


def verify(request: VerifyRequest, say: Say, progress: Progress, spill: Spill) -> Verified:
    """Compare, mend where asked, and compare again.

    `spill` gets every difference of the last comparison. Raises BadInput, NotSafe, KeyUnroutable, SourceUnreachable or TargetRefused.
    """
    router = build_router(request.keymap, tuple(target.name for target in request.targets), only=request.only, exclude=request.exclude)
    source = Connection(request.source)
    apart = Connection(source.pinned)
    targets: list[Target] = []
    try:
        facts = read_server_facts(source)
        databases = choose_databases(request.databases, facts, request.targets, say)
        state = _state_of(request)
        labels = KeyLabels(bytes.fromhex(state.secret)) if state else KeyLabels()
        targets += [Target(url.name, url.endpoint, url.database or databases[0], labels) for url in request.targets]
        here = clock_offset_milliseconds(source)
        sides = [TargetSide(target.name, target.facts, target.clock_offset - here, 0) for target in targets]
        raise_or_warn(check_servers(facts, sides, request.clock_tolerance), say)
        walk = _Walk(request, router, source, apart, facts, targets, [side.clock_ahead for side in sides], databases, labels)
        repaired = None
        if request.repair:
            repaired = walk.repair(_may_delete(request, state, targets), progress)
        result = walk.compare(progress, spill)
        return Verified(result, repaired, labels, tuple(target.name for target in targets))
    finally:
        source.close()
        apart.close()
        for target in targets:
            target.close()


def _state_of(request: VerifyRequest) -> CopyState | None:
    state = read_state(request.state) if request.state else None
    if request.delete_extra and state is None:
        raise BadInput("--delete-extra needs the --state of the copy: only what that run wrote may be deleted")
    return state


def _may_delete(request: VerifyRequest, state: CopyState | None, targets: list[Target]) -> list[bool]:
    """By target: whether everything there was written by the copy, because it held nothing before. Raises BadInput where that is not so."""
    if not request.delete_extra or state is None:
        return [False] * len(targets)
    sides = {side.name: side for side in state.targets}
    for target in targets:
        side = sides.get(target.name)
        if side is None or side.run_id != target.facts.run_id:
            raise BadInput(f"--delete-extra: the copy of --state did not write to {target.name}, allowed: the targets of that copy")
        if side.keys_before:
            raise BadInput(
                f"--delete-extra: {target.name} held {side.keys_before:,} keys before the copy, so an extra there may be somebody else's"
            )
    return [True] * len(targets)


@dataclass(frozen=True, slots=True)
class _Walk:
    request: VerifyRequest
    router: Router
    source: Connection
    apart: Connection
    facts: ServerFacts
    targets: list[Target]
    clocks_ahead: list[float]
    databases: tuple[int, ...]
    labels: KeyLabels

    def compare(self, progress: Progress, spill: Spill) -> VerifyResult:
        whole = VerifyResult()
        total = sum(self.facts.keys_in(database) for database in self.databases)
        for database in self.databases:
            for connection in (self.source, self.apart, *(target.connection for target in self.targets)):
                connection.select(database)
            one = Verify(
                self.source, self.apart, self.facts, self.targets, self.clocks_ahead, self.router, self.request.options, spill, self.labels
            )
            _add(whole, one.run(shifted(progress, whole.compared, total)))
        return whole

    def repair(self, may_delete: list[bool], progress: Progress) -> Repaired:
        done = Repaired()
        for database in self.databases:
            connection = Connection(self.source.pinned, database=database)
            try:
                repair = Repair(
                    connection, self.facts, self.targets, self.router, may_delete, self.labels.secret.hex()[:8], self.request.whole_bytes
                )
                only = _Walk(
                    self.request,
                    self.router,
                    self.source,
                    self.apart,
                    self.facts,
                    self.targets,
                    self.clocks_ahead,
                    (database,),
                    self.labels,
                )
                only.compare(progress, repair.mend)
            finally:
                connection.close()
            done.written += repair.done.written
            done.deleted += repair.done.deleted
            done.refused += repair.done.refused
        return done


def _add(whole: VerifyResult, part: VerifyResult) -> None:
    whole.compared += part.compared
    whole.equal += part.equal
    for difference, count in part.counts.items():
        whole.counts[difference] = whole.counts.get(difference, 0) + count
    whole.found = (whole.found + part.found)[:MOST_LISTED]
