"""The source and the targets of a copy or a verification: opened, told apart, and looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from uplift.errors import BadInput, NotSafe
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import ServerFacts, clock_offset_milliseconds, read_server_facts
from uplift.keyspace.server.server_checks import Preflight, TargetSide, check_servers
from uplift.keyspace.server.target import Target

Say = Callable[[str], None]
"""Takes a line for a person."""

Progress = Callable[[int, int], None]
"""Takes how many are done and how many there are."""


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
    """Everything open: `sides` are the targets as a preflight sees them, in the same order."""

    router: Router
    source: Connection
    facts: ServerFacts
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

    def select(self, database: int) -> None:
        """Bring the source's connection and every target's to a database."""
        self.source.select(database)
        for target in self.targets:
            target.connection.select(database)


@contextmanager
def opened(scope: Scope, labels: KeyLabels, say: Say) -> Iterator[Servers]:
    """Open them for one block. Raises BadInput or NotSafe where they must not be used together, and SourceUnreachable."""
    router = build_router(scope.keymap, tuple(target.name for target in scope.targets), only=scope.only, exclude=scope.exclude)
    source = Connection(scope.source)
    targets: list[Target] = []
    try:
        facts = read_server_facts(source)
        databases = _choose_databases(scope, facts, say)
        targets += [Target(url.name, url.endpoint, url.database or databases[0], labels) for url in scope.targets]
        here = clock_offset_milliseconds(source)
        sides = [TargetSide(target.name, target.facts, target.clock_offset - here, 0) for target in targets]
        raise_or_warn(check_servers(facts, sides, scope.clock_tolerance), say)
        yield Servers(router, source, facts, databases, targets, sides)
    finally:
        source.close()
        for target in targets:
            target.close()


def _choose_databases(scope: Scope, facts: ServerFacts, say: Say) -> tuple[int, ...]:
    databases = scope.databases or facts.databases or (0,)
    fixed = [target for target in scope.targets if target.database is not None]
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


def shifted(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    """Progress of one database as a part of all."""
    return lambda seen: progress(done + seen, total)
