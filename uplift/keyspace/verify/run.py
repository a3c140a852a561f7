"""Opens the servers for a verification, walks the databases, and repairs where asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from uplift.errors import BadInput, NotSafe
from uplift.keyspace.copy.state import CopyState, read_state, write_state
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import words_of
from uplift.keyspace.server.events import Listener, Note
from uplift.keyspace.server.facts import read_server_facts
from uplift.keyspace.server.server_checks import check_being_read
from uplift.keyspace.server.source_and_targets import Scope, Servers, opened, raise_or_warn
from uplift.keyspace.server.write_calls import read_write_calls
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


def verify(request: VerifyRequest, listen: Listener, take: Callable[[Found], None]) -> Verified:
    """Compare, repair where asked, and compare again.

    `take` gets every difference of the last comparison. Raises BadInput, NotSafe, KeyUnroutable, SourceUnreachable or TargetRefused.
    """
    state = _state_of(request)
    words = words_of(request.keymap)
    labels = KeyLabels(bytes.fromhex(state.secret), words) if state else KeyLabels(words=words)
    with opened(request, labels, listen, both_sides=True) as servers:
        _refuse_full(servers, listen)
        repaired = None
        if request.repair:
            repaired = _repair(request, servers, state, labels, listen)
        result = VerifyResult()
        for database in servers.databases:
            _compare(request, servers, database, labels, result, listen, take, "compare again" if request.repair else "compare")
        _tell_evictions(servers, listen)
        return Verified(result, repaired, labels, tuple(target.name for target in servers.targets))


def _refuse_full(servers: Servers, listen: Listener) -> None:
    """A comparison reads every value, on both sides; a full server that evicts makes room for the replies by throwing keys away."""
    raise_or_warn(check_being_read(servers.facts), listen)
    for target in servers.targets:
        if target.facts.max_memory_policy != "noeviction":
            raise_or_warn(check_being_read(target.facts, target.name, "take a larger node first, or make room"), listen)


def _tell_evictions(servers: Servers, listen: Listener) -> None:
    """What was evicted while the servers were read: by the reading, or by what the application wrote meanwhile."""
    sides = [("the source", servers.source, servers.facts), *((target.name, target.connection, target.facts) for target in servers.targets)]
    for name, connection, before in sides:
        evicted = read_server_facts(connection).evicted_keys - before.evicted_keys
        if evicted > 0:
            listen(Note(f"{name} evicted {evicted:,} keys while it was read", is_warning=True))


def _compare(
    request: VerifyRequest, servers: Servers, database: int, labels: KeyLabels, whole: VerifyResult, listen: Listener,
    take: Callable[[Found], None], phase: str,
) -> None:  # fmt: skip
    """Compare one database and add what was found to `whole`."""
    servers.select(database)
    apart = servers.source.beside(database)
    try:
        one = Verify(servers, apart, request.options, take, labels)
        _add(whole, one.run(servers.progress(listen, phase, whole.compared)))
    finally:
        apart.close()


def _repair(request: VerifyRequest, servers: Servers, state: CopyState | None, labels: KeyLabels, listen: Listener) -> Repaired:
    done = Repaired()
    seen = VerifyResult()
    stricter = replace(request, options=request.options.for_repair())
    may_delete = _may_delete(request, state, servers)
    for database in servers.databases:
        connection = servers.source.beside(database)
        copied = state is not None and database in state.databases
        try:
            allowed = [may and copied for may in may_delete]
            repair = Repair(connection, servers, allowed, labels, request.whole_bytes, done)
            _compare(stricter, servers, database, labels, seen, listen, repair.take, "compare and repair")
            repair.finish()
        finally:
            connection.close()
    if any(may_delete) and state is not None and request.state is not None:
        # What this repair wrote is the copy's too.
        for target, side in zip(servers.targets, state.targets, strict=False):
            side.write_calls = read_write_calls(target.connection)
        write_state(request.state, state)
    return done


def _state_of(request: VerifyRequest) -> CopyState | None:
    state = read_state(request.state) if request.state else None
    if request.delete_extra and state is None:
        raise BadInput("--delete-extra needs the --state of the copy: only what that run wrote may be deleted")
    return state


def _may_delete(request: VerifyRequest, state: CopyState | None, servers: Servers) -> list[bool]:
    """By target: whether everything there was written by the copy. Raises BadInput or NotSafe where that is not so, or not known."""
    if not request.delete_extra or state is None:
        return [False] * len(servers.targets)
    problem = _other_copy(request, state, servers)
    if problem:
        raise BadInput(f"--delete-extra: --state {request.state}: {problem}")
    sides = {side.name: side for side in state.targets}
    for target in servers.targets:
        now, then = read_write_calls(target.connection), sides[target.name].write_calls
        if now is None or then is None:
            raise NotSafe(
                f"--delete-extra: {target.name} does not tell how often it was written to (COMMAND, INFO commandstats), so a key that the "
                "source does not have may be the application's: nothing was changed; without --delete-extra extras are listed"
            )
        if calls := now - then:
            raise NotSafe(
                f"--delete-extra: {target.name} was written to since the copy ended ({calls:+,} write commands by its own count), so a key "
                "that the source does not have may be the application's: nothing was changed; without --delete-extra extras are listed"
            )
    return [True] * len(servers.targets)


def _other_copy(request: VerifyRequest, state: CopyState, servers: Servers) -> str:
    """Why this is not the copy whose writes may be undone; empty where it is."""
    if not state.finished:
        return "the copy has not finished, allowed: a finished one"
    if state.source.run_id != servers.facts.run_id:
        return (
            f"its source was the process {state.source.run_id[:8]} at {state.source.address}, --from is {servers.facts.run_id[:8]}, "
            "allowed: the source of that copy, not restarted since"
        )
    if state.keymap != request.keymap.digest:
        return "the copy had another key map, allowed: the same"
    sides = {side.name: side for side in state.targets}
    for target in servers.targets:
        side = sides.get(target.name)
        if side is None or side.run_id != target.facts.run_id:
            return (
                f"the copy did not write to {target.name} ({target.connection.endpoint}), allowed: the targets of that copy, not restarted"
            )
        if side.keys_before:
            return f"{target.name} held {side.keys_before:,} keys before the copy, so an extra there may be somebody else's"
    return ""


def _add(whole: VerifyResult, part: VerifyResult) -> None:
    whole.compared += part.compared
    whole.equal += part.equal
    for difference, count in part.counts.items():
        whole.counts[difference] = whole.counts.get(difference, 0) + count
    whole.found = (whole.found + part.found)[:MOST_LISTED]
