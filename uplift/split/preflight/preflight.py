"""The preflight: reads what each check needs, a bounded piece at a time, and gathers what they say. It writes probes that expire."""

from __future__ import annotations

import secrets
from collections.abc import Generator

from uplift.errors import UpliftError
from uplift.keyspace.follow.own_keys_there import Place
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.server.connection import Connection, connected
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.facts import measure_distance, read_server_facts
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.sidekiq.handover.beginning import prepare
from uplift.split.evidence.clients import read_clients
from uplift.split.preflight.check import LEGACY, Check, Checks, PreflightRequest, ServerSide, Verdict
from uplift.split.preflight.events import check_events
from uplift.split.preflight.leftovers import check_empty, check_leftovers
from uplift.split.preflight.names import Names, check_coverage, check_sidekiq, pages
from uplift.split.preflight.others import check_clients
from uplift.split.preflight.room import Coming, check_legacy_room, check_room
from uplift.split.preflight.servers import check_clocks, check_encryption, check_roles, check_standby, check_versions

_MOST_FOREIGN = 10_000
"""Of a target that is not empty: nobody needs to know how many more there are."""


class Preflight:
    """`progress` says in words what is looked at now."""

    def __init__(self, request: PreflightRequest) -> None:
        """Raises BadInput where the key map and the targets do not fit."""
        self.progress = "the servers"
        self._request = request
        self._router: Router = build_router(request.keymap, tuple(target.name for target in request.targets))
        self._checks: list[Check] = []
        self._work = self._run()
        self._is_over = False

    def step(self) -> Checks | None:
        """A page of names, or a few round trips; what was found, once everything was looked at.

        A server that cannot be reached, or answers what it should not, is a refusal, not an error.
        """
        if not self._is_over:
            try:
                next(self._work)
            except StopIteration:
                self._is_over = True
            except UpliftError as problem:
                self._checks.append(Check("servers", Verdict.REFUSED, f"{self.progress}: {problem}"))
                self._is_over = True
        return Checks(tuple(self._checks)) if self._is_over else None

    def close(self) -> None:
        """Let go of every connection before the end; safe to call twice."""
        self._is_over = True
        self._work.close()

    def _run(self) -> Generator[None, None, None]:
        request = self._request
        legacy = self._side(LEGACY, request.source)
        yield
        targets = []
        for target in request.targets:
            self.progress = target.name
            targets.append(self._side(target.name, target.endpoint))
            yield
        self._checks += check_roles(legacy, targets)
        self._checks += check_versions(legacy, targets)
        self._checks += check_encryption(targets)
        self._checks += check_clocks(legacy, targets, request.clock_tolerance)
        self._checks += check_standby(has_standby=request.has_standby)
        if Checks(tuple(self._checks)).is_refused:
            # On other servers than those that are meant nothing is scanned and nothing written.
            return
        databases = request.databases or legacy.facts.databases or (0,)
        names = Names(self._router)
        yield from self._names_of_legacy(legacy, databases, names)
        for url, side in zip(request.targets, targets, strict=True):
            yield from self._names_of_target(url, databases)
            coming = Coming(names.by_target[side.name], names.seen)
            self._checks += check_room(legacy, side, coming, is_there=request.has_begun)
        if not any(check.name == "leftovers" for check in self._checks):
            self._checks.append(Check("leftovers", Verdict.FINE, "no key of another run on any server"))
        self._checks += check_legacy_room(legacy)
        yield from self._events(databases)
        yield from self._replicas(databases)
        yield from self._clients()

    def _side(self, name: str, endpoint: Endpoint) -> ServerSide:
        with connected(endpoint) as connection:
            facts, ahead = read_server_facts(connection), measure_distance(connection).clock_offset
        return ServerSide(name, endpoint, facts, ahead, name in self._request.handed_over)

    def _names_of_legacy(self, legacy: ServerSide, databases: tuple[int, ...], names: Names) -> Generator[None, None, None]:
        total = sum(legacy.facts.keys_in(database) for database in databases)
        for database in databases:
            names.own.clear()
            with connected(legacy.endpoint, database=database) as connection:
                for page in pages(connection):
                    names.take(page)
                    self.progress = f"names of legacy: {names.seen:,} of about {total:,}"
                    yield
            self._check_leftovers(Place(LEGACY, legacy.endpoint, database), names.own)
        self._checks += check_coverage(names)
        if self._request.handed_over:
            self._checks += check_sidekiq(names)

    def _names_of_target(self, url: TargetUrl, databases: tuple[int, ...]) -> Generator[None, None, None]:
        before = len(self._checks)
        for database in databases if url.database is None else (url.database,):
            place = Place(url.name, url.endpoint, database)
            own: set[bytes] = set()
            keys = seen = 0
            with connected(url.endpoint, database=database) as connection:
                for page in pages(connection):
                    seen += len(page)
                    self.progress = f"names of {url.name}: {seen:,}"
                    ours = [name for name in page if is_own_key(name)]
                    own.update(ours)
                    keys += len(page) - len(ours)
                    if keys > _MOST_FOREIGN and not self._request.has_begun:
                        break
                    yield
            self._check_leftovers(place, list(own))
            self._checks += check_empty(place, keys, has_begun=self._request.has_begun)
        if len(self._checks) == before:
            what = "of this run" if self._request.has_begun else "empty"
            self._checks.append(Check("targets", Verdict.FINE, f"{url.name} is {what}"))

    def _check_leftovers(self, place: Place, names: list[bytes]) -> None:
        request = self._request
        self._checks += check_leftovers(place, names, has_begun=request.has_begun, own_handovers=request.own_handovers)

    def _events(self, databases: tuple[int, ...]) -> Generator[None, None, None]:
        """Of every server that is followed. Sidekiq's target is not."""
        owner = f"preflight.{secrets.token_hex(4)}"
        followed = [target for target in self._request.targets if target.name not in self._request.handed_over]
        for database in databases:
            places = [Place(LEGACY, self._request.source, database)]
            places += [Place(target.name, target.endpoint, database) for target in followed]
            for place in places:
                self.progress = f"notifications of {place}"
                self._checks.append(check_events(place, owner))
                yield

    def _replicas(self, databases: tuple[int, ...]) -> Generator[None, None, None]:
        """The handover waits for replicas, so those there are must acknowledge."""
        for target in self._request.targets:
            if target.name not in self._request.handed_over:
                continue
            self.progress = f"replicas of legacy and {target.name}"
            database = databases[0] if target.database is None else target.database
            try:
                servers = prepare(self._request.source, target.endpoint, database, waits=True).servers
            except UpliftError as problem:
                self._checks.append(Check("replicas", Verdict.REFUSED, f"legacy and {target.name}: {problem}"))
            else:
                here, there = servers.source_replicas, servers.target_replicas
                text = f"all acknowledge writes: {here} of legacy, {there} of {target.name}"
                self._checks.append(Check("replicas", Verdict.FINE, text))
            yield

    def _clients(self) -> Generator[None, None, None]:
        for name, endpoint in ((LEGACY, self._request.source), *((target.name, target.endpoint) for target in self._request.targets)):
            self.progress = f"clients of {name}"
            with connected(endpoint) as connection:
                self._checks += self._clients_of(name, connection)
            yield

    def _clients_of(self, name: str, connection: Connection) -> list[Check]:
        return check_clients(name, read_clients(connection, name, self._request.allowed_clients))
