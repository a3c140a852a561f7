"""Prepares a copy: opens the servers, decides whether it may start, finds or makes its state, and says what would happen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from uplift.errors import BadInput, KeyUnroutable, NotSafe
from uplift.keyspace.connection import Connection
from uplift.keyspace.copy import Copy, CopyOptions, Observer
from uplift.keyspace.copy_state import CopyState, Side, read_state, write_state
from uplift.keyspace.endpoint import Endpoint
from uplift.keyspace.key_label import KeyLabels
from uplift.keyspace.keymap import KeyMap
from uplift.keyspace.preflight import Preflight, TargetSide, check_memory, check_servers
from uplift.keyspace.prescan import PreScan, empty_prescan, prescan
from uplift.keyspace.routing import Router, build_router
from uplift.keyspace.server_facts import ServerFacts, clock_offset_milliseconds, read_server_facts
from uplift.keyspace.target import Existing, Target

Say = Callable[[str], None]
MOST_NAMED_IN_A_MESSAGE = 5


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """A target as named on the command line. `database` None: the same as on the source."""

    name: str
    endpoint: Endpoint
    database: int | None


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """Everything a person asks for. `databases` empty: all that hold keys."""

    source: Endpoint
    targets: tuple[TargetUrl, ...]
    keymap: KeyMap
    databases: tuple[int, ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    clock_tolerance: int = 1000
    options: CopyOptions = field(default_factory=CopyOptions)

    @property
    def options_digest(self) -> str:
        """Changes with what decides which keys are written and how."""
        parts = [self.options.existing, self.options.write_mode, self.databases, self.only, self.exclude]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(slots=True)
class PreparedCopy:
    """A copy that may start: the servers are open and looked at, every key name was seen and has a rule."""

    request: CopyRequest
    router: Router
    source: Endpoint
    source_facts: ServerFacts
    targets: list[Target]
    clocks_ahead: list[float]
    databases: tuple[int, ...]
    scanned: PreScan
    memory: Preflight
    state: CopyState
    state_path: Path

    def run(self, observe: Observer) -> CopyState:
        """Copy, or go on. Raises what Copy.run raises.

        The state is on disk before the first write: what a target holds after a crash is then known to be this run's.
        """
        write_state(self.state_path, self.state)
        copy = Copy(
            self.source,
            self.source_facts,
            self.targets,
            self.router,
            self.request.options,
            self.state,
            lambda state: write_state(self.state_path, state),
            observe,
            self.clocks_ahead,
        )
        copy.run(self.databases)
        return self.state


@contextmanager
def prepared_copy(request: CopyRequest, state_path: Path, say: Say, progress: Callable[[int, int], None]) -> Iterator[PreparedCopy]:
    """Do everything that comes before the first write.

    `progress` gets names seen and names there are. Raises BadInput, NotSafe, KeyUnroutable, SourceUnreachable or TargetRefused;
    nothing was written then.
    """
    router = build_router(request.keymap, tuple(target.name for target in request.targets), only=request.only, exclude=request.exclude)
    source = Connection(request.source)
    targets: list[Target] = []
    try:
        facts = read_server_facts(source)
        databases = choose_databases(request.databases, facts, request.targets, say)
        earlier = read_state(state_path)
        labels = KeyLabels(bytes.fromhex(earlier.secret)) if earlier else KeyLabels()
        targets += [Target(url.name, url.endpoint, url.database or databases[0], labels) for url in request.targets]
        here = clock_offset_milliseconds(source)
        sides = [TargetSide(target.name, target.facts, target.clock_offset - here, 0) for target in targets]
        raise_or_warn(check_servers(facts, sides, request.clock_tolerance), say)
        state = _state(request, facts, targets, earlier, databases, say)
        check_existing = request.options.existing is Existing.FAIL and not state.checked_for_existing
        scanned = _scan_names(source, router, targets, databases, check_existing, progress, facts)
        _refuse_unmatched(scanned, labels)
        _refuse_existing(scanned, labels)
        state.checked_for_existing = True
        coming = [
            TargetSide(side.name, side.facts, side.clock_ahead, scanned.estimated_bytes_of_target(router, index))
            for index, side in enumerate(sides)
        ]
        unexplained = max(0, facts.used_memory_bytes - scanned.estimated_bytes_of_all())
        memory = check_memory(facts, coming, unexplained) if not state.counts.read else Preflight((), (), ())
        clocks = [side.clock_ahead for side in sides]
        yield PreparedCopy(request, router, source.pinned, facts, targets, clocks, databases, scanned, memory, state, state_path)
    finally:
        source.close()
        for target in targets:
            target.close()


def choose_databases(wanted: tuple[int, ...], facts: ServerFacts, targets: tuple[TargetUrl, ...], say: Say) -> tuple[int, ...]:
    """The databases to work on. Raises BadInput where several would go into one."""
    databases = wanted or facts.databases or (0,)
    fixed = [target for target in targets if target.database is not None]
    if fixed and (len(databases) > 1 or any(target.database != databases[0] for target in fixed)):
        raise BadInput(
            f"--to {fixed[0].name} names database {fixed[0].database} and the source's are {', '.join(map(str, databases))}: "
            "keys keep their database; allowed: no database in --to, or the one chosen with --db"
        )
    if left := sorted(set(facts.databases) - set(databases)):
        say(f"left alone: {sum(facts.keys_in(database) for database in left):,} keys in database {', '.join(map(str, left))} (--db)")
    return databases


def raise_or_warn(found: Preflight, say: Say) -> None:
    """Raise BadInput or NotSafe for the first reason, after saying every warning."""
    for warning in found.warnings:
        say(f"warning: {warning}")
    if found.bad_input:
        raise BadInput(found.bad_input[0])
    if found.refusals:
        raise NotSafe("; ".join(found.refusals))


def _state(
    request: CopyRequest, facts: ServerFacts, targets: list[Target], earlier: CopyState | None, databases: tuple[int, ...], say: Say
) -> CopyState:
    """The state to go on from, or a new one. Raises BadInput for one of another copy."""
    fresh = CopyState(
        schema="uplift.copy.state/1",
        source=Side(name="source", address=str(request.source), run_id=facts.run_id),
        targets=[
            Side(
                name=target.name,
                address=str(target.connection.endpoint),
                run_id=target.facts.run_id,
                keys_before=sum(target.facts.keys_in(database) for database in databases),
                evicted_before=target.facts.evicted_keys,
            )
            for target in targets
        ],
        keymap=request.keymap.digest,
        options=request.options_digest,
    )
    if earlier is None:
        return fresh
    if earlier.finished:
        raise BadInput("the state is that of a finished copy: verify it with `uplift verify`; to copy again, remove the file")
    _refuse_other_copy(earlier, fresh)
    restarted = [new.name for old, new in zip(_sides(earlier), _sides(fresh), strict=True) if old.run_id != new.run_id]
    if restarted:
        say(f"{', '.join(restarted)}: restarted or failed over since; cursors mean nothing there, so the scan starts again")
        earlier.databases = {}
        earlier.source, earlier.targets = fresh.source, fresh.targets
    else:
        say(f"going on after {earlier.counts.read:,} keys of run {earlier.run}")
    return earlier


def _sides(state: CopyState) -> list[Side]:
    return [state.source, *state.targets]


def _refuse_other_copy(earlier: CopyState, fresh: CopyState) -> None:
    differences = [
        ("the key map", earlier.keymap != fresh.keymap),
        ("the options", earlier.options != fresh.options),
        ("the source", earlier.source.run_id != fresh.source.run_id and earlier.source.address != fresh.source.address),
        ("the targets", [side.name for side in earlier.targets] != [side.name for side in fresh.targets]),
    ]
    for old, new in zip(earlier.targets, fresh.targets, strict=False):
        differences.append((f"target {new.name}", old.run_id != new.run_id and old.address != new.address))
    different = [name for name, differs in differences if differs]
    if different:
        raise BadInput(f"the state belongs to another copy: {', '.join(different)} differ; allowed: the same as then, or another --state")


def _scan_names(
    source: Connection,
    router: Router,
    targets: list[Target],
    databases: tuple[int, ...],
    check_existing: bool,
    progress: Callable[[int, int], None],
    facts: ServerFacts,
) -> PreScan:
    total = sum(facts.keys_in(database) for database in databases)
    scanned = empty_prescan(router)
    for database in databases:
        source.select(database)
        for target in targets:
            target.connection.select(database)
        to_check = [target if check_existing and target.facts.keys_in(database) else None for target in targets]
        scanned.add(prescan(source, router, to_check, shifted(progress, scanned.total, total)))
    return scanned


def shifted(progress: Callable[[int, int], None], done: int, total: int) -> Callable[[int], None]:
    """Progress of one database as a part of all."""
    return lambda seen: progress(done + seen, total)


def _refuse_unmatched(scanned: PreScan, labels: KeyLabels) -> None:
    if scanned.unmatched_count:
        raise KeyUnroutable(
            f"{scanned.unmatched_count:,} keys match no rule of the key map, such as {_some(scanned.unmatched, labels)}: "
            "nothing was written; `uplift keymap check --from …` lists them"
        )


def _refuse_existing(scanned: PreScan, labels: KeyLabels) -> None:
    if scanned.existing_count:
        raise NotSafe(
            f"{scanned.existing_count:,} keys are on a target already, such as {_some(scanned.existing, labels)}: nothing was written; "
            "choose --skip-existing or --replace, or empty the target"
        )


def _some(keys: list[bytes], labels: KeyLabels) -> str:
    return ", ".join(labels.label(key) for key in keys[:MOST_NAMED_IN_A_MESSAGE])
