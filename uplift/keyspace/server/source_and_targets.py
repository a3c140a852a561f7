"""The source and the targets of a copy or a verification: opened, told apart, and looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from uplift.errors import BadInput, NotSafe
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.events import Listener, Note, Progress, warn
from uplift.keyspace.server.facts import Distance, ServerFacts, distance_within_memory, read_server_facts
from uplift.keyspace.server.page_reader import ReadLimits
from uplift.keyspace.server.scan_partition import may_be_divided, partitions_at
from uplift.keyspace.server.server_checks import Preflight, TargetSide, check_servers
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.window import pieces_under_way


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """A target as named on the command line. `database` None: the same as on the source."""

    name: str
    endpoint: Endpoint
    database: int | None


@dataclass(frozen=True, slots=True)
class Scope:
    """From where to where, and which keys. `databases` empty: all that hold keys; `clock_tolerance` in ms."""

    source: Endpoint
    targets: tuple[TargetUrl, ...]
    keymap: KeyMap
    databases: tuple[int, ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    clock_tolerance: int = 1000


@dataclass(frozen=True, slots=True)
class Servers:
    """Everything open: `facts` and `distance` are the source's, `sides` are the targets as a preflight sees them, in the same order."""

    router: Router
    source: Connection
    facts: ServerFacts
    distance: Distance
    databases: tuple[int, ...]
    targets: list[Target]
    sides: list[TargetSide]

    @property
    def clocks_ahead(self) -> list[float]:
        """By target, how far its clock is ahead of the source's, in ms."""
        return [side.clock_ahead for side in self.sides]

    @property
    def keys(self) -> int:
        """How many keys the chosen databases of the source hold."""
        return sum(self.facts.keys_in(database) for database in self.databases)

    def partitions(self, database: int) -> int:
        """Into how many partitions to divide the scan of one database of the source (scan_partition.py)."""
        return partitions_at(self.facts, self.distance.round_trip, database)

    def limits_of_source(self, limits: ReadLimits) -> ReadLimits:
        """The limits with as many pieces of a big value under way as its distance wants."""
        return _at_distance(limits, self.facts, self.distance)

    def limits_of_target(self, index: int, limits: ReadLimits) -> ReadLimits:
        """The same for reading a target."""
        return _at_distance(limits, self.targets[index].facts, self.targets[index].distance)

    def select(self, database: int) -> None:
        """Bring the source's connection and every target's to a database."""
        self.source.select(database)
        for target in self.targets:
            target.connection.select(database)

    def progress(self, listen: Listener, phase: str, done: int) -> Callable[[int], None]:
        """A function that tells how far one database is, as a part of all: `done` keys were before it."""
        total = self.keys
        return lambda seen: listen(Progress(phase, done + seen, total))


def _at_distance(limits: ReadLimits, facts: ServerFacts, distance: Distance) -> ReadLimits:
    return replace(limits, pieces_under_way=pieces_under_way(distance.round_trip)) if may_be_divided(facts) else limits


@contextmanager
def opened(scope: Scope, labels: KeyLabels, listen: Listener, *, both_sides: bool = False) -> Iterator[Servers]:
    """Open them for one block. `both_sides`: also the databases that only targets hold keys in, where none was chosen.

    Raises BadInput or NotSafe where they must not be used together, and SourceUnreachable.
    """
    router = build_router(scope.keymap, tuple(target.name for target in scope.targets), only=scope.only, exclude=scope.exclude)
    source = Connection(scope.source)
    targets: list[Target] = []
    try:
        facts = read_server_facts(source)
        source.remember_process(facts.run_id)
        first = _choose_databases(scope, facts.databases)
        targets += [Target(url.name, url.endpoint, url.database or first[0], labels) for url in scope.targets]
        fixed = any(target.database is not None for target in scope.targets)
        here = {database for target in targets for database in target.facts.databases} if both_sides and not fixed else set()
        databases = _choose_databases(scope, tuple(sorted({*facts.databases, *here})))
        if left := sorted(set(facts.databases) - set(databases)):
            keys = sum(facts.keys_in(database) for database in left)
            listen(Note(f"left alone: {keys:,} keys in database {', '.join(map(str, left))} (--db)"))
        distance = distance_within_memory(source, facts)
        sides = [TargetSide(target.name, target.facts, target.distance.clock_offset - distance.clock_offset, 0) for target in targets]
        raise_or_warn(check_servers(facts, sides, scope.clock_tolerance), listen)
        yield Servers(router, source, facts, distance, databases, targets, sides)
    finally:
        source.close()
        for target in targets:
            target.close()


def _choose_databases(scope: Scope, there: tuple[int, ...]) -> tuple[int, ...]:
    """Those asked for, else those that are there. Raises BadInput where a target's URL names another."""
    databases = scope.databases or there or (0,)
    fixed = [target for target in scope.targets if target.database is not None]
    if fixed and (len(databases) > 1 or any(target.database != databases[0] for target in fixed)):
        raise BadInput(
            f"--to {fixed[0].name} names database {fixed[0].database} and the source's are {', '.join(map(str, databases))}: "
            "keys keep their database; allowed: no database in --to, or the one chosen with --db"
        )
    return databases


def raise_or_warn(found: Preflight, listen: Listener) -> None:
    """Raise BadInput or NotSafe for the first reason, after telling every warning."""
    warn(listen, found.warnings)
    if found.bad_input:
        raise BadInput(found.bad_input[0])
    if found.refusals:
        raise NotSafe("; ".join(found.refusals))
