"""Opens the servers for a verification, walks the databases, and mends where asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from uplift.errors import BadInput
from uplift.keyspace.copy.state import CopyState, read_state
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.source_and_targets import Progress, Say, Scope, Servers, opened, shifted
from uplift.keyspace.server.target import Target
from uplift.keyspace.verify.repair import Repair, Repaired
from uplift.keyspace.verify.result import MOST_LISTED, Found, VerifyOptions, VerifyResult
from uplift.keyspace.verify.verify import Verify


@dataclass(frozen=True, slots=True)
class VerifyRequest(Scope):
    """Everything a person asks for. `state`: the copy whose writes may be undone where `delete_extra` is asked for."""

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


Spill = Callable[[Found], None]


def verify(request: VerifyRequest, say: Say, progress: Progress, spill: Spill) -> Verified:
    """Compare, mend where asked, and compare again.

    `spill` gets every difference of the last comparison. Raises BadInput, NotSafe, KeyUnroutable, SourceUnreachable or TargetRefused.
    """
    state = _state_of(request)
    labels = KeyLabels(bytes.fromhex(state.secret)) if state else KeyLabels()
    with opened(request, labels, say) as servers:
        repaired = None
        if request.repair:
            repaired = _repair(request, servers, _may_delete(request, state, servers.targets), labels, progress)
        result = VerifyResult()
        for database in servers.databases:
            _compare(request, servers, database, labels, result, progress, spill)
        return Verified(result, repaired, labels, tuple(target.name for target in servers.targets))


def _compare(
    request: VerifyRequest, servers: Servers, database: int, labels: KeyLabels, whole: VerifyResult, progress: Progress, spill: Spill
) -> None:
    """Compare one database and add what was found to `whole`."""
    servers.select(database)
    apart = Connection(servers.source.pinned, database=database)
    try:
        one = Verify(servers, apart, request.options, spill, labels)
        _add(whole, one.run(shifted(progress, whole.compared, servers.keys)))
    finally:
        apart.close()


def _repair(request: VerifyRequest, servers: Servers, may_delete: list[bool], labels: KeyLabels, progress: Progress) -> Repaired:
    done = Repaired()
    seen = VerifyResult()
    stricter = replace(request, options=request.options.for_repair())
    for database in servers.databases:
        connection = Connection(servers.source.pinned, database=database)
        try:
            repair = Repair(connection, servers, may_delete, labels.secret.hex()[:8], request.whole_bytes, done)
            _compare(stricter, servers, database, labels, seen, progress, repair.mend)
        finally:
            connection.close()
    return done


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


def _add(whole: VerifyResult, part: VerifyResult) -> None:
    whole.compared += part.compared
    whole.equal += part.equal
    for difference, count in part.counts.items():
        whole.counts[difference] = whole.counts.get(difference, 0) + count
    whole.found = (whole.found + part.found)[:MOST_LISTED]
