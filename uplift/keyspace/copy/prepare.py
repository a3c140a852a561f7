"""Prepares a copy: opens the servers, decides whether it may start, finds or makes its state, and says what would happen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from uplift.errors import BadInput, KeyUnroutable, NotSafe
from uplift.keyspace.copy.copy import Copy, CopyOptions
from uplift.keyspace.copy.name_scan import PreScan, empty_prescan, prescan
from uplift.keyspace.copy.same_data import look_at_data
from uplift.keyspace.copy.state import SCHEMA, CopyState, Side, read_state, write_state
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import words_of
from uplift.keyspace.keymap.routing import NO_TARGET
from uplift.keyspace.server.events import Listener, Note
from uplift.keyspace.server.scan_partition import MOST_PARTITIONS, may_be_divided
from uplift.keyspace.server.server_checks import Preflight, check_memory
from uplift.keyspace.server.source_and_targets import Scope, Servers, opened
from uplift.keyspace.server.target import Existing
from uplift.keyspace.server.throttle import Throttle

MOST_NAMED_IN_A_MESSAGE = 5
_POWERS_OF_TWO = tuple(1 << bits for bits in range(1, MOST_PARTITIONS.bit_length()))


class KeysExist(NotSafe):
    """A target has keys that a copy would write; nothing was written. `found` says how many, without what may be done about it."""

    def __init__(self, found: str) -> None:
        super().__init__(f"{found}: nothing was written; choose --skip-existing or --replace, or empty the target")
        self.found = found


@dataclass(frozen=True, slots=True)
class CopyRequest(Scope):
    """Everything a person asks for."""

    options: CopyOptions = field(default_factory=CopyOptions)

    @property
    def options_digest(self) -> str:
        """Changes with what decides which keys are written and how."""
        parts = [self.options.existing, self.options.write_mode, self.databases, self.only, self.exclude]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PreparedCopy:
    """A copy that may start: the servers are open and looked at, every key name was seen and has a rule.

    `goes_on`: an earlier process began it.
    """

    request: CopyRequest
    servers: Servers
    scanned: PreScan
    memory: Preflight
    state: CopyState
    state_path: Path
    goes_on: bool

    @property
    def keys_to_write(self) -> int:
        """How many keys rules write somewhere."""
        return sum(self.scanned.keys[rule.index] for rule in self.servers.router.rules if rule.target != NO_TARGET)

    def run(self, listen: Listener) -> CopyState:
        """Copy, or go on; tells its progress as keys read. Raises what Copy.run raises.

        The state is on disk before the first write: what a target holds after a crash is then known to be this run's.
        """
        write_state(self.state_path, self.state)
        options = self.request.options
        copy = Copy(
            self.servers, options, self.state, lambda state: write_state(self.state_path, state), self.keys_to_write, goes_on=self.goes_on
        )
        copy.run(listen)
        return self.state


@contextmanager
def prepared_copy(request: CopyRequest, state_path: Path, listen: Listener) -> Iterator[PreparedCopy]:
    """Do everything that comes before the first write.

    `listen` is told warnings, and how many names were seen. Raises BadInput, NotSafe, KeyUnroutable, SourceUnreachable or TargetRefused;
    nothing was written then.
    """
    earlier = read_state(state_path)
    words = words_of(request.keymap)
    labels = KeyLabels(bytes.fromhex(earlier.secret), words) if earlier else KeyLabels(words=words)
    with opened(request, labels, listen) as servers:
        state, unmarked = _state(request, servers, earlier, state_path, listen)
        to_check = _all_places(servers) if not state.checked_for_existing else unmarked
        scanned = _scan_names(servers, request.options, to_check if request.options.existing is Existing.FAIL else frozenset(), listen)
        _refuse_unmatched(scanned, labels)
        _refuse_existing(scanned, labels)
        state.checked_for_existing = True
        memory = _memory(servers, scanned) if not state.counts.read else Preflight((), (), ())
        yield PreparedCopy(request, servers, scanned, memory, state, state_path, goes_on=earlier is not None)


def _memory(servers: Servers, scanned: PreScan) -> Preflight:
    coming = [
        replace(side, coming_bytes=scanned.estimated_bytes_of_target(servers.router, index)) for index, side in enumerate(servers.sides)
    ]
    unexplained = max(0, servers.facts.used_memory_bytes - scanned.estimated_bytes_of_all())
    return check_memory(servers.facts, coming, unexplained)


_Places = frozenset[tuple[str, int]]
"""Targets by name, each with a database."""


def _all_places(servers: Servers) -> _Places:
    return frozenset((target.name, database) for target in servers.targets for database in servers.databases)


def _state(request: CopyRequest, servers: Servers, earlier: CopyState | None, path: Path, listen: Listener) -> tuple[CopyState, _Places]:
    """The state to go on from, or a new one, and where names have to be looked for once more.

    Raises BadInput for one of another copy, NotSafe where keys were evicted since.
    """
    fresh = CopyState(
        schema=SCHEMA,
        source=Side(
            name="source",
            address=str(request.source),
            run_id=servers.facts.run_id,
            replication_id=servers.facts.replication_id,
        ),
        targets=[
            Side(
                name=target.name,
                address=str(target.connection.endpoint),
                run_id=target.facts.run_id,
                replication_id=target.facts.replication_id,
                keys_before=sum(target.facts.keys_in(database) for database in servers.databases),
                evicted_before=target.facts.evicted_keys,
            )
            for target in servers.targets
        ],
        keymap=request.keymap.digest,
        options=request.options_digest,
    )
    if earlier is None:
        return fresh, frozenset()
    if earlier.finished:
        raise BadInput(
            f"--state {path}: the state of a finished copy: verify it with `uplift verify`; to copy again, remove the file or name another"
        )
    _refuse_other_copy(earlier, fresh, path)
    _refuse_other_partitions(earlier, servers, path)
    return _go_on(earlier, fresh, servers, listen)


def _go_on(earlier: CopyState, fresh: CopyState, servers: Servers, listen: Listener) -> tuple[CopyState, _Places]:
    found = look_at_data(earlier, servers)
    if found.why:
        listen(Note(f"{'; '.join(found.why)}: the cursors of the earlier scan mean nothing any more, so the scan starts again"))
        earlier.begin_again()
        earlier.may_be_ours = found.ours_is_there
    elif earlier.databases:
        listen(Note(f"going on after {earlier.counts.read:,} keys of run {earlier.run}"))
    earlier.source = _seen_again(earlier.source, fresh.source)
    earlier.targets = [_seen_again(old, new) for old, new in zip(earlier.targets, fresh.targets, strict=True)]
    return earlier, found.unmarked if found.why else frozenset()


def _seen_again(old: Side, new: Side) -> Side:
    """A server that may have been restarted: what it held before the first write was no less then."""
    if old.run_id == new.run_id:
        return old.model_copy(update={"replication_id": new.replication_id})
    return new.model_copy(update={"keys_before": old.keys_before, "earlier_run_ids": [*old.earlier_run_ids, old.run_id]})


def _refuse_other_partitions(earlier: CopyState, servers: Servers, path: Path) -> None:
    """The copy goes on by the partitions it began with, wherever it runs now."""
    if earlier.source.run_id != servers.facts.run_id:
        return
    allowed = _POWERS_OF_TWO if may_be_divided(servers.facts) else (1,)
    for database, progress in earlier.databases.items():
        if len(progress.cursors) not in allowed:
            raise BadInput(
                f"--state {path}: databases.{database}.cursors: {len(progress.cursors)} cursors, allowed: {', '.join(map(str, allowed))}"
            )


def _refuse_other_copy(earlier: CopyState, fresh: CopyState, path: Path) -> None:
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
        raise BadInput(
            f"--state {path}: it belongs to another copy: {', '.join(different)} differ; allowed: the same as then, or another --state"
        )


def _scan_names(servers: Servers, options: CopyOptions, to_check: _Places, listen: Listener) -> PreScan:
    scanned = empty_prescan(servers.router)
    throttle = Throttle(options.keys_a_second, 0)
    for database in servers.databases:
        servers.select(database)
        checked = [target if (target.name, database) in to_check and target.facts.keys_in(database) else None for target in servers.targets]
        progress = servers.progress(listen, "look at every key name", scanned.total)
        scanned.add(prescan(servers, database, checked, throttle, progress))
    return scanned


def _refuse_unmatched(scanned: PreScan, labels: KeyLabels) -> None:
    if scanned.unmatched_count:
        raise KeyUnroutable(
            f"{scanned.unmatched_count:,} keys match no rule of the key map, such as {_some(scanned.unmatched, labels)}: "
            "nothing was written; `uplift keymap check --from …` lists them"
        )


def _refuse_existing(scanned: PreScan, labels: KeyLabels) -> None:
    if scanned.existing_count:
        raise KeysExist(f"{scanned.existing_count:,} keys are on a target already, such as {_some(scanned.existing, labels)}")


def _some(keys: list[bytes], labels: KeyLabels) -> str:
    return ", ".join(labels.label(key) for key in keys[:MOST_NAMED_IN_A_MESSAGE])
