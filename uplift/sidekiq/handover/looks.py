"""A handover's own looks at both sides, over connections beside the mover's, and the survey of the old side once a minute."""

from __future__ import annotations

from collections.abc import Iterator

from uplift.keyspace.keymap.own_keys import HANDOVER_PREFIX
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.facts import read_server_facts
from uplift.sidekiq.handover.locks import LOCK_PREFIX
from uplift.sidekiq.handover.old_side import NewSide, OldSide, read_new_side, read_old_side
from uplift.sidekiq.handover.refusals import refuse_other_runs, refuse_server, refuse_what_is_not_understood
from uplift.sidekiq.keys.key_kinds import KeyKind
from uplift.sidekiq.keys.names_of_sidekiq import NamesOfSidekiq
from uplift.sidekiq.keys.survey import Survey
from uplift.sidekiq.mover.mover import MoverServers
from uplift.sidekiq.run.connections import named_connection

_SURVEY_SECONDS = 60.0


class Looks:
    """Connections are made when they are needed first, and after `close` again. `names` are where the source's keys are known from, and
    `names_on_target` the target's; `siblings`: other runs whose jobs on either side are in good hands.
    """

    def __init__(
        self,
        servers: MoverServers,
        run: bytes,
        names: NamesOfSidekiq,
        names_on_target: NamesOfSidekiq,
        siblings: frozenset[bytes] = frozenset(),
    ) -> None:
        self.survey: Survey | None = None
        self._servers, self._runs, self._names, self._names_on_target = servers, siblings | {run}, names, names_on_target
        self._source: Connection | None = None
        self._target: Connection | None = None
        self._surveyed_at = 0.0

    @property
    def source(self) -> Connection:
        """Raises SourceUnreachable."""
        if self._source is None:
            self._source = named_connection(self._servers.source, self._servers.database)
        return self._source

    @property
    def target(self) -> Connection:
        """Raises SourceUnreachable."""
        if self._target is None:
            self._target = named_connection(self._servers.target, self._servers.database)
        return self._target

    def old_side(self) -> OldSide:
        """As it is now."""
        return read_old_side(self.source)

    def new_side(self, queues: frozenset[bytes]) -> NewSide:
        """As it is now; `queues`: names of the old side's."""
        return read_new_side(self.target, queues)

    def are_there(self, identities: list[bytes]) -> dict[bytes, bool]:
        """By identity, whether its heartbeat is there."""
        answers = self.source.call_all([pack("EXISTS", identity) for identity in identities]) if identities else []
        return {identity: answer == 1 for identity, answer in zip(identities, answers, strict=True)}

    def survey_if_due(self, now: float) -> Iterator[None]:
        """Look at every key, a page a piece, where the latest look is more than a minute ago. Raises HandoverRefused by what is found."""
        if self.survey is not None and now - self._surveyed_at < _SURVEY_SECONDS:
            return
        surveying = self._names.surveying(self.source)
        while (found := surveying.step()) is None:
            yield
        refuse_what_is_not_understood(found)
        refuse_other_runs(found.of(KeyKind.HANDOVER), self._runs, "the source")
        refuse_other_runs(self._names_on_target.beginning_with(self.target, HANDOVER_PREFIX), self._runs, "the target")
        for name, connection in (("the source", self.source), ("the target", self.target)):
            refuse_server(name, read_server_facts(connection))
        self.survey, self._surveyed_at = found, now

    def forget_survey(self) -> None:
        """The next round begins with a new one."""
        self.survey = None

    def lock_names(self) -> tuple[bytes, ...]:
        """The names of all unique locks there are now. Raises what Connection.call raises."""
        return self._names.beginning_with(self.source, LOCK_PREFIX)

    def close(self) -> None:
        """Safe to call twice."""
        for connection in (self._source, self._target):
            if connection is not None:
                connection.close()
        self._source = self._target = None
